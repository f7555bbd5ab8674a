"""`reidforge check`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json


def check(
    folder: Annotated[Path, typer.Argument(help="A version folder.")],
    deep: Annotated[bool, typer.Option("--deep", help="Also run the Great Expectations suites.")] = False,
    as_json: Json = False,
) -> None:
    """Check a version folder against its contracts, gates and digests; one line per broken promise."""
    from tasks.steps.validate import check_folder

    report = check_folder(folder, deep)
    typer.echo(report.to_json() if as_json else "\n".join(report.lines))
    if not report.ok:
        raise typer.Exit(1)


COMMAND = check
