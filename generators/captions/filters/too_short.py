"""A text too short to describe a person."""

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

MIN_WORDS = 5


def _score(said: Said) -> float:
    return float(len(said.text.split()) < MIN_WORDS)


FILTER = Filter(
    name="too_short",
    blocks=True,
    score=_score,
    good=(PLAIN, *texts("She wears a red dress.")),
    bad=texts("", "A man.", "Woman in red dress."),
)
