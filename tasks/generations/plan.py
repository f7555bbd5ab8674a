"""What a build would ask: rows stored, new and stale by reason, and what they would take, from measured means.

A row is stale when its subject was answered before, but to another question: the reasons say which part of the question
changed. Nothing is asked and nothing is written.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from generators.endpoint.chat import estimated_tokens
from schemas.backend import Backend, Request
from schemas.prices import Prices
from tasks.generations.about import About, about
from tasks.generations.client import MAX_ATTEMPTS, addressed
from tasks.generations.key import request_key
from tasks.generations.segments import Known
from tasks.generations.spending import Spent
from tasks.generations.store import GenerationStore

NEW = "new"
_MARK = re.compile(r"-[0-9a-f]{6}$")
_ABOUT = ("kind", "subject", "prompt_id", "model", "revision", "images", "image", "prompt", "schema", "parameters")


class Estimate(NamedTuple):
    """What asking would take: tokens, money (None without a price), seconds (None before anything was measured)."""

    prompt_tokens: float
    completion_tokens: float
    cost: float | None
    seconds: float | None
    measured: bool


@dataclass(slots=True)
class PlanLine:
    """The rows of one model and kind: how many there are, are stored, gave up and how, are missed and why."""

    model: str
    kind: str
    rows: int = 0
    hit: int = 0
    given_up: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    estimate: Estimate | None = None

    @property
    def requests(self) -> int:
        """How many requests would be sent, before retries and repairs."""
        return sum(self.missed.values())


class Missed(NamedTuple):
    """A request that would be asked, under its key, and why: `new`, what changed, joined by `+`, or how it ended when
    it was asked before: one of STATUSES."""

    key: str
    request: Request
    reason: str


class Planner:
    """Collects what would be asked of each model, then looks all of it up at once."""

    def __init__(self, store: GenerationStore, prices: Prices) -> None:
        self._store = store
        self._prices = prices
        self._wanted: dict[str, Request] = {}
        self._abouts: dict[str, About] = {}
        self._final: set[str] = set()

    def add(
        self, backend: Backend, preprocessing_id: str, requests: Iterable[Request], final: Iterable[str] = ()
    ) -> None:
        """Requests to a backend; those of one key count once. Keys in `final` stay the rejects they are."""
        self._final.update(final)
        for request in requests:
            asked = addressed(request, backend)
            key = request_key(asked, preprocessing_id)
            self._wanted[key] = asked
            self._abouts[key] = about(asked, preprocessing_id)

    def lines(self) -> list[PlanLine]:
        """One line per model and kind, sorted."""
        lines: dict[tuple[str, str], PlanLine] = {}
        known = self._store.known(list(self._wanted))
        for request, ok in zip(self._wanted.values(), known.ok.tolist(), strict=True):
            line = lines.setdefault((request.model, request.kind), PlanLine(request.model, request.kind))
            line.rows += 1
            line.hit += ok
        for key, status in self._given_up(known).items():
            line = lines[self._wanted[key].model, self._wanted[key].kind]
            line.given_up[status] = line.given_up.get(status, 0) + 1
        asked: dict[tuple[str, str], list[Request]] = {}
        for missed in self.missed():
            name = (missed.request.model, missed.request.kind)
            lines[name].missed[missed.reason] = lines[name].missed.get(missed.reason, 0) + 1
            asked.setdefault(name, []).append(missed.request)
        spent = self._store.spent()
        for name, requests in asked.items():
            lines[name].estimate = estimate(requests, spent, self._prices)
        return [lines[name] for name in sorted(lines)]

    def missed(self) -> list[Missed]:
        """Every request that a build would send, with its reason, in the order in which they were added."""
        known = self._store.known(list(self._wanted))
        keys = list(self._wanted)
        missing = [keys[row] for row in np.flatnonzero(self._is_open(known)).tolist()]
        tried = self._ended([keys[row] for row in np.flatnonzero(self._is_open(known) & (known.tries > 0)).tolist()])
        before = _answered_before(self._store, {self._abouts[key].subject for key in missing} - {""}, set(keys))
        return [Missed(key, self._wanted[key], tried.get(key) or _reason(self._abouts[key], before)) for key in missing]

    def _is_open(self, known: Known) -> npt.NDArray[np.bool_]:
        waiting: npt.NDArray[np.bool_] = ~known.ok & (known.tries < MAX_ATTEMPTS)
        if self._final:
            waiting &= np.fromiter((key not in self._final for key in self._wanted), np.bool_, len(self._wanted))
        return waiting

    def _given_up(self, known: Known) -> dict[str, str]:
        """How the requests ended that are not asked again."""
        keys = list(self._wanted)
        return self._ended([keys[row] for row in np.flatnonzero(~known.ok & ~self._is_open(known)).tolist()])

    def _ended(self, keys: list[str]) -> dict[str, str]:
        """The status of the last try of each key."""
        return {key: tries[-1].status for key, tries in self._store.attempts(keys).items()} if keys else {}


def _reason(asked: About, before: Mapping[tuple[str, str], Sequence[About]]) -> str:
    """What changed since the subject's nearest answer; `new` when there is none."""
    candidates = before.get((asked.kind, _trunk(asked.subject)), [])
    changes = sorted((asked.differs(old) for old in candidates), key=lambda reasons: (len(reasons), reasons))
    return ("+".join(changes[0]) or "parameters") if changes else NEW


