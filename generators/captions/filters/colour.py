"""A colour that is named of a picture without colour."""

import re

from generators.captions.phrases import WORDS
from generators.captions.plain_texts import PLAIN
from schemas.filter import Filter, Said
from schemas.vocabulary import COLOURS

_SPOKEN = {word for colour in COLOURS for word in WORDS["colour"].get(colour, [colour])}
_MORE = (
    *("gray", "navy", "khaki", "maroon", "tan", "teal", "ginger", "colou?rful", "multi-?colou?red", "violet", "cream"),
    *("silver", "gold", "golden", "turquoise", "charcoal", "burgundy", "crimson", "scarlet", "olive", "mustard"),
    *("magenta", "indigo", "cyan", "aqua", "ivory", "lavender", "lilac", "mauve", "coral", "peach", "fuchsia"),
    *("blond", "blonde", "brunette", "auburn", "redhead(?:ed)?", "bronze", "copper", "camel", "emerald", "taupe"),
    *("(?:black|white|gr[ae]y|redd?|yellow|green|blue|purpl|pink|brown|orang)ish",),
)
_COLOUR = re.compile(rf"\b(?:{'|'.join(sorted((*_SPOKEN, *_MORE)))})\b", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(said.colourless and _COLOUR.search(said.text) is not None)


FILTER = Filter(
    name="colour",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        Said("A man in a coat and jeans with short hair.", colourless=True),
        Said("A man in a light jacket and dark trousers with a bluetooth headset.", colourless=True),
    ),
    bad=(
        Said("A man in a black coat and jeans.", colourless=True),
        Said("A woman with blonde hair and a coat.", colourless=True),
        Said("A man in white sneakers and a gray hoodie.", colourless=True),
        Said("A brunette woman in a greyish coat.", colourless=True),
        Said("A person in a turquoise shirt and shorts.", colourless=True),
    ),
)
