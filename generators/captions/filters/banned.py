"""Guesses of origin, intent or looks, which no picture tells: `black man` is one, `a man in black` is not."""

import re
from itertools import pairwise

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_WORD = re.compile(r"[a-z]+")
_ORIGINS = (
    *("asian", "caucasian", "african", "hispanic", "latino", "latina", "arab", "arabic", "oriental", "indian"),
    *("chinese", "japanese", "korean", "european", "muslim", "jewish", "christian", "foreigner", "immigrant"),
)
_GUESSES = (
    *("criminal", "thief", "terrorist", "suspicious", "gangster", "prostitute", "drunk", "homeless"),
    *("sexy", "attractive", "ugly", "handsome", "beautiful"),
)
_BANNED = frozenset((*_ORIGINS, *_GUESSES))
_SKIN = frozenset(("black", "white", "brown", "yellow"))
_PERSONS = frozenset(
    ("man", "men", "woman", "women", "male", "female", "guy", "lady", "girl", "boy", "person", "people")
)


def _score(said: Said) -> float:
    words = _WORD.findall(said.text.lower())
    if not _BANNED.isdisjoint(words):
        return 1.0
    return float(not _SKIN.isdisjoint(words) and any(a in _SKIN and b in _PERSONS for a, b in pairwise(words)))


FILTER = Filter(
    name="banned",
    blocks=True,
    score=_score,
    good=(PLAIN, *texts("The man in black walks past a white wall.", "A white shirt and a black backpack.")),
    bad=texts("An Asian man in a coat.", "A suspicious person loiters.", "A white woman in a dress."),
)
