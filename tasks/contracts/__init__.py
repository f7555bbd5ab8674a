"""ODCS contracts compiled to Great Expectations and to structural checks."""
