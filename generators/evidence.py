"""What two pictures share and where they differ, by their records: the ground of every answer that gives a reason.

    compared = Compared(pool)
    compared.differs("upper_color_primary", a, b)   # known of both and clearly not the same
    compared.agrees("upper_color_primary", a, b)    # known of both and one and the same value

Values that may pass for each other (blue and dark blue, jeans and trousers) neither agree nor differ: they are no
evidence. Sensitive attributes and those of the single shot, such as the viewpoint, are never compared.

Records may leave a choice of values (`skirt|dress`) and every attribute of the vocabulary has one; `generators.facts`
is for what a plain sentence can say: twelve attributes of one value each, as matrices over all of them at once.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from generators.attribute_masks import apart, is_single, near_masks, value_of
from generators.portraits import is_known
from generators.records import OF_THE_IMAGE
from schemas.question import Evidence, Flags, Ints, Masks, Pool
from schemas.vocabulary import VOCABULARY

_LEFT_OUT = {*OF_THE_IMAGE, "height_relative"}
KEYS = tuple(key for key, declared in VOCABULARY.items() if not declared.sensitive and key not in _LEFT_OUT)


class Compared:
    """The records of a pool, ready to be compared picture by picture."""

    def __init__(self, pool: Pool) -> None:
        self._values = pool.values
        self._near: dict[str, Masks] = {}

    def differs(self, key: str, one: Ints, other: Ints) -> Flags:
        """Whether both are known of a key and no value of the one may pass for one of the other."""
        near, values = self._admitted(key), self._values[key]
        known = is_known(values[one]) & is_known(values[other])
        return np.asarray(known & apart(values[one], near[one], values[other], near[other]))

    def agrees(self, key: str, one: Ints, other: Ints) -> Flags:
        """Whether both are known to have one and the same value."""
        values = self._values[key]
        return np.asarray(is_single(values[one]) & (values[one] == values[other]))

    def _admitted(self, key: str) -> Masks:
        if key not in self._near:
            self._near[key] = near_masks(key, self._values[key])
        return self._near[key]


def records_evidence(pool: Pool, one: Ints, other: Ints, found: Mapping[str, Sequence[tuple[Flags, str]]]) -> Evidence:
    """Lines of evidence in vocabulary order: per key the rows that it speaks in, and the verdict there."""
    rows, keys, verdicts = [], [], []
    names = sorted({verdict for pairs in found.values() for _, verdict in pairs})
    listed = list(found)
    for at, key in enumerate(listed):
        for flags, verdict in found[key]:
            here = np.flatnonzero(flags)
            rows.append(here)
            keys.append(np.full(len(here), at))
            verdicts.append(np.full(len(here), names.index(verdict)))
    row, which, verdict_of = (np.concatenate([*parts, np.zeros(0, dtype=np.int64)]) for parts in (rows, keys, verdicts))
    order = np.lexsort((which, row))
    row, which, verdict_of = row[order].astype(np.int64), which[order], verdict_of[order].astype(np.int64)
    return Evidence(
        row,
        pa.array(listed, pa.string()).take(pa.array(which.astype(np.int64))),
        _named(pool, listed, which, one[row]),
        _named(pool, listed, which, other[row]),
        pa.array(names, pa.string()).take(pa.array(verdict_of)),
    )


def _named(pool: Pool, keys: Sequence[str], which: Ints, at: Ints) -> pa.Array:
    """The vocabulary value of each line's key in its picture."""
    mask = np.zeros(len(at), dtype=np.uint64)
    for number, key in enumerate(keys):
        here = which == number
        mask[here] = pool.values[key][at[here]]
    packed = (which.astype(np.uint64) << np.uint64(32)) | mask
    cells, back = np.unique(packed, return_inverse=True)
    texts = [value_of(keys[int(cell) >> 32], int(cell) & 0xFFFFFFFF) for cell in cells]
    return pa.array(texts, pa.string()).take(pa.array(back.astype(np.int64)))
