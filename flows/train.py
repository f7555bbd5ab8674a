"""Train a model on a pulled version, stages 1, 2, 3 in order, each from the last checkpoint."""

from pathlib import Path
from typing import Any

from flows.orchestrate import as_flow
from flows.order import train_stages
from flows.reporter import Reporter
from flows.runner import PrefectRunner
from schemas.recipe import Train


@as_flow
def train(version: str, out: str, model: str = "tiny", effort: float = 1.0, seed: int = 7, quiet: bool = False) -> Any:
    """Train on a version folder."""
    settings = Train(model=model, effort=effort, seed=seed)
    return train_stages(Path(version), Path(out), settings, PrefectRunner(Reporter(quiet)))
