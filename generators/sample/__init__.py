"""Synthetic pedestrians and the raw layouts they are drawn into."""
