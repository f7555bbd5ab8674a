"""Train a model on a pulled version: stages 1, 2, 3 in order, each from the last checkpoint.

    checkpoint = train(Path("versions/hpt"), Path("run"), Train(model="tiny", seed=7))

`out` then holds stage0 (the warmed-up tower of the tiny model), stage1, stage2, stage3, each with checkpoint.json and
metrics.json, and losses.json. A run that was stopped goes on where it was; a finished one is not repeated.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from schemas.errors import MissingExtra, NotWritable, WrongUse
from schemas.recipe import Train
from tasks.training.keep import OnProgress
from tasks.training.plan import plan_of
from tasks.training.reading import read_split, version_digest
from tasks.versions.reader import VersionFolder

STAGES = (1, 2, 3)


def train(
    version: Path,
    out: Path,
    settings: Train,
    stages: Sequence[int] = STAGES,
    resume: bool = True,
    on_progress: OnProgress | None = None,
) -> Path:
    """Train on a version folder; returns the checkpoint folder of the last stage.

    Shares of families inside a batch come from the settings, else from the version's recipe.
    Raises WrongUse for a folder without a manifest, for stages that do not start at 1, and for an `out` that holds
    another run; MissingExtra without torch; NotWritable.
    """
    _check(stages, out)
    folder = VersionFolder(version)
    digest = version_digest(folder)
    settings = settings if settings.shares else settings.model_copy(update={"shares": stated_shares(folder)})
    report = on_progress or (lambda done, total, note: None)
    if settings.model != "tiny":
        from tasks.training.adapter import train_adapter

        return train_adapter(folder, out, settings, tuple(stages), digest, report)
    from tasks.training.measure import measure_on
    from tasks.training.run import Run

    data = read_split(folder, "train", STAGES, digest)
    identity = {"version": digest, "settings": settings.model_dump(mode="json"), "stages": list(stages)}
    run = Run(data, out, plan_of(settings), identity, on_progress=report, measure=measure_on(folder))
    return run.train(stages, resume)


def stated_shares(folder: VersionFolder) -> dict[int, dict[str, float]]:
    """The shares of families per stage that the recipe of a version states; none where it states none."""
    return Train.model_validate({"shares": folder.manifest.recipe.get("train", {}).get("shares", {})}).shares


def _check(stages: Sequence[int], out: Path) -> None:
    if list(stages) != list(STAGES[: len(stages)]) or not stages:
        raise WrongUse(f"Stages are trained in order from 1, each on the last: {list(stages)!r} is not such a list.")
    if not all(find_spec(name) for name in ("torch", "transformers", "tokenizers", "safetensors")):
        raise MissingExtra.of("Training", "train")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(f"The folder {str(out)!r} cannot be written ({error.strerror}): name another.") from error
