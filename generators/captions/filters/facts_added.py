"""A rewording that says what its source does not: the share of its readable facts that are new or otherwise."""

from generators.captions.attribute_read import read
from generators.captions.consistency import compared
from schemas.filter import Filter, Said

_SOURCE = "A blond woman wears a green coat and black trousers. She has a handbag."


def _score(said: Said) -> float | None:
    if said.source is None:
        return None
    told, stated = read(said.text), read(said.source)
    if not told:
        return None
    new = [key for key in told if key not in stated]
    return (len(new) + len(compared(told, stated).differing)) / len(told)


FILTER = Filter(
    name="facts_added",
    blocks=True,
    score=_score,
    made_only=True,
    measured=True,
    good=(
        Said("A woman in a green coat and black trousers."),
        Said("A woman in black trousers and a green coat carries a handbag.", source=_SOURCE),
    ),
    bad=(
        Said("A woman in a green coat and black trousers with a handbag and a backpack.", source=_SOURCE),
        Said("A woman in a red coat and black trousers, with a handbag.", source=_SOURCE),
    ),
)
