"""Recipes: the YAML that defines a dataset version."""
