"""Describing a source: who is asked for what, and how answers become rows."""
