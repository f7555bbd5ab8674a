"""A text that says two things of one garment or person: a man whom it calls she, a red coat that is blue later."""

import re
from collections.abc import Iterator
from itertools import pairwise

from generators.captions.attribute_read import read
from generators.captions.consistency import compared
from generators.captions.lexicon_words import COLOUR_OF, GARMENTS
from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_GENDERS = ({"he", "his", "him", "man", "boy"}, {"she", "her", "hers", "woman", "girl"})
_LAYERS = re.compile(r"\b(?:over|under|beneath|below|above|underneath|on top of|inside|another|second)\b")
_WORD = re.compile(r"[a-z]+|[.,;:]")
_IS = re.compile(r"\b([a-z]+) (?:is|are) ([a-z]+)(?=[.,;]|\Z| and [a-z]+ (?:is|are)\b)")
_BALD = re.compile(r"\bbald\b")
_HAIR = re.compile(r"\b(?:short|long|medium|black|brown|blonde?|gr[ea]y|curly|tied) (?:\w+ )?hair\b")


def _score(said: Said) -> float:
    """The share of told keys that differ between sentences; 1 where one thing is told to be two things."""
    text = said.text.lower()
    words = {word.strip(".,;:!?'\"") for word in text.split()}
    if not _GENDERS[0].isdisjoint(words) and not _GENDERS[1].isdisjoint(words):
        return 1.0
    if (_BALD.search(text) and _HAIR.search(text)) or _has_two_colours(text):
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


def _has_two_colours(text: str) -> bool:
    """Whether one garment is told in two colours that no camera turns into one another; layers may be of one kind."""
    if _LAYERS.search(text):
        return False
    told: dict[str, set[str]] = {}
    words = ["", "", *_WORD.findall(text)]
    runs = zip(words, words[1:], words[2:], words[3:], strict=False)
    before = [(noun, hue) for hue_too, _, hue, noun in runs if hue_too not in COLOUR_OF]
    for noun, colour in [*before, *_IS.findall(text)]:
        if noun in GARMENTS and colour in COLOUR_OF:
            told.setdefault(noun, set()).add(COLOUR_OF[colour])
    return any(_differ(colours) for colours in told.values())


def _differ(colours: set[str]) -> bool:
    key = "upper_color_primary"
    return any(compared({key: one}, {key: two}).differing for one, two in pairwise(sorted(colours)))


FILTER = Filter(
    name="contradiction",
    blocks=True,
    score=_score,
    made_only=True,
    measured=True,
    good=(
        PLAIN,
        *texts(
            "A man in a red coat and jeans. His coat is long. He carries a backpack.",
            "A woman in a red shirt over a white shirt.",
            "A man carrying a woman's handbag. He wears a coat.",
            "A man in black trousers. He has white shoes.",
        ),
    ),
    bad=texts(
        "A man in a red coat and jeans. She carries a backpack.",
        "A man in a red coat and jeans. The green coat is long.",
        "A person in a white shirt. There is a skirt below a black shirt.",
        "A woman in a white shirt. Her shirt is black.",
        "A bald man in a coat. He has long black hair.",
        "The person wears a red shirt, jeans and a green shirt.",
    ),
)
