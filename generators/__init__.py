"""Pure code, rows in and rows out: reading raw datasets, describing people, asking questions, drawing the sample."""
