"""The order of the steps of a build, as plain functions over a runner: nothing here loads Prefect."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.asking import AS_NEEDED, Asking, ask_models
from flows.lineage import observed
from flows.runner import Runner
from schemas.discovery import find_all
from schemas.errors import BadRecipe, UnknownVersion
from schemas.recipe import Evaluate, Recipe, Train
from tasks.steps.parts import SourceParts
from tasks.steps.pools import forget_pools, people_laid_out
from tasks.steps.store import StepOutput, load_step, write_record

if TYPE_CHECKING:
    from tasks.steps.publish import Published


WORTH_PROCESSES = 100_000
"""Rows still to be composed from which on every family gets a process of its own."""


@dataclass(frozen=True, slots=True)
class Built:
    """A staged and checked version: the outputs of its steps."""

    recipe: Recipe
    ingests: Sequence[StepOutput]
    parts: Sequence[SourceParts]
    linked: StepOutput
    composed: Mapping[str, StepOutput]
    benchmarked: StepOutput
    staged: StepOutput
    validated: StepOutput

    @property
    def steps(self) -> list[StepOutput]:
        """Every step of the build: those of each source, then those over all sources in their order."""
        per_source = [step for part in self.parts for step in (part.ingested, part.described, part.mined)]
        return [*per_source, self.linked, *self.composed.values(), self.benchmarked, self.staged, self.validated]


def build_version(recipe: Recipe, raw: Path, store: Path, run: Runner, how: Asking = AS_NEEDED) -> Built:
    """The build, as a table of contents; each line is a step that is skipped when nothing it depends on changed."""
    chosen = [(store, choice.name, raw, choice.root, choice.accept_withdrawn) for choice in recipe.sources]
    ingests = run.map("ingest", chosen)
    linked = run.call("link", store, ingests, recipe.link)
    ask_models(store, ingests, recipe, how, run)
    asked = bool(recipe.describe.models)
    described = run.map("describe", [(store, done, recipe.describe, recipe.seed, False, asked) for done in ingests])
    mined = run.map("mine", [(store, done, recipe.mine) for done in ingests])
    parts = [SourceParts(*three) for three in zip(ingests, described, mined, strict=True)]
    composed = compose_all(run, store, parts, recipe, linked)
    _refuse_nothing(recipe, composed)
    benchmarked = run.call("benchmark", store, ingests, described, protocol_names(recipe))
    staged = run.call("stage", store, recipe, parts, linked, composed, benchmarked)
    validated = run.call("validate", store, staged, recipe)
    built = Built(recipe, ingests, parts, linked, composed, benchmarked, staged, validated)
    _remember(store, built)
    return built


def compose_all(
    run: Runner, store: Path, parts: Sequence[SourceParts], recipe: Recipe, linked: StepOutput
) -> dict[str, StepOutput]:
    """The rows of every family, by family; a million new rows and more are composed in processes of their own."""
    families = sorted(recipe.families)
    calls = [(store, parts, recipe, family, linked) for family in families]
    left = _left_for_processes(store, parts, recipe, linked)
    if left:
        with people_laid_out(store, parts, recipe, linked, left) as people:
            found = run.map("compose", [(*call, people) for call in calls])
    else:
        found = run.map("compose", calls)
    forget_pools()
    return dict(zip(families, found, strict=True))


def _left_for_processes(store: Path, parts: Sequence[SourceParts], recipe: Recipe, linked: StepOutput) -> list[str]:
    """The families that are still to be composed; none when they have too few rows for processes."""
    from tasks.steps.compose import is_composed

    left = sorted(recipe.families)
    if _total(recipe, left) >= WORTH_PROCESSES:
        left = [family for family in left if not is_composed(store, parts, recipe, family, linked)]
    return left if _total(recipe, left) >= WORTH_PROCESSES else []


def _total(recipe: Recipe, families: Sequence[str]) -> int:
    return sum(sum(recipe.families[family].rows.values()) for family in families)


def _refuse_nothing(recipe: Recipe, composed: Mapping[str, StepOutput]) -> None:
    """Raises BadRecipe, with the reason of every family, when the sources answer none of what a recipe asks."""
    if not any(sum(step.facts["rows"].values()) for step in composed.values()):
        raise BadRecipe(
            f"No question of {recipe.name}@{recipe.version} could be made from its sources, so there is nothing to "
            "publish. Ask for families that need no more than these labels and pictures (docs/questions.md), or add "
            "sources, captions or attributes.",
            _unfilled(composed),
        )


def _unfilled(composed: Mapping[str, StepOutput]) -> list[str]:
    """The cells that got fewer rows than the recipe asks, in words."""
    return [
        f"{family} {short['split']}: {short['filled']} of {short['wanted']} rows, because {short['reason']}"
        for family, step in composed.items()
        for short in step.facts["shortfalls"]
    ]


def protocol_names(recipe: Recipe) -> list[str]:
    """The protocols a recipe asks for; without a wish, every protocol of its sources."""
    sources = {choice.name for choice in recipe.sources}
    return list(recipe.evaluate.protocols) or [
        name
        for name, protocol in find_all("tasks.protocols", "PROTOCOL")
        if protocol.by_default and protocol.source in sources
    ]


def _remember(store: Path, built: Built) -> None:
    """Note which steps the newest build of a recipe used, so that `publish` can be run later without raw data."""
    steps = {
        "ingests": [_place(store, step) for step in built.ingests],
        "staged": _place(store, built.staged),
        "validated": _place(store, built.validated),
    }
    write_record(store / "builds" / f"{built.recipe.name}.json", {"recipe": built.recipe.model_dump(), "steps": steps})


def _place(store: Path, step: StepOutput) -> str:
    return step.folder.relative_to(store).as_posix()


def last_build(store: Path, name: str) -> tuple[Recipe, list[StepOutput], StepOutput, StepOutput]:
    """The newest build of a recipe: recipe, ingests, staged, validated. Raises UnknownVersion when there is none."""
    path = store / "builds" / f"{name}.json"
    if not path.is_file():
        built = ", ".join(sorted(each.stem for each in (store / "builds").glob("*.json"))) or "nothing"
        raise UnknownVersion(f"The store {str(store)!r} holds no build of {name!r}; built there: {built}.")
    record = json.loads(path.read_bytes())
    ingests = [load_step(store / place) for place in record["steps"]["ingests"]]
    staged, validated = (load_step(store / record["steps"][which]) for which in ("staged", "validated"))
    return Recipe.model_validate(record["recipe"]), ingests, staged, validated


def build_and_publish(
    recipe: Recipe, raw: Path, store: Path, remote: str | Path | None, run: Runner, how: Asking = AS_NEEDED
) -> tuple[Built, "Published | None"]:
    """Build, then publish to a remote when one is given."""
    with observed(run, recipe) as runner:
        built = build_version(recipe, raw, store, runner, how)
        if remote is None:
            return built, None
        published = runner.call("publish", store, recipe, built.staged, built.validated, built.ingests, remote)
        return built, published


def publish_last(name: str, store: Path, remote: str | Path, run: Runner, share: bool = False) -> "Published":
    """The newest build of the recipe `name`, published. Raises GateFailed when an error gate refused it."""
    recipe, ingests, staged, validated = last_build(store, name)
    with observed(run, recipe) as runner:
        published: Published = runner.call("publish", store, recipe, staged, validated, ingests, remote, share)
    return published


def build_summary(built: Built, published: "Published | None") -> dict[str, Any]:
    """What a build made, in a few plain facts: version, counts, cells that could not be filled, gates."""
    verdicts = json.loads((built.validated.folder / "gates.json").read_bytes())
    held_back = [f"{v['name']} ({v['severity']})" for v in verdicts if not v["passed"]]
    return {
        "version": f"{built.recipe.name}@{built.recipe.version}",
        "digest": published.digest if published else "not published",
        "folder": published.place if published else str(built.staged.folder),
        "images": sum(step.facts["counts"]["images"] for step in built.ingests),
        "rejects": sum(
            part.facts["counts"]["rejects"] for each in built.parts for part in (each.ingested, each.described)
        ),
        **_asked(built.staged),
        "rows": sum(sum(step.facts["rows"].values()) for step in built.composed.values()),
        "unfilled": "; ".join(_unfilled(built.composed)) or "none",
        "gates": f"{len(verdicts) - len(held_back)} of {len(verdicts)} passed"
        + (f", not: {', '.join(held_back)}" if held_back else ""),
    }


def _asked(staged: StepOutput) -> dict[str, str]:
    """What models were asked for this version, in one line; nothing where only rules spoke."""
    asked = [each for each in staged.facts.get("asked", []) if each["backend"] != "grammar"]
    if not asked:
        return {}
    requests, answered = (sum(each[name] for each in asked) for name in ("requests", "answered"))
    tokens = sum(each["prompt_tokens"] + each["completion_tokens"] for each in asked)
    return {"asked": f"{requests:,} requests, {answered:,} answered, {tokens:,} tokens"}


def train_stages(version: Path, out: Path, settings: Train, run: Runner) -> Path:
    """The checkpoint folder of the last stage; a run that was stopped goes on where it was."""
    with run.reporter.progress("train") as on_progress:
        checkpoint: Path = run.call("train", version, out, settings, (1, 2, 3), True, on_progress)
    return checkpoint


def evaluate_protocols(version: Path, checkpoint: Path | None, settings: Evaluate, out: Path, run: Runner) -> Path:
    """The folder with results.parquet, curves.json and summary.json."""
    with run.reporter.progress("evaluate") as on_progress:
        folder: Path = run.call("evaluate", version, checkpoint, settings, out, on_progress)
    return folder
