"""One file per command of `reidforge`; the file name is the command's name, COMMAND the function or a group of them."""
