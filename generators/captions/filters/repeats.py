"""A sentence of four words or more that stands twice: noted only."""

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said


def _score(said: Said) -> float:
    sentences = [part.strip().lower() for part in said.text.split(".") if part.count(" ") > 3]
    return 1 - len(set(sentences)) / len(sentences) if sentences else 0.0


FILTER = Filter(
    name="repeats",
    blocks=False,
    score=_score,
    good=(PLAIN, *texts("He walks. He walks.")),
    bad=texts("He wears a black coat. He wears a black coat."),
)
