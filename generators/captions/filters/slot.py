"""Gaps of a template that nobody filled: braces, brackets, angle brackets, underscores, dots, names of slots, NaN."""

import re

from generators.captions.plain_texts import PLAIN, holds, texts
from schemas.filter import Filter, Said

_SLOT = re.compile(r"\{[^{}]*\}|[\[\]]|⟨[^⟩]*⟩|«[^»]*»|_{2,}|%[sd]\b|\$[a-z]+\b")
_NAMES = "colou?r|type|garment|hair|style|kind|clothing|footwear|accessory|belongings|description"
_UNFILLED = re.compile(
    rf"\((?:{_NAMES})\)|\b(?-i:X{{3,}}(?!L)|COLOU?R|GARMENT|CLOTHING|FOOTWEAR|ACCESSORY|BELONGINGS)\b"
    r"|\bn/a\b|\bnull\b|: (?:unknown|unspecified|not visible)\b",
    re.IGNORECASE,
)
_DOTS = re.compile(r"\b(?:a|an|the|and|his|her|their) ?(?:\.\.\.|…) ?\w", re.IGNORECASE)
_NOTHING = re.compile(r"\b[Nn]a[Nn]\b")
_in_text = holds(_SLOT, ("INSERT", "PLACEHOLDER", "TODO"))


def _score(said: Said) -> float:
    if _in_text(said) or _NOTHING.search(said.text):
        return 1.0
    if not said.made or said.text.isupper():
        return 0.0
    return float(_UNFILLED.search(said.text) is not None or _DOTS.search(said.raw or said.text) is not None)


FILTER = Filter(
    name="slot",
    blocks=True,
    score=_score,
    good=(PLAIN, *texts("A man (short hair) in a coat, colour black.", "A woman in a size XXXL coat.")),
    bad=texts(
        *(
            "A man with {hair} walks.",
            "A [colour] coat on a man.",
            "A man in description] and shoes.",
            "With ⟨hair⟩, she walks.",
            "He wears a ____ coat.",
        ),
        *("A man in a (color) coat.", "A man in a COLOR coat.", "A man in a %s coat.", "A man in a ... coat."),
        *("A man in a nan coat.", "A male pedestrian i nan orange shirt."),
        *("The person wears footwear: unknown.", "A man in a coat and N/A shoes."),
    ),
)
