"""A rewording that drops what its source says: the share of the source's readable facts that are gone."""

from generators.captions.attribute_read import read
from schemas.filter import Filter, Said

_SOURCE = "A man wears a red coat and blue jeans. He carries a backpack."


def _score(said: Said) -> float | None:
    stated = read(said.source or "")
    if not stated:
        return None
    told = read(said.text)
    return sum(key not in told for key in stated) / len(stated)


FILTER = Filter(
    name="facts_lost",
    blocks=True,
    score=_score,
    above=0.05,
    made_only=True,
    measured=True,
    good=(
        Said("A man in a red coat."),
        Said("In blue jeans and a red coat, a man carries a backpack.", source=_SOURCE),
    ),
    bad=(
        Said("A man wears a red coat and blue jeans.", source=_SOURCE),
        Said("A man with a backpack is walking.", source=_SOURCE),
    ),
)
