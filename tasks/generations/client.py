"""Asking a backend through the store: what is stored is never asked again, what is asked is committed as it comes.

>>> with GenerationStore(folder) as generations:
...     texts = [given.answer.text for given in answer(requests, backend, generations)]
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from schemas.backend import Answer, Backend, ImageSource, Means, Request, no_images
from schemas.errors import MissingGenerations
from schemas.stopping import end_if_asked
from tasks.generations.about import About, about
from tasks.generations.budget import Budget, Meter
from tasks.generations.key import request_key
from tasks.generations.store import GenerationStore

MAX_ATTEMPTS = 3
"""How often a request that fails is asked in the life of a store."""
GROUP_ROWS = 2_048
GROUP_SECONDS = 0.25
_SHOWN = 5


class Generation(NamedTuple):
    """What was answered to one request, and the key it is stored under."""

    key: str
    answer: Answer


class Progress(NamedTuple):
    """How far an asking is: what was stored already, what came back and how it ended, what is in flight."""

    total: int
    hits: int
    done: int = 0
    rejected: int = 0
    failed: int = 0
    running: int = 0
    sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, other: "Progress") -> "Progress":
        """Both together."""
        return Progress(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


Watch = Callable[[Progress], None]


def answer(
    requests: Sequence[Request],
    backend: Backend,
    store: GenerationStore,
    replay: bool = False,
    *,
    preprocessing_id: str = "raw",
    max_attempts: int = MAX_ATTEMPTS,
    images: ImageSource = no_images,
    budget: Budget | None = None,
    watch: Watch | None = None,
) -> list[Generation]:
    """One generation per request, in order: stored, remembered as failed `max_attempts` times, or asked now.

    A request is asked under the backend's model and revision, and requests of one key are asked once. With `replay`
    nothing is asked, and the last failure stands where there is no `ok` answer. `images` hands the bytes of an image
    to backends that look; `watch` is told now and then how far it is. Raises MissingGenerations when a replay finds
    nothing at all for some request, and BudgetSpent when the budget ends before the requests do.
    """
    asked = [addressed(request, backend) for request in requests]
    keys = [request_key(request, preprocessing_id) for request in asked]
    wanted = dict(zip(keys, asked, strict=True))
    known = _known(wanted, store, 1 if replay else max_attempts)
    missing = {key: request for key, request in wanted.items() if key not in known}
    if missing and replay:
        raise _missing(missing)
    if missing:
        meter = Meter(budget, store.spent)
        asking = _Asking(missing, store, meter, watch, Progress(len(wanted), len(known)), preprocessing_id)
        known.update(asking.answers(backend, Means(images=images, may_send=meter.may_send, unsettled=meter.unsettled)))
        if len(known) < len(wanted):
            raise meter.refusal(len(wanted) - len(known))
    return [Generation(key, known[key]) for key in keys]


def addressed(request: Request, backend: Backend) -> Request:
    """A request as it is asked: under the model and revision of a backend."""
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


@dataclass(slots=True)
class _Asking:
    """Everything missing is asked at once and committed in groups; what came before a stop or an error is kept."""

    missing: Mapping[str, Request]
    store: GenerationStore
    meter: Meter
    watch: Watch | None
    progress: Progress
    preprocessing_id: str
    since: float = 0.0

    def answers(self, backend: Backend, means: Means) -> dict[str, Answer]:
        """What was answered, by key; where another process was first, its answer."""
        keys, requests = list(self.missing), list(self.missing.values())
        answered: dict[str, Answer] = {}
        group: dict[str, Answer] = {}
        self.since = looked = time.monotonic()
        try:
            for found in backend.answers(requests, means):
                if found is not None:
                    group[keys[found[0]]] = found[1]
                    self.meter.came(requests[found[0]], found[1])
                end_if_asked()
                if len(group) >= GROUP_ROWS or time.monotonic() - looked > GROUP_SECONDS:
                    answered |= self._commit(group)
                    group, looked = {}, time.monotonic()
        finally:
            answered |= self._commit(group)
            self.meter.ended()
        return answered

    def _commit(self, group: Mapping[str, Answer]) -> dict[str, Answer]:
        if not group:
            self._tell(group)
            return {}
        abouts = {key: self._about(key) for key in group}
        now = time.monotonic()
        first = self.store.put(group, abouts, wall=now - self.since)
        self.since = now
        self.meter.committed()
        self._tell(group)
        return {**group, **first}

    def _about(self, key: str) -> About:
        return about(self.missing[key], self.preprocessing_id)

    def _tell(self, group: Mapping[str, Answer]) -> None:
        statuses = [given.status for given in group.values()]
        ok, failed = statuses.count("ok"), statuses.count("failed")
        self.progress = self.progress._replace(
            done=self.progress.done + ok,
            failed=self.progress.failed + failed,
            rejected=self.progress.rejected + len(statuses) - ok - failed,
            running=self.meter.running,
            sent=self.progress.sent + sum(given.sent for given in group.values()),
            prompt_tokens=self.progress.prompt_tokens + sum(given.prompt_tokens for given in group.values()),
            completion_tokens=self.progress.completion_tokens
            + sum(given.completion_tokens for given in group.values()),
        )
        if self.watch is not None:
            self.watch(self.progress)
