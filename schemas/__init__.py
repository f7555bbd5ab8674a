"""Every value that crosses a room: tables, rows, vocabulary, answer grammar, declarations, errors."""
