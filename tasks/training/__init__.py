"""Models, collation and the three training stages."""
