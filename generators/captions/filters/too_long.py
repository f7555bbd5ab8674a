"""A text longer than any description of one person needs to be."""

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

MAX_WORDS = 130


def _score(said: Said) -> float:
    return float(len(said.text.split()) > MAX_WORDS)


FILTER = Filter(
    name="too_long",
    blocks=True,
    score=_score,
    good=(PLAIN, *texts("word " * 130)),
    bad=texts("word " * 131, "a. " * 200),
)
