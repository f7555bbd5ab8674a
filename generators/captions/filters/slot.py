"""Gaps of a template that nobody filled: braces, brackets, angle brackets, underscores."""

import re

from generators.captions.plain_texts import PLAIN, holds, texts
from schemas.filter import Filter

_SLOT = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|⟨[^⟩]*⟩|_{2,}")

FILTER = Filter(
    name="slot",
    blocks=True,
    score=holds(_SLOT, ("INSERT", "PLACEHOLDER", "TODO")),
    good=(PLAIN,),
    bad=texts(
        "A man with {hair} walks.", "A [colour] coat on a man.", "With ⟨hair⟩, she walks.", "He wears a ____ coat."
    ),
)
