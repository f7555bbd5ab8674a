"""Build a version: raw folders to a staged, checked version folder, and publish it when its gates allow."""

from pathlib import Path
from typing import Any

from flows.artifacts import show_build
from flows.asking import Asking
from flows.orchestrate import as_flow
from flows.order import build_and_publish
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PrefectRunner


@as_flow
def build(
    recipe: str,
    raw: str,
    store: str = "store",
    remote: str | None = None,
    quiet: bool = False,
    budget: str | None = None,
    prices: str | None = None,
    replay: bool = False,
) -> Any:
    """Raw folders to a published version. `recipe` is a name of flows/recipes or a path to a YAML file.

    Models are asked up to `budget` (2.50, '200000 tokens', '500 requests') by a table of `prices`, or with `replay` not
    at all.
    """
    run = PrefectRunner(Reporter(quiet))
    how = Asking(budget, Path(prices) if prices else None, replay)
    built, published = build_and_publish(find_recipe(recipe), Path(raw), Path(store), remote, run, how)
    show_build(built)
    return built, published
