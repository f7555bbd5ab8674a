"""Publish the newest build of a recipe to a remote, without touching raw data again."""

from pathlib import Path
from typing import Any

from flows.build import last_build
from flows.orchestrate import as_flow
from flows.reporter import Reporter
from flows.runner import PlainRunner, PrefectRunner, Runner
from tasks.publish import publish as publish_task


def publish_last(name: str, store: Path, remote: Path, run: Runner) -> Any:
    """The newest build of the recipe `name`, published. Raises GateFailed when an error gate refused it."""
    recipe, ingests, staged, validated = last_build(store, name)
    return run.call(publish_task, store, recipe, staged, validated, ingests, remote)


@as_flow
def publish(name: str, store: str, remote: str, quiet: bool = False) -> Any:
    """Publish the newest build of a recipe."""
    return publish_last(name, Path(store), Path(remote), PrefectRunner(Reporter(quiet)))


def publish_plain(name: str, store: Path, remote: Path, reporter: Reporter) -> Any:
    """The same without an orchestrator."""
    return publish_last(name, store, remote, PlainRunner(1, reporter))
