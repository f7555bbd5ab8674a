"""One file per check that can block a version."""