def _trunk(subject: str) -> str:
    """A subject without the mark of its model: `a.jpg#caption0-0f3a9c` and what another model says there are one."""
    return _MARK.sub("", subject)


def _answered_before(store: GenerationStore, subjects: set[str], live: set[str]) -> dict[tuple[str, str], list[About]]:
    """The stored `ok` answers about some subjects that are not what is wanted now, by kind and subject."""
    found: dict[tuple[str, str], list[About]] = {}
    wanted = pa.array(sorted({_trunk(subject) for subject in subjects}), pa.string())
    for table in _about_tables(store) if subjects else []:
        trunks = pc.replace_substring_regex(table["subject"], pattern=_MARK.pattern, replacement="")
        chosen = table.filter(pc.and_(pc.equal(table["ordinal"], 0), pc.is_in(trunks, value_set=wanted)))
        columns = (chosen[name].to_pylist() for name in ("key", *_ABOUT))
        for key, *values in zip(*columns, strict=True):
            if key.hex() not in live:
                old = About(*values)
                found.setdefault((old.kind, _trunk(old.subject)), []).append(old)
    return found


def _about_tables(store: GenerationStore) -> Iterable[pa.Table]:
    names = ["key", "ordinal", *_ABOUT]
    for segment in store.segments.all():
        yield segment.column_table(names)
    yield store.log.column_table(names)


def estimate(requests: Sequence[Request], spent: Sequence[Spent], prices: Prices) -> Estimate:
    """What requests of one model and kind would take. Means are those of the same model and kind, where any was asked;
    before that, a rough count of characters and images."""
    name = (requests[0].model, requests[0].kind)
    means = [each for each in spent if (each.model, each.kind) == name and each.requests]
    n = len(requests)
    asked = sum(each.requests for each in means)
    if asked:
        prompt = n * sum(each.prompt_tokens for each in means) / asked
        completion = n * sum(each.completion_tokens for each in means) / asked
        seconds: float | None = n * sum(each.wall for each in means) / asked
    else:
        completion = sum(int(request.sampling.get("max_tokens", 256)) // 2 for request in requests)
        prompt = sum(estimated_tokens(request) for request in requests) - completion
        seconds = None
    cost = prices.cost(name[0], prompt, completion, seconds or 0.0)
    return Estimate(prompt, completion, cost, seconds, measured=bool(asked))
