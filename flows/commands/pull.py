"""`reidforge pull`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, printed
from flows.reporter import Reporter


def pull(
    reference: Annotated[
        str,
        typer.Argument(help="name@1.2.0, name@latest, name@sha256:<digest>, or one of these after a URL or folder."),
    ],
    to: Annotated[Path, typer.Option("--to", help="The folder the version becomes.")],
    remote: Annotated[
        str | None, typer.Option("--from", help="The folder or URL it was published to, if the reference names none.")
    ] = None,
    stage: Annotated[
        list[int] | None, typer.Option("--stage", min=1, max=3, help="Only this stage; repeatable.")
    ] = None,
    split: Annotated[list[str] | None, typer.Option("--split", help="Only this split; repeatable.")] = None,
    source: Annotated[list[str] | None, typer.Option("--source", help="Only this source's tables; repeatable.")] = None,
    join: Annotated[
        Path | None,
        typer.Option("--join", help="Your raw datasets: puts back the pictures that a shared version leaves out."),
    ] = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Only the version that reidforge.lock pins; for CI.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy a published version here; every byte is verified, and reidforge.lock says what it is."""
    from tasks.steps.pull import pull as work
    from tasks.versions.reference import located
    from tasks.versions.selecting import Selection

    place, named = located(reference, remote)
    wanted = Selection(stages=tuple(stage or ()), splits=tuple(split or ()), sources=tuple(source or ()))
    with Reporter(as_json).step("pull") as close:
        folder = work(place, named, to, selection=wanted, frozen=frozen, join=join)
        close(str(folder))
    printed({"folder": folder}, as_json)


COMMAND = pull
