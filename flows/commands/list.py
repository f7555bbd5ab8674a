"""`reidforge list`."""

from typing import Annotated

import typer

from flows.commanding import Json, printed


def list_(
    what: Annotated[
        str, typer.Argument(help="sources, questions, gates, protocols, miners, backends, exports or recipes.")
    ],
    as_json: Json = False,
) -> None:
    """List what there is of a kind, with its facts; of sources setting, terms, splits and official counts."""
    from flows.listing import listing, source_facts, source_table
    from schemas.discovery import find_all

    if what != "sources":
        printed(listing(what), as_json)
    elif as_json:
        printed({name: source_facts(source) for name, source in find_all("generators.sources", "SOURCE")}, as_json)
    else:
        typer.echo(source_table())


COMMAND = list_
