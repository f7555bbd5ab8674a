"""A text that says two things of one garment or person: a man whom it calls she, a red coat that is blue later."""

from collections.abc import Iterator
from itertools import pairwise

from generators.captions.attribute_read import read
from generators.captions.consistency import compared
from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_GENDERS = ({"he", "his", "him", "man", "boy"}, {"she", "her", "hers", "woman", "girl"})


def _score(said: Said) -> float:
    """The share of told keys that differ between sentences; 1 where the pronouns are of two people."""
    words = {word.strip(".,;:!?'\"") for word in said.text.lower().split()}
    if not _GENDERS[0].isdisjoint(words) and not _GENDERS[1].isdisjoint(words):
        return 1.0
    keys, differing = 0, 0
    for one, two in _pairs([read(sentence) for sentence in said.text.split(". ")]):
        found = compared(one, two)
        keys, differing = keys + found.keys, differing + len(found.differing)
    return differing / keys if keys else 0.0


def _pairs(told: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Neighbouring sentences, and the first with the last."""
    yield from pairwise(told)
    if len(told) > 2:
        yield told[0], told[-1]


FILTER = Filter(
    name="contradiction",
    blocks=True,
    score=_score,
    made_only=True,
    measured=True,
    good=(PLAIN, *texts("A man in a red coat and jeans. His coat is long. He carries a backpack.")),
    bad=texts(
        "A man in a red coat and jeans. She carries a backpack.",
        "A man in a red coat and jeans. The green coat is long.",
        "A person in a white shirt. There is a skirt below a black shirt.",
    ),
)
