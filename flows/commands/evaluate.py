"""`reidforge evaluate`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, printed
from flows.reporter import Reporter
from schemas.errors import WrongUse


def evaluate(
    version: Annotated[Path, typer.Argument(help="A pulled version folder.")],
    out: Annotated[Path, typer.Option("--out", help="Where results go.")] = Path("evaluation"),
    checkpoint: Annotated[Path | None, typer.Option("--checkpoint", help="Without one, baselines only.")] = None,
    scores: Annotated[
        Path | None,
        typer.Option("--scores", help="Scores or features: .npy, Parquet, or a folder with query.npy and gallery.npy."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option("--protocol", help="With --scores: the protocol they are for.")
    ] = None,
    rerank_top: Annotated[
        int, typer.Option("--rerank-top", min=1, max=100, help="How many candidates yes/no answers put in a new order.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """Evaluate a checkpoint, or anybody's score matrix, under the official protocols of a version."""
    if bool(scores) != bool(protocol):
        raise WrongUse("--scores and --protocol go together: the scores are read in the order of that protocol.")
    if scores and protocol:
        from tasks.steps.evaluate import evaluate_score_file

        printed(evaluate_score_file(version, protocol, scores), as_json)
        return
    from flows.order import evaluate_protocols
    from flows.runner import PlainRunner
    from schemas.recipe import Evaluate

    run = PlainRunner(1, Reporter(as_json))
    folder = evaluate_protocols(version, checkpoint, Evaluate(rerank_top=rerank_top), out, run)
    summary = json.loads((folder / "summary.json").read_bytes())
    printed(summary if as_json else {"folder": folder}, as_json)


COMMAND = evaluate
