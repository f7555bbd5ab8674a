"""`reidforge report`."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    version: Annotated[Path, typer.Argument(help="A version folder.")],
    out: Annotated[Path, typer.Option("--out", help="The HTML file.")] = Path("report.html"),
    checkpoint: Annotated[Path | None, typer.Option("--checkpoint", help="A folder that `train` wrote.")] = None,
    evaluation: Annotated[Path | None, typer.Option("--evaluation", help="A folder that `evaluate` wrote.")] = None,
) -> None:
    """Write the report of a version: an HTML page and, beside it, one per question family. They need no network."""
    from tasks.report.page import write_report

    typer.echo(write_report(version, checkpoint, evaluation, out))


COMMAND = report
