"""`reidforge export`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, printed
from flows.reporter import Reporter


def export(
    version: Annotated[Path, typer.Argument(help="A version folder.")],
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    stage: Annotated[int, typer.Option("--stage", min=1, max=3, help="The HPT stage to export.")] = 2,
    form: Annotated[str, typer.Option("--format", help="See `reidforge list exports`.")] = "parquet",
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "train",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many rows, chosen by id.")] = None,
    as_json: Json = False,
) -> None:
    """Write one stage in the form a trainer eats, images included."""
    from tasks.steps.export import export as work

    with Reporter(as_json).step("export") as close:
        folder = work(version, stage, form, out, split, limit)
        close(str(folder))
    printed({"folder": folder}, as_json)


COMMAND = export
