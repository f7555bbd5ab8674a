"""`reidforge show`."""

from pathlib import Path
from typing import Annotated

import typer

_PEOPLE, _ROWS = 48, 12


def show(
    version: Annotated[Path, typer.Argument(help="A version folder.")],
    family: Annotated[str | None, typer.Option("--family", help="Rows of one question family.")] = None,
    stage: Annotated[int | None, typer.Option("--stage", min=1, max=3, help="Rows of one stage.")] = None,
    n: Annotated[int | None, typer.Option("--n", min=1, max=400, help="Images (48) or rows (12).")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="people.jpg, or rows.html; a .png or .jpg of rows is a picture.")
    ] = None,
) -> None:
    """Draw a contact sheet of a version's people, or of its rows: of a family, a stage, or all in an .html file."""
    from tasks.report.show_page import PAGES, write_people, write_rows
    from tasks.versions.reader import VersionFolder

    if family or stage or (out and out.suffix.lower() in PAGES):
        typer.echo(write_rows(VersionFolder(version), family, stage, n or _ROWS, out or Path("rows.html")))
        return
    typer.echo(write_people(VersionFolder(version), n or _PEOPLE, out or Path("people.jpg")))


COMMAND = show
