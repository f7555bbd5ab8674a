"""A text that breaks off: it does not end in a stop, or ends in a word that cannot end a sentence."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_OPEN = re.compile(
    r"\b(?:a|an|the|and|or|with|of|his|their|wearing|carrying|which|whose)\W*\Z",
    re.IGNORECASE,
)
_ENDS = (".", "!", "?", '."', '!"')


def _score(said: Said) -> float:
    text = said.text.rstrip()
    return float(not text.endswith(_ENDS) or text.endswith("...") or _OPEN.search(text) is not None)


FILTER = Filter(
    name="truncated",
    blocks=True,
    score=_score,
    made_only=True,
    good=(PLAIN, *texts('He said: "I saw a man in black."')),
    bad=texts("A man in a black coat and blue je", "A man in a black coat and.", "A man in a coat, carrying a..."),
)
