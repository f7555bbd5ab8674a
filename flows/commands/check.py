"""`reidforge check`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json

Form = StrEnum("Form", ["text", "json", "junit", "github", "sarif"])


def check(
    target: Annotated[str, typer.Argument(help="A version folder, a reference such as hpt@1.1.0, or a Parquet file.")],
    against: Annotated[
        str | None, typer.Option("--against", help="An older version: refuse a version step that is too small.")
    ] = None,
    contract: Annotated[
        Path | None, typer.Option("--contract", help="Hold a table against this contract (<table>.odcs.yaml).")
    ] = None,
    remote: Annotated[str | None, typer.Option("--from", help="The folder or URL of references.")] = None,
    form: Annotated[Form, typer.Option("--format", help="How to report.")] = Form["text"],
    gates: Annotated[bool, typer.Option("--gates", help="Run the gates again, not only the structural part.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Everything: gates, Great Expectations, digests of content.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check digests, contracts and gates of a version or a file; one line per broken promise."""
    from tasks.checking.forms import render
    from tasks.steps.check import check as checked

    report = checked(target, "deep" if deep else "gates" if gates else "structure", against, contract, remote)
    typer.echo(render(report, "json" if as_json else form.value, target))
    if not report.ok:
        raise typer.Exit(1)


COMMAND = check
