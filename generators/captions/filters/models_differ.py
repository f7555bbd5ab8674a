"""A text that says otherwise than what other models say of the same image: noted, since either may be wrong."""

from generators.captions.attribute_read import read
from generators.captions.consistency import compared
from schemas.filter import Filter, Said

_RED = {"upper_type": "coat", "upper_color_primary": "red"}
_BLUE = {"upper_type": "coat", "upper_color_primary": "blue"}


def _score(said: Said) -> float | None:
    """The share of compared keys that differ, over all others."""
    if not said.others:
        return None
    told = read(said.text)
    found = [compared(told, other) for other in said.others]
    keys = sum(each.keys for each in found)
    return sum(len(each.differing) for each in found) / keys if keys else None


FILTER = Filter(
    name="models_differ",
    blocks=False,
    score=_score,
    above=0.34,
    made_only=True,
    measured=True,
    good=(Said("A man in a red coat."), Said("A man in a red coat and jeans.", others=(_RED,))),
    bad=(
        Said("A man in a red coat and jeans.", others=(_BLUE,)),
        Said("A man in a red vest and jeans.", others=(_RED, _BLUE)),
    ),
)
