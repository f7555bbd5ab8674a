"""Every filter over one text: the faults it has, and the scores that are worth keeping.

>>> flags("A man with {hair} walks by.")
('slot',)
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from schemas.discovery import find_all
from schemas.filter import Filter, Said

_PACKAGE = "generators.captions.filters"


class Judged(NamedTuple):
    """The names of a text's faults, whether it may be used, and the score of every filter that measured one."""

    faults: tuple[str, ...]
    valid: bool
    scores: dict[str, float]


@cache
def filters() -> tuple[Filter, ...]:
    """Every filter, by name."""
    return tuple(found for _, found in find_all(_PACKAGE, "FILTER"))


@cache
def _for_people() -> tuple[Filter, ...]:
    return tuple(each for each in filters() if not each.made_only)


@cache
def blocking() -> frozenset[str]:
    """The faults of texts that are not used."""
    return frozenset(each.name for each in filters() if each.blocks)


def gravest(faults: Sequence[str]) -> str:
    """The blocking fault that is the reason of a refusal: one of form before one of degree, which it may have caused.

    >>> gravest(("disagrees", "refusal"))
    'refusal'
    """
    degrees = {each.name for each in filters() if each.measured}
    return min((fault for fault in faults if fault in blocking()), key=lambda fault: fault in degrees)


def flags(text: str) -> tuple[str, ...]:
    """The faults of a text alone, whoever wrote it."""
    said = Said(text, made=False)
    return tuple(each.name for each in _for_people() if each.found(said))


def judge(said: Said) -> Judged:
    """What every filter finds in a made text."""
    faults, scores = [], {}
    for each in filters():
        score = each.score(said)
        if score is None:
            continue
        if score > each.above:
            faults.append(each.name)
        if each.measured:
            scores[each.name] = score
    return Judged(tuple(faults), blocking().isdisjoint(faults), scores)
