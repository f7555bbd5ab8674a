"""Evaluate a checkpoint under the official protocols of a version, baselines and intervals beside every figure."""

from pathlib import Path
from typing import Any

from flows.orchestrate import as_flow
from flows.reporter import Reporter
from flows.runner import PlainRunner, PrefectRunner, Runner
from schemas.recipe import Evaluate
from tasks.evaluate import evaluate as evaluate_task


def evaluate_protocols(version: Path, checkpoint: Path | None, settings: Evaluate, out: Path, run: Runner) -> Any:
    """The folder with results.parquet, curves.json and summary.json."""
    with run.reporter.progress("evaluate") as on_progress:
        return run.call(evaluate_task, version, checkpoint, settings, out, on_progress)


@as_flow
def evaluate(version: str, checkpoint: str | None, out: str, rerank_top: int = 10, quiet: bool = False) -> Any:
    """Evaluate on a version folder; without a checkpoint only the baselines are scored."""
    settings = Evaluate(rerank_top=rerank_top)
    run = PrefectRunner(Reporter(quiet))
    return evaluate_protocols(Path(version), Path(checkpoint) if checkpoint else None, settings, Path(out), run)


def evaluate_plain(version: Path, checkpoint: Path | None, settings: Evaluate, out: Path, reporter: Reporter) -> Any:
    """The same without an orchestrator."""
    return evaluate_protocols(version, checkpoint, settings, out, PlainRunner(1, reporter))
