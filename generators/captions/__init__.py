"""Words about people: phrase banks, styles, and what may be said."""
