"""`reidforge gc`."""

from typing import Annotated

import typer

from flows.commanding import Json, printed


def gc(
    remote: Annotated[str, typer.Argument(help="The folder or URL that versions are published to.")],
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without it, only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """List what no reference of a remote needs any more, and delete it when asked.

    Run it while nobody publishes there: what a publisher has sent but not yet referred to counts as unneeded.
    """
    from pathlib import Path

    from schemas.errors import UnknownVersion
    from tasks.versions.remote import open_remote

    place = open_remote(remote)
    if not place.holdings() and not Path(remote).is_dir():
        raise UnknownVersion(
            f"nothing is published under {remote!r}; name the folder or URL that versions are published to"
        )
    found: dict[str, int] = {}
    for name in place.holdings():
        found |= place.sweep(name) if delete else place.garbage(name)
    printed({**found, "bytes": sum(found.values()), "deleted": delete}, as_json)


COMMAND = gc
