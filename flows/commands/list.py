"""`reidforge list`."""

from typing import Annotated

import typer

from flows.commanding import Json, printed


def list_(
    what: Annotated[str, typer.Argument(help="sources, questions, gates, protocols, miners, backends or recipes.")],
    as_json: Json = False,
) -> None:
    """List what there is of a kind, with one line of facts each."""
    from flows.listing import listing

    printed(listing(what), as_json)


COMMAND = list_
