"""Attribute values as bit masks over the closed vocabulary, one mask per image and key.

Bit i stands for the i-th value of the key; `skirt|dress` sets two bits; 0 is unknown; HIDDEN says that somebody looked
and could not see. Masks make "may these two both be true?" one AND over a million rows.
"""

from functools import cache

import numpy as np
import pyarrow as pa

from generators.records import resolve
from schemas.question import HIDDEN, Flags, Masks
from schemas.vocabulary import COLOURS, NOT_VISIBLE, UNKNOWN, VOCABULARY, spoken

# Hues that one camera may turn into another.
_NEAR = {
    "black": ("dark_blue", "grey"), "white": ("beige", "grey"), "grey": ("white", "black"),
    "red": ("orange", "pink"), "orange": ("red", "yellow", "brown"), "yellow": ("orange", "beige"),
    "green": ("blue",), "blue": ("dark_blue", "green"), "dark_blue": ("black", "blue"),
    "purple": ("pink", "blue"), "pink": ("red", "purple"), "brown": ("beige", "orange"),
    "beige": ("brown", "white", "yellow"), "multicolour": COLOURS,
}  # fmt: skip


@cache
def mask_of(key: str, value: str) -> int:
    """The mask of a value (alternatives joined by `|`); 0 for unknown, the HIDDEN bit for not_visible."""
    if value in (UNKNOWN, NOT_VISIBLE):
        return int(HIDDEN) if value == NOT_VISIBLE else 0
    return sum(1 << VOCABULARY[key].values.index(part) for part in value.split("|"))


@cache
def value_of(key: str, mask: int) -> str:
    """The value a mask stands for; the reverse of mask_of."""
    if mask & int(HIDDEN):
        return NOT_VISIBLE
    return "|".join(v for i, v in enumerate(VOCABULARY[key].values) if mask >> i & 1) or UNKNOWN


@cache
def near_mask(key: str, mask: int) -> int:
    """A mask and, for colours, the hues that pass for its own on a dim or tinted crop."""
    if VOCABULARY[key].values != COLOURS:
        return mask
    return mask | sum(1 << COLOURS.index(near) for near in {n for hue in _hues(mask) for n in _NEAR[hue]} - _hues(mask))


def _hues(mask: int) -> set[str]:
    return {hue for at, hue in enumerate(COLOURS) if mask >> at & 1}


def words_of(key: str, masks: Masks) -> pa.Array:
    """Masks as spoken values: `dark blue`, `skirt or dress`, `not visible`."""
    distinct, at = np.unique(masks, return_inverse=True)
    return pa.array([spoken(value_of(key, int(mask))) for mask in distinct], pa.string()).take(pa.array(at))


def is_single(masks: Masks) -> Flags:
    """Whether a mask names exactly one value."""
    return np.asarray((masks != 0) & (masks & (masks - np.uint32(1)) == 0) & (masks != HIDDEN))


def values_of(people: pa.Table, attributes: pa.Table) -> dict[str, Masks]:
    """Per vocabulary key the mask of each image, as generators.records settles what is known of it."""
    records = resolve(people, attributes)
    masks = {}
    for key, labels in records.labels.items():
        table = np.array([*(mask_of(key, label) for label in labels), 0], dtype=np.uint32)
        masks[key] = table[records.values[key]]
    return masks
