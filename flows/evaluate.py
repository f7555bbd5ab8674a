"""Evaluate a checkpoint under the official protocols of a version, baselines and intervals beside every figure."""

from pathlib import Path
from typing import Any

from flows.orchestrate import as_flow
from flows.order import evaluate_protocols
from flows.reporter import Reporter
from flows.runner import PrefectRunner
from schemas.recipe import Evaluate


@as_flow
def evaluate(version: str, checkpoint: str | None, out: str, rerank_top: int = 10, quiet: bool = False) -> Any:
    """Evaluate on a version folder; without a checkpoint only the baselines are scored."""
    settings = Evaluate(rerank_top=rerank_top)
    run = PrefectRunner(Reporter(quiet))
    return evaluate_protocols(Path(version), Path(checkpoint) if checkpoint else None, settings, Path(out), run)
