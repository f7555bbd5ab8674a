"""Held-out questions and how often they are answered right, beside what the commonest answer would have got."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from schemas.answers import parse
from schemas.keys import hash_ids, mix, order, seed_of
from tasks.scoring.bootstrap import interval
from tasks.training.data import Sample
from tasks.training.reading import Part, Shown, read_samples
from tasks.versions.reader import VersionFolder
from tasks.view import cut

Answer = Callable[[Sequence[Sample], Sequence[bytes]], list[str]]
UNSCORED = ("caption", "question", "json")
_BY_PART = ("attr",)


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """How one family, or one part of it, was answered; `low` and `high` bound the accuracy at 95 %."""

    family: str
    what: str
    accuracy: float
    low: float
    high: float
    majority: float
    n: int

    def row(self) -> dict[str, Any]:
        """The score as a plain mapping."""
        return asdict(self)


def score_split(
    version: VersionFolder, split: str, stages: Sequence[int], answer: Answer, most: int | None = None
) -> list[QuestionScore]:
    """Ask the questions of a split and score the answers, family by family; at most `most` rows of each, by key."""
    numbers = Shown(version.image_ids)
    persons = dict(zip(*(version.table("person_images", [c])[c].to_pylist() for c in _PERSON), strict=True))
    found: list[QuestionScore] = []
    for stage in stages:
        families: dict[str, list[Sample]] = {}
        for sample in read_samples(version, stage, split, numbers):
            if sample.kind not in UNSCORED:
                families.setdefault(sample.family, []).append(sample)
        for family in sorted(families):
            samples = _some(families[family], most)
            shown = sorted({number for sample in samples for number in sample.images})
            local = {number: at for at, number in enumerate(shown)}
            asked = [_renumbered(sample, local) for sample in samples]
            told = answer(asked, _encoded(version, [numbers.refs[number] for number in shown]))
            clusters = [str(persons[numbers.refs[sample.images[0]].image_id]) for sample in samples]
            found += score(samples, told, clusters)
    return found


def _encoded(version: VersionFolder, refs: Sequence[Part]) -> list[bytes]:
    whole = version.image_bytes([ref.image_id for ref in refs])
    return [cut(data, ref.region) for data, ref in zip(whole, refs, strict=True)]


_PERSON = ("image_id", "person_key")


def _some(samples: list[Sample], most: int | None) -> list[Sample]:
    """At most so many of them, chosen by what they are, not by where they stand."""
    if most is None or len(samples) <= most:
        return samples
    words = mix(seed_of("measured"), hash_ids(f"{sample.prompt}{sample.images}" for sample in samples))
    return [samples[row] for row in sorted(order(words)[:most].tolist())]


def _renumbered(sample: Sample, local: dict[int, int]) -> Sample:
    numbers = tuple(local[number] for number in sample.images)
    return Sample(sample.family, sample.kind, numbers, sample.prompt, sample.answer, sample.subtask, sample.options)


def score(samples: Sequence[Sample], told: Sequence[str], clusters: Sequence[str]) -> list[QuestionScore]:
    """The score of one family: all of it, then by attribute where it asks for several."""
    right = np.array([_is_right(sample, text) for sample, text in zip(samples, told, strict=True)], dtype=np.float64)
    _, cluster = np.unique(np.array(clusters), return_inverse=True)
    parts = sorted({sample.subtask for sample in samples}) if samples[0].kind in _BY_PART else []
    guess = sum(_commonest([s for s in samples if s.subtask == part]) for part in parts)
    whole = guess if parts else _commonest(samples)
    found = [_score(samples[0].family, "all", right, cluster.astype(np.int64), whole / len(samples))]
    for part in parts:
        rows = np.flatnonzero([sample.subtask == part for sample in samples])
        chance = _commonest([samples[row] for row in rows.tolist()]) / len(rows)
        found.append(_score(samples[0].family, part, right[rows], cluster[rows].astype(np.int64), chance))
    return found


def _is_right(sample: Sample, text: str) -> bool:
    """Whether an answer means the gold one: the same values, when the grammar can read both."""
    gold, said = parse(sample.kind, sample.answer), parse(sample.kind, text)
    return said is not None and said == gold if gold else text.strip() == sample.answer


def _commonest(samples: Sequence[Sample]) -> int:
    return max(Counter(sample.answer for sample in samples).values())


def _score(family: str, what: str, right: Any, cluster: Any, majority: float) -> QuestionScore:
    low, high = interval(right, cluster)
    return QuestionScore(family, what, float(right.mean()), low, high, float(majority), len(right))
