"""The command line: every file of `flows/commands/` is one command, or a group of them.

Exit codes: 0 done, 1 a promise is broken, 2 wrong use, 3 the environment is at fault; 130 when told to stop.
Progress goes to stderr, results to stdout; `--json` prints one JSON object instead of words.
"""

from typing import Any

import typer

from flows.commanding import guarded
from flows.stopping import end_when_told, leave_within
from schemas.discovery import find_all

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Raw person Re-ID datasets to versioned instruction datasets, trained and evaluated.",
)


def _register(name: str, command: Any) -> None:
    """A function becomes a command; a typer.Typer a group, each command of which is guarded likewise."""
    if not isinstance(command, typer.Typer):
        app.command(name)(guarded(command))
        return
    for entry in command.registered_commands:
        if entry.callback is not None:
            entry.callback = guarded(entry.callback)
    app.add_typer(command, name=name)


for _name, _command in find_all("flows.commands", "COMMAND"):
    _register(_name.replace("_", "-"), _command)


def main() -> None:
    """The entry point of the `reidforge` command."""
    end_when_told()
    try:
        app()
    except SystemExit as end:
        leave_within(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
