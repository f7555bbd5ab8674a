"""The HTML report: pages, plots, contact sheets."""
