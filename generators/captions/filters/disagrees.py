"""A text that says otherwise than the labels of its image: the share of told keys that cannot both be right."""

from generators.captions.attribute_read import read
from generators.captions.consistency import compared, share
from schemas.filter import Filter, Said

_COAT = {"upper_type": "coat", "upper_color_primary": "red", "lower_type": "jeans"}


def _score(said: Said) -> float | None:
    return share(compared(read(said.text), said.facts)) if said.facts else None


FILTER = Filter(
    name="disagrees",
    blocks=True,
    score=_score,
    above=0.15,
    made_only=True,
    measured=True,
    good=(
        Said("A man in a red coat and blue jeans."),
        Said("A man in an orange jacket and trousers.", facts=_COAT),
        Said("A man in a red coat and jeans with a backpack.", facts=_COAT),
    ),
    bad=(
        Said("A man in a green coat and jeans.", facts=_COAT),
        Said("A man in a red coat and a skirt.", facts=_COAT),
    ),
)
