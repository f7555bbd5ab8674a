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
        """Mark the asked keys that are here: `ok` where an answer is, the number of failures in `tries`.

        Several times faster for keys in order than for others, which jump through memory.
        """
        prefixes = np.ascontiguousarray(self.prefixes)
        wanted = np.ascontiguousarray(asked[:, 0])
        row = np.searchsorted(prefixes, wanted)
        place = np.arange(len(wanted))
        while len(place):
            inside = row < len(prefixes)
            place, row = place[inside], row[inside]
            near = prefixes[row] == wanted[place]
            place, row = place[near], row[near]
            same = (self.keys[row] == asked[place]).all(axis=1)
            here, found = place[same], self.ordinals[row[same]]
            ok[here] |= found == 0
            tries[here] = np.maximum(tries[here], found)
            row = row + 1


def words_of(keys: Sequence[str]) -> Words:
    """Keys as hex to words, shape (n, 4). Raises ValueError for what is no key."""
    words = np.frombuffer(bytes.fromhex("".join(keys)), dtype=">u8").astype(np.uint64).reshape(-1, 4)
    if len(words) != len(keys):
        raise ValueError("keys are 64 hex digits")
    return words
