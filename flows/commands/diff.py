"""`reidforge diff`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json


def diff(
    old: Annotated[str, typer.Argument(help="A version folder, or a reference such as hpt@1.1.0.")],
    new: Annotated[str, typer.Argument(help="The same of the newer version.")],
    remote: Annotated[str | None, typer.Option("--from", help="The folder or URL of references.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page with pictures.")] = None,
    show: Annotated[int, typer.Option("--show", min=0, help="How many examples of each kind.")] = 5,
    as_json: Json = False,
) -> None:
    """Say what changed between two versions: identities, pictures, captions, answers, attributes, and why."""
    from tasks.report.diff_page import write_diff_page
    from tasks.versions.diff.comparing import compare
    from tasks.versions.diff.words import in_words
    from tasks.versions.opening import opened

    with opened(old, remote) as before, opened(new, remote) as after:
        found = compare(before, after)
        typer.echo(json.dumps(found.as_json(), sort_keys=True) if as_json else in_words(found, show))
        if html:
            typer.echo(write_diff_page(found, before, after, html), err=True)


COMMAND = diff
