"""Figures of blocks that add up: how often each combination of values stands in a row, and which rows fail."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.checking.blocks import Block, Ints, Keys, Words, pieces
from tasks.checking.memory import Memory
from tasks.checking.verdicts import SHOWN

Cell = tuple[str | int | None, ...]
_MOST_CODES = 2**62


def tally(columns: Sequence[Words | Ints], where: npt.NDArray[np.bool_] | None = None) -> Counter[Cell]:
    """How often each combination of values occurs in the rows `where`: words as text, None where null."""
    coded = [column.codes if isinstance(column, Words) else column for column in columns]
    rows = np.arange(len(coded[0])) if where is None else np.flatnonzero(where)
    if not len(rows):
        return Counter()
    _, first, counts = np.unique(_combined([codes[rows] for codes in coded]), return_index=True, return_counts=True)
    values = [_values(column, rows[first]) for column in columns]
    return Counter(dict(zip(zip(*values, strict=True), counts.tolist(), strict=True)))


def _combined(columns: Sequence[Ints]) -> Ints:
    """One number per row for its combination of numbers."""
    key, span = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        least, width = int(column.min()), int(column.max()) - int(column.min()) + 1
        if span * width > _MOST_CODES:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            span = len(key)
        key, span = key * width + (column - least), span * width
    return key


def _values(column: Words | Ints, rows: Ints) -> list[str | int | None]:
    found = column.at(rows).texts() if isinstance(column, Words) else column[rows]
    return list(found.tolist())


def total(found: Iterable[Counter[Cell]]) -> Counter[Cell]:
    """The tallies of all blocks as one."""
    summed: Counter[Cell] = Counter()
    for one in found:
        summed.update(one)
    return summed


def summed(keys: Keys, rows: Ints, n: int) -> Keys:
    """The sums of keys by ascending row, wrapping around; 0 for rows without any."""
    ends = np.cumsum(np.bincount(rows, minlength=n))
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(keys, dtype=np.uint64)])
    return np.asarray(sums[ends] - sums[np.concatenate([[0], ends[:-1]])], dtype=np.uint64)


def joined(found: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The arrays of all blocks as one; empty when there is no block."""
    held = list(found)
    return np.concatenate(held) if held else np.empty(0, dtype=np.int64)


def names_of(staged: Memory, rows: Ints) -> tuple[str, ...]:
    """The sample ids of the first of some rows, by their ascending numbers in the whole table."""
    wanted, found, start = rows[:SHOWN], [], 0
    for piece in pieces(staged, "conversations"):
        mine = wanted[(wanted >= start) & (wanted < start + piece.rows)] - start
        if len(mine):
            found += piece.columns(["sample_id"]).column(0).take(pa.array(mine)).to_pylist()
        start += piece.rows
    return tuple(str(name) for name in found)


@dataclass(frozen=True, slots=True)
class Failing:
    """Rows that fail, without holding them all: a key of each, and the ids of the first, in order or by name."""

    keys: Keys
    first: tuple[str, ...]

    @staticmethod
    def of(block: Block, rows: Ints, by_name: bool = False, key: str = "sample_id") -> "Failing":
        """The failing rows of one block; `by_name` shows those first whose ids sort first."""
        if not len(rows):
            return Failing(np.empty(0, dtype=np.uint64), ())
        ids = block.names(rows if by_name else rows[:SHOWN], key)
        return Failing(block.hashes(key)[rows], tuple(sorted(set(ids))[:SHOWN] if by_name else ids))

    @staticmethod
    def all(found: Sequence["Failing"], by_name: bool = False) -> "Failing":
        """The failing rows of all blocks, each id counted once."""
        keys = np.unique(np.concatenate([one.keys for one in found])) if found else np.empty(0, dtype=np.uint64)
        ids = dict.fromkeys(name for one in found for name in one.first)
        return Failing(keys, tuple((sorted(ids) if by_name else list(ids))[:SHOWN]))

    def __len__(self) -> int:
        return len(self.keys)
