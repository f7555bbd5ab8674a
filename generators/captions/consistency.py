"""Whether two sets of vocabulary values can be about one person: hues and names of one thing that pass for each other.

>>> compared({"upper_color_primary": "red"}, {"upper_color_primary": "blue", "backpack": "yes"})
Compared(keys=1, differing=('upper_color_primary',))
"""

from collections.abc import Mapping
from typing import NamedTuple

from generators.attribute_masks import mask_of, near_mask
from schemas.question import HIDDEN
from schemas.vocabulary import VOCABULARY


class Compared(NamedTuple):
    """How many keys both sides tell, and those on which they cannot both be right."""

    keys: int
    differing: tuple[str, ...]


def compared(claimed: Mapping[str, str], known: Mapping[str, str]) -> Compared:
    """Compare what is claimed with what is known; hidden and unknown values say nothing."""
    keys, differing = 0, []
    for key in VOCABULARY:
        if key not in claimed or key not in known:
            continue
        claim, value = mask_of(key, claimed[key]), mask_of(key, known[key])
        if not claim or not value or (claim | value) & int(HIDDEN):
            continue
        keys += 1
        if not near_mask(key, claim) & value:
            differing.append(key)
    return Compared(keys, tuple(differing))


def share(found: Compared) -> float | None:
    """The share of keys that differ; None where nothing could be compared."""
    return len(found.differing) / found.keys if found.keys else None
