"""One file per way to get text from a model; the file name is the backend's public name."""
