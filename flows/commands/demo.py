"""`reidforge demo`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json


def demo(
    out: Annotated[Path, typer.Option("--out", help="Where everything goes.")] = Path("demo"),
    size: Annotated[str, typer.Option("--size", help="`demo`, or `tiny` for a smoke test.")] = "demo",
    seed: Annotated[int, typer.Option("--seed", help="Every draw depends on it.")] = 7,
    as_json: Json = False,
) -> None:
    """Draw sample raw datasets, build, publish, pull, train, evaluate and report; about six minutes on two cores."""
    from flows.demo import demo as flow
    from flows.demo import in_words
    from flows.orchestrate import run_flow

    found = run_flow(flow, 2, out=str(out), size=size, seed=seed, quiet=as_json)
    typer.echo(json.dumps(found, sort_keys=True) if as_json else in_words(found))


COMMAND = demo
