"""`reidforge gc`."""

from typing import Annotated

import typer

from flows.commanding import Json, printed


def gc(
    place: Annotated[
        str | None, typer.Argument(metavar="REMOTE", help="The folder or URL that versions are published to.")
    ] = None,
    remote: Annotated[str | None, typer.Option("--from", help="The same, as the other commands name it.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without it, only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """List what no reference of a remote needs any more, and delete it when asked.

    Run it while nobody publishes there: what a publisher has sent but not yet referred to counts as unneeded.
    """
    from pathlib import Path

    from schemas.errors import UnknownVersion
    from tasks.versions.remote import open_remote

    named = _only(place, remote)
    opened = open_remote(named)
    names = opened.holdings()
    if not names and not Path(named).is_dir():
        raise UnknownVersion(
            f"Nothing is published under {named!r}: name the folder or URL that versions are published to."
        )
    found: dict[str, int] = {}
    for name in names:
        found |= opened.sweep(name) if delete else opened.garbage(name)
    printed({**found, "bytes": sum(found.values()), "deleted": delete}, as_json)


def _only(place: str | None, remote: str | None) -> str:
    """The one remote that was named, by argument or by option. Raises WrongUse for none and for two."""
    from schemas.errors import WrongUse

    match [each for each in (place, remote) if each]:
        case [named]:
            return named
        case []:
            raise WrongUse("Say which remote to look through: `reidforge gc REMOTE`, or `reidforge gc --from REMOTE`.")
        case _:
            raise WrongUse(f"Name the remote once: {place!r} or --from {remote!r}.")


COMMAND = gc
