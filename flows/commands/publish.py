"""`reidforge publish`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, Store, To, printed
from flows.reporter import Reporter


def publish(
    recipe: Annotated[
        str, typer.Argument(help="The name, or the YAML file, of a recipe that was built in this store.")
    ],
    store: Store = Path("store"),
    to: To = None,
    share: Annotated[
        bool,
        typer.Option(
            "--share", help="Leave out pictures that may not be passed on, as a URL does: for a folder others read."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Publish the newest build of a recipe; raw data is not needed."""
    from flows.order import publish_last
    from flows.recipes import find_recipe
    from flows.runner import PlainRunner

    name = find_recipe(recipe).name if Path(recipe).is_file() else recipe
    done = publish_last(name, store, to or str(store / "published"), PlainRunner(1, Reporter(as_json)), share)
    found = {"version": f"{done.name}@{done.version}", "digest": done.digest, "folder": done.place}
    withheld = {"withheld": f"pictures of {', '.join(done.withheld)}; `pull --join RAW` puts them back"}
    printed(found | (withheld if done.withheld else {}), as_json)


COMMAND = publish
