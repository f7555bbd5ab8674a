"""`reidforge train`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, printed
from flows.reporter import Reporter


def train(
    version: Annotated[Path, typer.Argument(help="A pulled version folder.")],
    out: Annotated[Path, typer.Option("--out", help="Where checkpoints go; a stopped run goes on from there.")],
    model: Annotated[str, typer.Option("--model", help="`tiny`, or a folder or hub id of a Qwen-VL model.")] = "tiny",
    effort: Annotated[float, typer.Option("--effort", help="Scales the number of steps.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Every draw depends on it.")] = 7,
    as_json: Json = False,
) -> None:
    """Train stages 1, 2, 3 in order; the checkpoint names the version it was trained on."""
    from flows.order import train_stages
    from flows.runner import PlainRunner
    from schemas.recipe import Train

    settings = Train(model=model, effort=effort, seed=seed)
    checkpoint = train_stages(version, out, settings, PlainRunner(1, Reporter(as_json)))
    printed({"checkpoint": checkpoint}, as_json)


COMMAND = train
