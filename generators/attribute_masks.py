"""Attribute values as bit masks over the closed vocabulary, one mask per image and key.

Bit i stands for the i-th value of the key; `skirt|dress` sets two bits; 0 is unknown; HIDDEN says that somebody looked
and could not see. Masks make "may these two both be true?" one AND over a million rows.
"""

from collections.abc import Collection
from functools import cache

import numpy as np
import pyarrow as pa

from generators.numbering import numbered
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

# Values that people word differently for one thing; `other` may be any of them.
_ALIKE = {
    "upper_type": (
        ("t_shirt", "shirt", "polo", "blouse", "other"),
        ("sweater", "hoodie", "other"),
        ("jacket", "coat", "down_jacket", "suit_jacket", "uniform", "other"),
        ("vest", "dress_top", "t_shirt", "other"),
        ("hoodie", "jacket"),
    ),
    "lower_type": (
        ("trousers", "jeans", "leggings", "sweatpants", "suit_trousers", "other"),
        ("skirt", "dress", "other"),
        ("shorts", "other"),
    ),
    "lower_length": (("short", "knee"), ("knee", "long")),
    "hair_length": (("short", "medium"), ("medium", "long"), ("long", "tied"), ("short", "tied"), ("bald", "short")),
    "hair_color": (("black", "brown", "dark"), ("blond", "white", "grey"), ("brown", "blond", "red", "dyed")),
    "headwear": (("cap", "hat", "beanie", "other"), ("hood", "headscarf", "other")),
    "glasses": (("glasses", "sunglasses"),),
    "footwear_type": (("sneakers", "casual", "leather", "other"), ("sandals", "heels", "other"), ("leather", "boots")),
    "upper_pattern": (("logo_text", "graphic", "other"), ("striped", "plaid", "other"), ("plain", "spliced")),
    "lower_pattern": (("logo_text", "graphic", "other"), ("striped", "plaid", "other"), ("plain", "spliced")),
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
    """A mask and the values that may pass for its own: hues on a tinted crop, trousers for jeans."""
    values = VOCABULARY[key].values
    chosen = {value for at, value in enumerate(values) if mask >> at & 1}
    kin = {near for value in chosen for near in _kin(key, value)}
    return mask | sum(1 << values.index(value) for value in kin - chosen)


def near_masks(key: str, masks: Masks) -> Masks:
    """near_mask of many masks."""
    distinct, at = numbered(masks)
    return np.array([near_mask(key, int(mask)) for mask in distinct], dtype=np.uint32)[at]


def apart(one: Masks, near_one: Masks, other: Masks, near_other: Masks) -> Flags:
    """Whether no value of the one mask may pass for one of the other, given the near_masks of both."""
    return np.asarray(((near_one & other) | (one & near_other)) == 0)


def _kin(key: str, value: str) -> tuple[str, ...]:
    if VOCABULARY[key].values == COLOURS:
        return _NEAR[value]
    return tuple(near for group in _ALIKE.get(key, ()) if value in group for near in group)


def words_of(key: str, masks: Masks) -> pa.Array:
    """Masks as spoken values: `dark blue`, `skirt or dress`, `not visible`."""
    distinct, at = numbered(masks)
    return pa.array([spoken(value_of(key, int(mask))) for mask in distinct], pa.string()).take(pa.array(at))


def is_single(masks: Masks) -> Flags:
    """Whether a mask names exactly one value."""
    return np.asarray((masks != 0) & (masks & (masks - np.uint32(1)) == 0) & (masks != HIDDEN))


def plain_keys(worded: Collection[str]) -> list[str]:
    """The attributes that a family has words for, in the order of the vocabulary; sensitive ones are never asked."""
    return [key for key in VOCABULARY if key in worded and not VOCABULARY[key].sensitive]


def told_once(key: str, values: Masks, infrared: Flags) -> Flags:
    """Which pictures are known to show exactly one value; infrared tells no colours."""
    return np.asarray(is_single(values) & ~(infrared & (not VOCABULARY[key].in_infrared)))


def values_of(people: pa.Table, attributes: pa.Table) -> dict[str, Masks]:
    """Per vocabulary key the mask of each image, as generators.records settles what is known of it."""
    records = resolve(people, attributes)
    masks = {}
    for key, labels in records.labels.items():
        table = np.array([*(mask_of(key, label) for label in labels), 0], dtype=np.uint32)
        masks[key] = table[records.values[key]]
    return masks
