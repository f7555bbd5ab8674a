"""Exact retrieval metrics, scorers and baselines."""
