"""`python -m flows` is the `reidforge` command."""

from flows.cli import main

main()
