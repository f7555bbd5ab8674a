"""What a build would ask models: worked out in a shadow of the store, so that nothing of it changes."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.runner import Runner
from generators.asking import kind_of
from schemas.prices import Prices
from schemas.recipe import KindChoice, Recipe
from tasks.generations.batches import Asked
from tasks.generations.images import PackImages
from tasks.generations.plan import Missed, PlanLine, Planner
from tasks.generations.store import GenerationStore
from tasks.steps.store import StepOutput
from tasks.steps.wanted import Wanted, wanted


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What a build would ask: a line per model and kind, every single request, and whether texts may add to them."""

    lines: list[PlanLine]
    missed: list[Missed]
    preprocessing: dict[str, str]
    currency: str
    more_to_come: bool

    def as_facts(self) -> dict[str, Any]:
        """The plan as plain values, for machines."""
        return {
            "lines": [_facts(line) for line in self.lines],
            "requests": sum(line.requests for line in self.lines),
            "cost": _sum([line.estimate.cost if line.estimate else 0.0 for line in self.lines]),
            "seconds": _sum([line.estimate.seconds if line.estimate else 0.0 for line in self.lines]),
            "currency": self.currency,
            "more_to_come": self.more_to_come,
        }


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 4) if len(known) == len(values) else None


def _facts(line: PlanLine) -> dict[str, Any]:
    found = {"model": line.model, "kind": line.kind, "rows": line.rows, "hit": line.hit}
    found |= {"given_up": sum(line.given_up.values()), "given_up_as": dict(sorted(line.given_up.items()))}
    found |= {"missed": dict(sorted(line.missed.items())), "requests": line.requests}
    if line.estimate is not None:
        found["prompt_tokens"] = round(line.estimate.prompt_tokens)
        found["completion_tokens"] = round(line.estimate.completion_tokens)
        found["cost"] = None if line.estimate.cost is None else round(line.estimate.cost, 4)
        found["seconds"] = None if line.estimate.seconds is None else round(line.estimate.seconds, 1)
        found["measured"] = line.estimate.measured
    return found


@contextmanager
def planned(
    recipe: Recipe, raw: Path, store: Path, prices: Prices, run: Runner
) -> Iterator[tuple[BuildPlan, PackImages]]:
    """The plan of a build and the images it would show. The store stays as it is: what must be read of the raw folders
    goes into a shadow that is gone afterwards."""
    with shadow(store) as seen:
        chosen = [(seen, choice.name, raw, choice.root, choice.accept_withdrawn) for choice in recipe.sources]
        ingests: list[StepOutput] = run.map("ingest", chosen)
        with GenerationStore(seen / "generations") as generations:
            found = [each for done in ingests for each in wanted(seen, done, recipe.describe, recipe.seed, generations)]
            yield _plan(found, recipe, prices, generations), PackImages(seen, ingests)


def _plan(found: list[Wanted], recipe: Recipe, prices: Prices, generations: GenerationStore) -> BuildPlan:
    planner = Planner(generations, prices)
    preprocessing: dict[str, str] = {}
    for each in found:
        planner.add(each.model.backend, each.model.choice.preprocessing, each.requests.values(), each.final)
        preprocessing |= dict.fromkeys(each.requests, each.model.choice.preprocessing)
    missed = planner.missed()
    texts = {choice.kind for choice in recipe.describe.kinds if _is_asked_of_texts(choice, recipe)}
    counted = {request.kind for each in found for request in each.requests.values()}
    more = bool(missed and texts and not texts & counted)
    return BuildPlan(planner.lines(), missed, preprocessing, prices.currency, more)


def _is_asked_of_texts(choice: KindChoice, recipe: Recipe) -> bool:
    """Whether models, and not only rules, work on captions for this."""
    models = {model.model or model.backend for model in recipe.describe.models}
    return not kind_of(choice.kind).images and bool(models & set(choice.models) if choice.models else models)


def as_batch(plan: BuildPlan, model: str | None) -> list[Asked]:
    """The requests of a plan as a batch asks them; only those to one model when it is named."""
    return [
        Asked(each.key, each.request, plan.preprocessing[each.key])
        for each in plan.missed
        if model in {None, each.request.model}
    ]


@contextmanager
def shadow(store: Path) -> Iterator[Path]:
    """A folder that looks like the store and may be written to without changing it: links to what the store holds."""
    with tempfile.TemporaryDirectory(prefix="reidforge-plan-") as name:
        seen = Path(name)
        for pattern in ("packs/*/*", "steps/*/*", "cache/*", "generations"):
            for path in sorted(store.glob(pattern)):
                link = seen / path.relative_to(store)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.resolve())
        yield seen
