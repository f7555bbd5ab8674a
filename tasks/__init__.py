"""Units of work: files in, files out, safe to run twice."""
