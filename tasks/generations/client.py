"""Asking a backend through the store: what is stored is never asked again, what is asked is committed as it comes.

>>> with GenerationStore(folder) as generations:
...     texts = [given.answer.text for given in answer(requests, backend, generations)]
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from schemas.backend import Answer, Backend, ImageSource, Means, Request, no_images
from schemas.errors import MissingGenerations
from tasks.generations.key import request_key
from tasks.generations.store import GenerationStore

GROUP_ROWS = 2_048
GROUP_SECONDS = 0.25
_SHOWN = 5


class Generation(NamedTuple):
    """What was answered to one request, and the key it is stored under."""

    key: str
    answer: Answer


def answer(
    requests: Sequence[Request],
    backend: Backend,
    store: GenerationStore,
    replay: bool = False,
    *,
    preprocessing_id: str = "raw",
    max_attempts: int = 3,
    images: ImageSource = no_images,
) -> list[Generation]:
    """One generation per request, in order: stored, remembered as failed `max_attempts` times, or asked now.

    A request is asked under the backend's model and revision, and requests of one key are asked once. With `replay`
    nothing is asked, and the last failure stands where there is no `ok` answer. `images` hands the bytes of an image
    to backends that look. Raises MissingGenerations when a replay finds nothing at all for some request.
    """
    asked = [_addressed(request, backend) for request in requests]
    keys = [request_key(request, preprocessing_id) for request in asked]
    wanted = dict(zip(keys, asked, strict=True))
    known = _known(wanted, store, 1 if replay else max_attempts)
    missing = {key: request for key, request in wanted.items() if key not in known}
    if missing and replay:
        raise _missing(missing)
    known.update(_ask(missing, backend, store, Means(images=images)))
    return [Generation(key, known[key]) for key in keys]


def _addressed(request: Request, backend: Backend) -> Request:
    if (request.model, request.revision) == (backend.model, backend.revision):
        return request
    return replace(request, model=backend.model, revision=backend.revision)


def _known(wanted: Mapping[str, Request], store: GenerationStore, max_attempts: int) -> dict[str, Answer]:
    """The stored `ok` answers, and the last failure of what was tried often enough."""
    known, failed = store.recall(wanted)
    return {key: tries[-1] for key, tries in failed.items() if len(tries) >= max_attempts} | known


def _missing(missing: Mapping[str, Request]) -> MissingGenerations:
    kinds = sorted({request.kind for request in missing.values()})
    shown = [f"{key[:16]}… ({missing[key].prompt_id})" for key in sorted(missing)[:_SHOWN]]
    more = [f"and {len(missing) - _SHOWN} more"] if len(missing) > _SHOWN else []
    return MissingGenerations(
        f"The replay lacks {len(missing)} stored answers of kind {', '.join(kinds)}. "
        "Copy the store's segments here, or build without replay to ask for them.",
        [*shown, *more],
    )


def _ask(missing: Mapping[str, Request], backend: Backend, store: GenerationStore, means: Means) -> dict[str, Answer]:
    """Ask for everything at once and commit in groups; what came before a stop or an error is kept."""
    keys = list(missing)
    answered: dict[str, Answer] = {}
    group: dict[str, Answer] = {}
    begun = time.monotonic()
    try:
        for found in backend.answers(list(missing.values()), means):
            if found is not None:
                group[keys[found[0]]] = found[1]
            if len(group) >= GROUP_ROWS or time.monotonic() - begun > GROUP_SECONDS:
                answered |= group | store.put(group)
                group, begun = {}, time.monotonic()
    finally:
        answered |= group | store.put(group)
    return answered
