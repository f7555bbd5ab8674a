"""What a caption asserts, read from its words: colours of named garments, and things carried.

    claims_of(["A man in a navy jacket with a rucksack."])  # a dark blue top, a backpack

It serves one purpose: a negative picture must contradict the caption somewhere. So it is careful, not complete: a
colour also admits its neighbours ("navy" may be black on a dim crop), and sensitive keys are never read at all.
"""

import re
from collections.abc import Sequence

import numpy as np

from generators.attribute_masks import mask_of, near_mask
from schemas.question import Masks
from schemas.vocabulary import COLOURS

_SAME_HUE = {
    "navy": "dark_blue", "gray": "grey", "silver": "grey", "khaki": "beige", "tan": "beige", "cream": "beige",
    "maroon": "red", "burgundy": "red", "crimson": "red", "violet": "purple", "lilac": "purple", "olive": "green",
    "teal": "green", "turquoise": "blue", "denim": "blue", "golden": "yellow", "dark blue": "dark_blue",
    "multicoloured": "multicolour", "multicolored": "multicolour",
}  # fmt: skip
_GARMENTS = {
    "upper_color_primary": "top|shirt|t-shirt|tee|polo|blouse|sweater|jumper|hoodie|jacket|coat|vest|sweatshirt|parka",
    "lower_color_primary": "trousers|pants|jeans|slacks|leggings|sweatpants|shorts|skirt|dress",
    "footwear_color": "shoes|sneakers|trainers|boots|sandals|heels|loafers|footwear",
}
_CARRIED = {
    "backpack": "backpack|rucksack|knapsack",
    "shoulder_bag": "shoulder bag|messenger bag|satchel|crossbody bag",
    "hand_bag": "handbag|hand bag|purse|tote",
}
_DENIED = r"\b(?:no|without|not|nor|lacks?|lacking)\b[^,.;]*$"
_HUES = "|".join(sorted([*_SAME_HUE, *(c for c in COLOURS if "_" not in c)], key=lambda hue: (-len(hue), hue)))
_COLOURED = {
    key: re.compile(rf"\b({_HUES})(?:-colou?red)?(?:,? (?!and\b|with\b|over\b)[a-z-]+){{0,2}} (?:{nouns})\b")
    for key, nouns in _GARMENTS.items()
}
_NAMED = {key: re.compile(rf"\b(?:{nouns})\b") for key, nouns in _CARRIED.items()}


def claims_of(texts: Sequence[str]) -> dict[str, Masks]:
    """Per key the mask of values each text allows; 0 where it says nothing, or says more than one thing."""
    claims = {key: np.zeros(len(texts), dtype=np.uint32) for key in (*_COLOURED, *_NAMED)}
    for row, text in enumerate(texts):
        lowered = text.lower()
        for key, pattern in _COLOURED.items():
            hues = {_hue(found[1]) for found in pattern.finditer(lowered)}
            claims[key][row] = near_mask(key, mask_of(key, hues.pop())) if len(hues) == 1 else 0
        for key, pattern in _NAMED.items():
            found = pattern.search(lowered)
            claims[key][row] = mask_of(key, "yes") if found and not _denied(lowered, found.start()) else 0
    return claims


def _hue(word: str) -> str:
    return _SAME_HUE.get(word, word)


def _denied(text: str, start: int) -> bool:
    return re.search(_DENIED, text[:start]) is not None
