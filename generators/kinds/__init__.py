"""Kinds of generation: one file per thing that is asked of a model, with its prompts beside it."""
