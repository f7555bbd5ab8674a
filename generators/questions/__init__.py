"""One file per question family, its wording beside it."""
