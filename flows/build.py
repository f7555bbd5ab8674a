"""Build a version: raw folders to a staged, checked version folder, and publish it when its gates allow."""

from pathlib import Path
from typing import Any

from flows.artifacts import show_build
from flows.orchestrate import as_flow
from flows.order import build_and_publish
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PrefectRunner


@as_flow
def build(recipe: str, raw: str, store: str = "store", remote: str | None = None, quiet: bool = False) -> Any:
    """Raw folders to a published version. `recipe` is a name of flows/recipes or a path to a YAML file."""
    reporter = Reporter(quiet)
    built, published = build_and_publish(find_recipe(recipe), Path(raw), Path(store), remote, PrefectRunner(reporter))
    show_build(built)
    return built, published
