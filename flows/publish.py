"""Publish the newest build of a recipe to a remote, without touching raw data again."""

from pathlib import Path
from typing import Any

from flows.orchestrate import as_flow
from flows.order import publish_last
from flows.reporter import Reporter
from flows.runner import PrefectRunner


@as_flow
def publish(name: str, store: str, remote: str, quiet: bool = False) -> Any:
    """Publish the newest build of a recipe."""
    return publish_last(name, Path(store), remote, PrefectRunner(Reporter(quiet)))
