"""Origin, skin, looks and accusations, which no picture tells: `black man` is one, `a man in black` is not."""

import re
from itertools import pairwise

from generators.captions.lexicon_words import COLOUR_OF, GARMENTS
from generators.captions.plain_texts import PERSONS, PLAIN, PREDICATES, texts
from schemas.filter import Filter, Said

_WORD = re.compile(r"[a-z]+")
_ORIGINS = frozenset(
    (
        *("asian", "caucasian", "african", "hispanic", "latino", "latina", "arab", "arabic", "oriental", "indian"),
        *(
            "chinese",
            "japanese",
            "korean",
            "european",
            "vietnamese",
            "thai",
            "mexican",
            "american",
            "british",
            "french",
        ),
        *("german", "italian", "russian", "turkish", "pakistani", "filipino", "brazilian", "nigerian", "persian"),
        *("eastern",),
    )
)
# What an origin may stand before: things, not people.
_THINGS = GARMENTS | frozenset(
    (
        *("style", "styled", "inspired", "type", "cut", "fit", "pattern", "patterned", "print", "printed", "prints"),
        *("character", "characters", "letter", "letters", "lettering", "script", "text", "writing", "flag", "football"),
        *("collar", "knot", "braid", "braids", "cuff", "cuffs", "bun", "tunic", "robe", "army", "design", "brand"),
    )
)
_ALWAYS = frozenset(
    (
        *("muslim", "jewish", "christian", "hindu", "foreigner", "immigrant", "ethnicity", "complexion", "skinned"),
        *("criminal", "thief", "terrorist", "suspicious", "gangster", "prostitute", "drunk", "homeless", "burglar"),
        *("shoplifter", "pickpocket", "stalker", "dealer", "junkie", "sexy", "suspect"),
    )
)
_LOOKS = frozenset(("attractive", "ugly", "handsome", "beautiful", "pretty", "gorgeous", "cute"))
_HUES = frozenset(("tone", "toned", "tones", "colour", "coloured", "color", "colored", "tight"))
_ANIMALS = frozenset(("snake", "leopard", "sheep", "tiger", "animal", "fake", "crocodile"))
_AGES = "young|old|older|elderly|middle-aged|adult|teenage|tall|short|slim"
_SKIN_OF_A_PERSON = re.compile(
    rf"\b(?:black|white|brown|yellow) (?:(?:{_AGES}) )*(?:{'|'.join(sorted(PERSONS))})\b(?!['’-])", re.IGNORECASE
)


def _score(said: Said) -> float:
    words = _WORD.findall(said.text.lower())
    if not _ALWAYS.isdisjoint(words):
        return 1.0
    told = set(words)
    if not told.isdisjoint(_ORIGINS) and any(a in _ORIGINS and b not in _THINGS for a, b in pairwise((*words, ""))):
        return 1.0
    if not told.isdisjoint(_LOOKS) and any(_is_of_a_person(words, place) for place in range(len(words))):
        return 1.0
    if "skin" in told and any(_is_bare(words, place) for place in range(len(words))):
        return 1.0
    return float(_SKIN_OF_A_PERSON.search(said.text) is not None)


def _is_of_a_person(words: list[str], place: int) -> bool:
    """Whether a word of looks speaks of somebody and not of a dress."""
    if words[place] not in _LOOKS:
        return False
    behind = words[place + 1 : place + 3]
    return not PERSONS.isdisjoint(behind) or (words[max(place - 1, 0)] in PREDICATES and behind[:1] in ([], ["and"]))


def _is_bare(words: list[str], place: int) -> bool:
    """Whether skin is that of the person: not `skin-tone leggings`, not a `snake skin bag`."""
    if words[place] != "skin" or (place and words[place - 1] in _ANIMALS):
        return False
    behind = [word for word in words[place + 1 : place + 5] if word not in _HUES and word not in COLOUR_OF]
    return not behind or behind[0] not in GARMENTS


FILTER = Filter(
    name="banned",
    blocks=True,
    score=_score,
    good=(
        PLAIN,
        *texts(
            "The man in black walks past a white wall.",
            "A white shirt and a black backpack.",
            "A jacket with a Chinese-style collar and brown skin-tone leggings.",
            "She wears a beautiful floral dress and a black women's coat.",
            "A shirt with Japanese characters and white man-made leather shoes.",
        ),
    ),
    bad=texts(
        "An Asian man in a coat.",
        "A suspicious person loiters.",
        "A white woman in a dress.",
        "The white young man wears a blue shirt.",
        "A dark-skinned man in a shirt.",
        "A woman with light skin in a dress.",
        "A pretty girl in a dress.",
        "A man of Asian descent in a coat.",
    ),
)
