"""One file per benchmark protocol."""
