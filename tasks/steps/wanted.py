"""What a build would ask models about one source: what can be asked now, given the answers that are stored.

First everything about images; about texts once nothing about images is open any more, for texts are what came back.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from generators.asking import Planned
from schemas.backend import Answer, Means, Request
from schemas.recipe import Describe
from tasks.describing.answers import Answered, Reader
from tasks.describing.asking import image_requests, text_requests
from tasks.describing.models import Model, models_of
from tasks.generations.client import MAX_ATTEMPTS, Generation, addressed
from tasks.generations.key import request_key
from tasks.generations.store import GenerationStore
from tasks.steps.describe import inputs_of, known_of
from tasks.steps.store import StepOutput, find_step


class Wanted(NamedTuple):
    """Everything one model is asked about one source, keyed, and those of the keys that are still open."""

    model: Model
    requests: dict[str, Request]
    open: list[str]


def wanted(
    store: Path,
    ingested: StepOutput,
    recipe: Describe,
    seed: int,
    generations: GenerationStore,
    settled: Collection[str] = (),
) -> list[Wanted]:
    """What each model of the recipe is asked; nothing when the source was described already.

    Keys in `settled` were asked in this build: they are not open, whatever became of them.
    """
    models = models_of(recipe)
    if all(model.by_rule for model in models) or find_step(
        store, "describe", inputs_of(ingested, recipe, seed, models)
    ):
        return []
    known, _ = known_of(store, ingested)
    planned = [image_requests(known, recipe, model, seed) for model in models]
    first = [_wanted(model, each, generations, settled) for model, each in zip(models, planned, strict=True)]
    asked = [each for each in first if not each.model.by_rule]
    if any(each.open for each in asked):
        return asked
    answered = [
        found for model, each in zip(models, planned, strict=True) for found in _answered(model, each, generations)
    ]
    made = Reader(known, ingested.facts["source"]).rows(answered).captions
    second = [
        _wanted(model, text_requests(known, made, recipe, model, seed), generations, settled)
        for model in models
        if not model.by_rule
    ]
    return [*asked, *(each for each in second if each.requests)]


def _wanted(model: Model, planned: Sequence[Planned], generations: GenerationStore, settled: Collection[str]) -> Wanted:
    requests: dict[str, Request] = {}
    for each in planned:
        request = addressed(each.request, model.backend)
        requests[request_key(request, model.choice.preprocessing)] = request
    keys = list(requests)
    known = generations.known(keys)
    pairs = zip(keys, known.ok.tolist(), known.tries.tolist(), strict=True)
    return Wanted(
        model, requests, [key for key, ok, tries in pairs if not ok and tries < MAX_ATTEMPTS and key not in settled]
    )


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
