"""Many keys at once: stored keys as words in memory, sorted, looked up without a Python object per key."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Table:
    """Stored keys, shape (n, 4) words in order, and the ordinal of each: 0 for an `ok` answer."""

    keys: Words
    ordinals: npt.NDArray[np.int32]

    @classmethod
    def of_columns(cls, columns: pa.Table) -> "Table":
        """The table of the columns `key` and `ordinal`, which are sorted by key."""
        column = columns["key"].combine_chunks()
        data = column.buffers()[1] if len(column) else b""
        words = np.frombuffer(data, dtype=">u8").astype(np.uint64).reshape(-1, 4)
        return cls(words[column.offset : column.offset + len(column)], columns["ordinal"].to_numpy())

    @classmethod
    def of_rows(cls, keys: Sequence[str], ordinals: Sequence[int]) -> "Table":
        """The table of keys as hex, in any order."""
        words = words_of(keys)
        order = np.argsort(words[:, 0], kind="stable")
        return cls(words[order], np.asarray(ordinals, dtype=np.int32)[order])

    @property
    def prefixes(self) -> Words:
        """The first word of every key."""
        return self.keys[:, 0]

    def look_up(self, asked: Words, ok: npt.NDArray[np.bool_], tries: npt.NDArray[np.int32]) -> None:
        """Mark the asked keys that are here: `ok` where an answer is, the number of failures in `tries`."""
        prefixes = np.ascontiguousarray(self.prefixes)
        first = np.searchsorted(prefixes, asked[:, 0], side="left")
        run = np.searchsorted(prefixes, asked[:, 0], side="right") - first
        for step in range(int(run.max(initial=0))):
            place = np.flatnonzero(run > step)
            row = first[place] + step
            same = (self.keys[row] == asked[place]).all(axis=1)
            place, row = place[same], row[same]
            ok[place] |= self.ordinals[row] == 0
            tries[place] = np.maximum(tries[place], self.ordinals[row])


def words_of(keys: Sequence[str]) -> Words:
    """Keys as hex to words, shape (n, 4). Raises ValueError for what is no key."""
    words = np.frombuffer(bytes.fromhex("".join(keys)), dtype=">u8").astype(np.uint64).reshape(-1, 4)
    if len(words) != len(keys):
        raise ValueError("keys are 64 hex digits")
    return words
