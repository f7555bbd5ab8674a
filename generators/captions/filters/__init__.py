"""Filters of texts about persons: one file per fault."""
