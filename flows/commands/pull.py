"""`reidforge pull`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, printed
from flows.reporter import Reporter


def pull(
    reference: Annotated[str, typer.Argument(help="name@1.2.0, name@latest or name@sha256:<digest>.")],
    remote: Annotated[Path, typer.Option("--from", help="The remote it was published to.")],
    to: Annotated[Path, typer.Option("--to", help="The folder the version becomes.")],
    as_json: Json = False,
) -> None:
    """Copy a published version here; every byte is verified, and reidforge.lock says what it is."""
    from tasks.steps.pull import pull as work

    with Reporter(as_json).step("pull") as close:
        folder = work(remote, reference, to)
        close(str(folder))
    printed({"folder": folder}, as_json)


COMMAND = pull
