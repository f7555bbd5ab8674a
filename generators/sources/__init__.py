"""One file per raw dataset; the file name is the source's public name."""
