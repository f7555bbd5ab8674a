"""Train a model on a pulled version, stages 1, 2, 3 in order, each from the last checkpoint."""

from pathlib import Path
from typing import Any

from flows.orchestrate import as_flow
from flows.reporter import Reporter
from flows.runner import PlainRunner, PrefectRunner, Runner
from schemas.recipe import Train
from tasks.train import train as train_task


def train_stages(version: Path, out: Path, settings: Train, run: Runner) -> Any:
    """The checkpoint folder of the last stage; a run that was stopped goes on where it was."""
    with run.reporter.progress("train") as on_progress:
        return run.call(train_task, version, out, settings, (1, 2, 3), True, on_progress)


@as_flow
def train(version: str, out: str, model: str = "tiny", effort: float = 1.0, seed: int = 7, quiet: bool = False) -> Any:
    """Train on a version folder."""
    settings = Train(model=model, effort=effort, seed=seed)
    return train_stages(Path(version), Path(out), settings, PrefectRunner(Reporter(quiet)))


def train_plain(version: Path, out: Path, settings: Train, reporter: Reporter) -> Any:
    """The same without an orchestrator."""
    return train_stages(version, out, settings, PlainRunner(1, reporter))
