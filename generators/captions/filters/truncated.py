"""A text that breaks off: in a word that cannot end a sentence, with dots or a comma, or in its last sentence.

Judged on what the model wrote, before a stop is set for it. One whole sentence without its stop is no fault: many
models leave it out, and servers say when an answer was cut.
"""

import re

from generators.captions.phrases import WORDS
from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said
from schemas.vocabulary import COLOURS

_HUES = "|".join(sorted({word for colour in COLOURS for word in WORDS["colour"].get(colour, [colour])}))
_OPEN = re.compile(
    r"\b(?:a|an|the|and|or|with|of|his|their|wearing|carrying|which|whose|to"
    rf"|an? (?:{_HUES})|(?:the|his|her|their) \w+ (?:is|are))\W*\Z",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\b(?:what|how|than)\b[^.]*\Z", re.IGNORECASE)
_ENDS = (".", "!", "?", '."', '!"', ".)", ".'", ".”")
_DOTS = ("...", "…", '…"', '..."')
_HALF = re.compile(r"[.!?] \S+(?: \S+)*\Z|[,;:\-–(]\W*\Z")


def _score(said: Said) -> float:
    text = " ".join((said.raw or said.text).strip(" \n`").split())
    if text.endswith(_DOTS) or (_OPEN.search(text) and not _ASKED.search(text)):
        return 1.0
    whole = text.endswith(_ENDS) or (said.raw is not None and not _HALF.search(text))
    return float(not whole)


FILTER = Filter(
    name="truncated",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        *texts(
            'He said: "I saw a man in black."', "A coat that her hair falls over.", "A boy in shorts with a bag on."
        ),
        Said("A man in a black coat and blue jeans.", raw="A man in a black coat and blue jeans"),
    ),
    bad=(
        *texts("A man in a black coat and blue je", "A man in a black coat and.", "A man in a coat, carrying a..."),
        *texts("She has long hair and a black.", "A man in a coat and jeans. The shoes are."),
        Said("A man in a coat. He is carrying.", raw="A man in a coat. He is carrying"),
        Said("A man in a coat and jeans.", raw="A man in a coat and jeans, "),
        Said("A man in a coat with.", raw="A man in a coat with…"),
    ),
)
