"""A build in a process of its own, for a test that kills it."""

from pathlib import Path

from flows.asking import AS_NEEDED
from flows.order import build_version
from flows.reporter import Reporter
from flows.runner import PlainRunner
from schemas.recipe import Recipe


def build(recipe: str, raw: str, store: str, out: str) -> None:
    """Build a recipe given as JSON, and write the staged version's digest when it is done."""
    runner = PlainRunner(1, Reporter(quiet=True))
    built = build_version(Recipe.model_validate_json(recipe), Path(raw), Path(store), runner, AS_NEEDED)
    Path(out).write_text(built.staged.digest)
