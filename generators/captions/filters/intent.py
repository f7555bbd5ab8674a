"""Guesses of what somebody is about to do, feels or does for a living: no picture tells; that he walks, it does."""

import re

from generators.captions.plain_texts import PERSONS, PLAIN, PREDICATES, texts
from schemas.filter import Filter, Said

_MOODS = "happy|sad|angry|nervous|anxious|worried|bored|upset|cheerful|aggressive|friendly|confident|relaxed"
_WORKS = "student|business\\w+|tourist|worker|commuter|office|teacher|nurse|shopper|employee|traveller|traveler"
_PHRASES = (
    r"(?:intend(?:s|ing)?|intention|planning|plans|about|trying|tries|attempting|hoping|preparing|ready|wants?) to\b"
    r"(?! be (?:seen|found))",
    r"up to no good\b",
    r"waiting (?:for|to)\b",
    r"on (?:his|her|their) way\b",
    r"(?:heading|going|rushing|hurrying|off) (?:to|towards?) (?:work|school|home|the|a|an|class|somewhere)\b",
    r"in a hurry\b",
    rf"(?:probably|likely|possibly|perhaps|presumably|maybe) (?:(?:an?|the) )?(?:{_WORKS})\b",
    rf"(?:{'|'.join(sorted(PREDICATES))}) (?:very |quite |a bit )?(?:{_MOODS})\b(?!-)",
    rf"(?:{_MOODS}) (?:young |old |elderly )?(?:{'|'.join(sorted(PERSONS))})\b(?!['’-])",
)
_GUESS = re.compile(rf"\b(?:{'|'.join(_PHRASES)})", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(_GUESS.search(said.text) is not None)


FILTER = Filter(
    name="intent",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        *texts(
            "It looks like he is walking in a grey coat and jeans.",
            "He appears to be wearing relaxed-fit jeans and a coat.",
            "She seems to be holding a phone and wears a coat.",
            "Anyone looking for a woman should look for a red coat.",
        ),
    ),
    bad=texts(
        "A man in a hoodie appears to be waiting for someone.",
        "The woman is probably a student with a backpack.",
        "He intends to cross the road in a grey coat.",
        "She looks happy in a yellow dress.",
        "An angry man in a red jacket.",
        "A man in a suit, likely a businessman on his way to work.",
    ),
)
