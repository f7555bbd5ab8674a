"""A colour that is named of a picture without colour."""

import re

from generators.captions.phrases import WORDS
from generators.captions.plain_texts import PLAIN
from schemas.filter import Filter, Said
from schemas.vocabulary import COLOURS

_SPOKEN = {word for colour in COLOURS for word in WORDS["colour"].get(colour, [colour])}
_MORE = ("dark blue", "light blue", "navy", "khaki", "maroon", "tan", "teal", "blond", "blonde", "ginger", "colourful")
_COLOUR = re.compile(rf"\b(?:{'|'.join(sorted(_SPOKEN | set(_MORE)))})\b", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(said.colourless and _COLOUR.search(said.text) is not None)


FILTER = Filter(
    name="colour",
    blocks=True,
    score=_score,
    made_only=True,
    good=(PLAIN, Said("A man in a coat and jeans with short hair.", colourless=True)),
    bad=(
        Said("A man in a black coat and jeans.", colourless=True),
        Said("A woman with blonde hair and a coat.", colourless=True),
    ),
)
