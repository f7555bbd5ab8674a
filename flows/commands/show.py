"""`reidforge show`."""

from pathlib import Path
from typing import Annotated

import typer


def show(
    version: Annotated[Path, typer.Argument(help="A version folder.")],
    out: Annotated[Path, typer.Option("--out", help="The picture, a JPEG.")] = Path("people.jpg"),
    n: Annotated[int, typer.Option("--n", min=1, max=400)] = 48,
) -> None:
    """Draw a contact sheet of a version's people."""
    from tasks.report.contact_sheet import contact_sheet
    from tasks.versions.reader import VersionFolder

    out.write_bytes(contact_sheet(VersionFolder(version), n=n))
    typer.echo(out)


COMMAND = show
