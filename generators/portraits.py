"""What a picture shows, part by part, in words: the phrases that rule-made answers are put together from.

    portraits = Portraits(pool)
    portraits.known("top")              # which pictures it can be said of
    portraits.said("top", positions)    # `a plain red jacket`, one phrase per row, "" where unknown

Only what a crop shows and what is not sensitive is said; each distinct record is worded once.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.attribute_masks import value_of
from generators.captions.phrases import SLOTS, listed, phrases
from schemas.keys import Words, mix
from schemas.question import HIDDEN, Flags, Ints, Masks, Pool
from schemas.vocabulary import NOT_VISIBLE, UNKNOWN

PARTS = ("hair", "headwear", "glasses", "top", "lower", "shoes", "bag")
_SLOT_OF = {"top": "upper", "bag": "bags"}
_BAGS = ("backpack", "shoulder_bag", "hand_bag")


def keys_of(part: str) -> tuple[str, ...]:
    """The vocabulary keys that a part is told by."""
    return SLOTS[_SLOT_OF.get(part, part)][0]


def own_keys_of(part: str) -> tuple[str, ...]:
    """Those of them that are about the part itself: a top's phrase also looks at the legs, for a dress."""
    about = {"top": "upper_", "lower": "lower_"}.get(part, "")
    return tuple(key for key in keys_of(part) if key.startswith(about))


class Portraits:
    """The parts of every picture of a pool as phrases."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._codes: dict[str, Ints] = {}
        self._words: dict[str, list[str]] = {}

    def known(self, part: str) -> Flags:
        """Of which pictures something can be said of a part."""
        codes, words = self._part(part)
        return np.array([bool(text) for text in words])[codes]

    def said(self, part: str, at: Ints) -> pa.Array:
        """The phrase of a part for pictures at these positions; "" where nothing is known."""
        codes, words = self._part(part)
        return pa.array(words, pa.string()).take(pa.array(codes[at]))

    def known_parts(self) -> Flags:
        """The same for every one of PARTS, (pictures, parts)."""
        return np.stack([self.known(part) for part in PARTS], axis=1)

    def code(self, part: str) -> Ints:
        """Equal phrases as equal numbers, for every picture."""
        return self._part(part)[0]

    def _part(self, part: str) -> tuple[Ints, list[str]]:
        if part not in self._codes:
            keys = keys_of(part)
            rows, at = distinct(self._pool.values, keys)
            worded = [_phrase(part, dict(zip(keys, row, strict=True))) for row in rows]
            texts = sorted(set(worded))
            order = np.array([texts.index(text) for text in worded], dtype=np.int64)
            self._codes[part], self._words[part] = order[at], texts
        return self._codes[part], self._words[part]


def distinct(values: Mapping[str, Masks], keys: tuple[str, ...]) -> tuple[list[list[str]], Ints]:
    """The distinct combinations of some keys as vocabulary values, and which of them each picture has."""
    columns = [values[key] for key in keys]
    _, first, at = np.unique(
        mix(*(column.astype(np.uint64) for column in columns)), return_index=True, return_inverse=True
    )
    rows = zip(*(column[first].tolist() for column in columns), strict=True)
    return [[value_of(key, mask) for key, mask in zip(keys, row, strict=True)] for row in rows], at.astype(np.int64)


def _phrase(part: str, facts: Mapping[str, str]) -> str:
    if part == "bag" and all(facts[key] == "no" for key in _BAGS):
        return "no bag"
    if part in ("headwear", "glasses") and facts[part] == "none":
        return f"no {part}"
    if part == "bag" and any(facts[key] in (UNKNOWN, NOT_VISIBLE) for key in _BAGS):
        return ""
    said = phrases(_SLOT_OF.get(part, part), facts, 0)
    return listed(said) if said else ""


def is_known(values: Masks) -> Flags:
    """Where something is known and can be seen."""
    return np.asarray((values != 0) & ((values & HIDDEN) == 0))


def joined(columns: list[pa.Array], by: str) -> pa.Array:
    """The columns row by row, joined by a separator; empty strings are left out."""
    led = [pc.if_else(pc.equal(column, ""), "", pc.binary_join_element_wise(by, column, "")) for column in columns]
    return pc.utf8_slice_codeunits(pc.binary_join_element_wise(*led, ""), len(by))


def in_words(columns: list[pa.Array]) -> pa.Array:
    """The columns row by row as an English list, `a, b and c`; empty strings only at the end of a row."""
    here = np.stack([pc.not_equal(column, "").to_numpy(zero_copy_only=False) for column in columns], axis=1)
    at = here.sum(axis=1) - 1
    last = pc.choose(pa.array(np.maximum(at, 0)), *columns)
    before = [pc.if_else(pa.array(at > place), column, "") for place, column in enumerate(columns)]
    first = joined(before, ", ")
    return joined([first, last], " and ")


def packed(fields: Flags) -> Words:
    """One number per set of up to 64 flagged columns."""
    bits = np.left_shift(np.uint64(1), np.arange(fields.shape[1], dtype=np.uint64))
    return np.asarray((fields * bits[None, :]).sum(axis=1, dtype=np.uint64))
