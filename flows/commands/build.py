"""`reidforge build`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, Plain, Prices, Raw, Store, To, Workers, printed
from flows.reporter import Reporter


def build(
    recipe: Annotated[str, typer.Argument(help="A recipe's name (see `reidforge list recipes`) or a YAML file.")],
    raw: Raw,
    store: Store = Path("store"),
    to: To = None,
    publish_it: Annotated[bool, typer.Option("--publish/--no-publish", help="Publish when the gates allow.")] = True,
    budget: Annotated[
        str | None, typer.Option("--budget", help="Stop asking models at 2.50, '200000 tokens' or '500 requests'.")
    ] = None,
    prices: Prices = None,
    replay: Annotated[bool, typer.Option("--replay", help="Take models' answers from the store alone.")] = False,
    plain: Plain = False,
    workers: Workers = 2,
    as_json: Json = False,
) -> None:
    """Turn raw folders into a checked version and publish it. Steps whose inputs did not change are skipped.

    Example: reidforge build market1501 --raw ~/reid --store ./store
    """
    from flows.asking import Asking
    from flows.order import build_and_publish, build_summary
    from flows.recipes import find_recipe
    from flows.runner import PlainRunner

    chosen = find_recipe(recipe)
    remote = (to or str(store / "published")) if publish_it else None
    if plain:
        run = PlainRunner(workers, Reporter(as_json))
        done = build_and_publish(chosen, raw, store, remote, run, Asking(budget, prices, replay))
    else:
        from flows.build import build as flow
        from flows.orchestrate import run_flow

        names = {"recipe": recipe, "raw": str(raw), "store": str(store), "remote": remote}
        names |= {"budget": budget, "prices": str(prices) if prices else None}
        done = run_flow(flow, workers, **names, replay=replay, quiet=as_json)
    printed(build_summary(*done), as_json)


COMMAND = build
