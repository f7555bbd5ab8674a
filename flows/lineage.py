"""Telling an OpenLineage endpoint of a build, when one is configured: START, and COMPLETE or FAIL, of every step.

The endpoint is set as the OpenLineage client sets it: OPENLINEAGE_URL with OPENLINEAGE_API_KEY, OPENLINEAGE_CONFIG, or
OPENLINEAGE__TRANSPORT__TYPE and its like. What cannot be told is counted and said; it never stops or delays a build.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flows.reporter import OnProgress
from flows.runner import Call, Runner
from schemas.recipe import Recipe
from tasks.steps.parts import SourceParts
from tasks.steps.store import StepOutput

if TYPE_CHECKING:
    from flows.lineage_events import Lineage

_SETTINGS = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as events name it: the digest of its content is its version."""

    name: str
    digest: str


def is_configured() -> bool:
    """Whether the environment names an endpoint and does not switch it off."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    return any(name in _SETTINGS or name.startswith("OPENLINEAGE__TRANSPORT__") for name in os.environ)


@contextmanager
def observed(run: Runner, recipe: Recipe) -> Iterator[Runner]:
    """The runner, telling of every step while the block lasts; the same one when no endpoint is configured."""
    if not is_configured():
        yield run
        return
    if find_spec("openlineage") is None:
        run.reporter.say("  lineage: nothing is told, `pip install reidforge[lineage]` brings what tells it")
        yield run
        return
    from flows.lineage_events import Lineage

    lineage = Lineage(recipe)
    try:
        with lineage.told("build", ()):
            yield _ObservedRunner(run, lineage)
    finally:
        told, lost = lineage.close()
        if lost:
            run.reporter.say(f"  lineage: {lost} of {told} events did not reach the OpenLineage endpoint")


class _ObservedRunner:
    """Implements flows.runner.Runner: another runner, with events around every step."""

    def __init__(self, run: Runner, lineage: "Lineage") -> None:
        self.inner = run
        self.lineage = lineage
        self.reporter = run.reporter

    def map(self, step: str, calls: Sequence[Call]) -> list[Any]:
        """One result per call, in order."""
        with self.lineage.told(step, inputs_of(calls)) as event:
            results = self.inner.map(step, calls)
            event.outputs = outputs_of(results)
            event.inputs = (*event.inputs, *raw_of(results))
        return results

    def call(self, step: str, *args: Any) -> Any:
        """The result of a single call."""
        return self.map(step, [args])[0]

    def progress(self, name: str) -> AbstractContextManager[OnProgress]:
        """As the observed runner shows it."""
        return self.inner.progress(name)


def inputs_of(value: Any) -> tuple[Dataset, ...]:
    """The finished steps among the arguments of a step, each once, by name."""
    return tuple(sorted(set(_steps(value)), key=lambda told: (told.name, told.digest)))


def outputs_of(results: Sequence[Any]) -> tuple[Dataset, ...]:
    """What the results of a step are: finished steps, or a published version."""
    from tasks.steps.publish import Published

    published = (Dataset(done.name, done.digest) for done in results if isinstance(done, Published))
    return (*inputs_of(results), *published)


def raw_of(results: Sequence[Any]) -> tuple[Dataset, ...]:
    """The raw datasets that ingest read; their digests are known only when it is done."""
    done = [result for result in results if isinstance(result, StepOutput) and result.step == "ingest"]
    return tuple(Dataset(f"raw/{each.facts['source']}", str(each.facts["raw_digest"])) for each in done)


def _steps(value: Any) -> Iterator[Dataset]:
    if isinstance(value, StepOutput):
        shard = value.facts.get("source") or value.facts.get("family")
        yield Dataset(f"{value.step}/{shard}" if shard else value.step, value.digest)
    elif isinstance(value, SourceParts):
        yield from _steps((value.ingested, value.described, value.mined))
    elif isinstance(value, Mapping):
        yield from _steps(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _steps(each)
