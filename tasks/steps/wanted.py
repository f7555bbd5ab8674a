"""What a build would ask models about one source: what can be asked now, given the answers that are stored.

First everything about images; about texts once nothing about images is open any more, for texts are what came back.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from generators.asking import Planned
from schemas.backend import Answer, Means, Request
from schemas.recipe import Describe
from tasks.describing.answers import Answered, Reader
from tasks.describing.asking import image_requests, text_requests
from tasks.describing.models import Model, models_of
from tasks.describing.unanswered import failed_now, named, remembered
from tasks.generations.client import MAX_ATTEMPTS, Generation, addressed
from tasks.generations.key import request_key
from tasks.generations.store import GenerationStore
from tasks.steps.describe import inputs_of, known_of
from tasks.steps.store import StepOutput, find_step


class Wanted(NamedTuple):
    """Everything one model is asked about one source, keyed; the keys that are still open; those that stay rejects."""

    model: Model
    requests: dict[str, Request]
    open: list[str]
    final: frozenset[str] = frozenset()


def wanted(
    store: Path,
    ingested: StepOutput,
    recipe: Describe,
    seed: int,
    generations: GenerationStore,
    settled: Collection[str] = (),
) -> list[Wanted]:
    """What each model of the recipe is asked; nothing when the source was described already.

    Keys in `settled` were asked in this build: they are not open, whatever became of them. What the endpoint failed to
    answer is open until it was tried often enough; what a model refused, cut or got wrong was answered, and is not.
    """
    models = models_of(recipe)
    inputs = inputs_of(ingested, recipe, seed, models)
    if all(model.by_rule for model in models) or find_step(store, "describe", inputs):
        return []
    lacked = remembered(store, inputs)
    if lacked is not None and _is_settled(store, inputs, lacked, generations, settled):
        return []
    look = _Look(generations, settled)
    known, _ = known_of(store, ingested)
    planned = [image_requests(known, recipe, model, seed) for model in models]
    first = [look.wanted(model, each) for model, each in zip(models, planned, strict=True)]
    asked = [each for each in first if not each.model.by_rule]
    if any(each.open for each in asked):
        return asked
    answered = [
        found for model, each in zip(models, planned, strict=True) for found in _answered(model, each, generations)
    ]
    made = Reader(known, ingested.facts["source"]).rows(answered).captions
    second = [
        look.wanted(model, text_requests(known, made, recipe, model, seed)) for model in models if not model.by_rule
    ]
    return [*asked, *(each for each in second if each.requests)]


def _is_settled(
    store: Path, inputs: dict[str, Any], lacked: list[str], generations: GenerationStore, settled: Collection[str]
) -> bool:
    """Whether a description that lacks answers is finished and will never get them: they failed too often."""
    failed = failed_now(generations, lacked)
    tries = generations.known(list(failed)).tries.tolist()
    waiting = any(n < MAX_ATTEMPTS and key not in settled for key, n in zip(failed, tries, strict=True))
    return not waiting and find_step(store, "describe", named(inputs, failed)) is not None


class _Look(NamedTuple):
    """What is looked up in the store; `settled` keys are not open, and neither is what was answered unusably."""

    generations: GenerationStore
    settled: Collection[str]

    def wanted(self, model: Model, planned: Sequence[Planned]) -> Wanted:
        """A model's requests, keyed, and which of them are open."""
        requests: dict[str, Request] = {}
        for each in planned:
            request = addressed(each.request, model.backend)
            requests[request_key(request, model.choice.preprocessing)] = request
        known = self.generations.known(list(requests))
        pairs = zip(requests, known.ok.tolist(), known.tries.tolist(), strict=True)
        missing = {key: tries for key, ok, tries in pairs if not ok}
        final = self._final([key for key, tries in missing.items() if tries])
        waiting = [key for key, tries in missing.items() if tries < MAX_ATTEMPTS and key not in final]
        return Wanted(model, requests, [key for key in waiting if key not in self.settled], final)

    def _final(self, tried: list[str]) -> frozenset[str]:
        """The keys whose last try was answered, though not usably."""
        return frozenset(tried) - failed_now(self.generations, tried).keys()


def _answered(model: Model, planned: Sequence[Planned], generations: GenerationStore) -> Iterator[Answered]:
    """What is known of a model's requests: rules answer now, models from the store."""
    requests = [addressed(each.request, model.backend) for each in planned]
    keys = [request_key(request, model.choice.preprocessing) for request in requests]
    if model.by_rule:
        found = dict(item for item in model.backend.answers(requests, Means()) if item is not None)
        answers: dict[str, Answer] = {keys[place]: given for place, given in found.items()}
    else:
        known, failed = generations.recall(keys)
        answers = {key: tries[-1] for key, tries in failed.items()} | known
    for key, each in zip(keys, planned, strict=True):
        if key in answers:
            yield Answered(each, model, Generation(key, answers[key]))
