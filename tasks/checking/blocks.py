"""A table as blocks of consecutive rows, so that no check ever holds all conversations of a large version.

    for block in blocks(staged, "conversations"):
        family = block.words("family")                    # codes and the few values behind them
        image, row = block.words("images[].image_id"), block.rows_of("images[].image_id")
        answered = block.numbers("answer.gold_bool", -1)

Leaves are read when first asked for and kept while the block lives, so that many gates share one reading. Rows come
in the order of `Staged.table`; small files share a block, large ones are cut at their row groups.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Staged
from schemas.keys import hash_ids
from tasks.checking.memory import Memory
from tasks.contracts.parts import Filed, InFile
from tasks.contracts.paths import cells, lenient

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
BLOCK_ROWS = 65_536
_WITH_PICTURES = 1_000


class Piece(Protocol):
    """Some rows of a table, read leaf by leaf."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    def read(self, path: str) -> pa.Table:
        """The rows with at least the leaves at or below a path; words may be dictionaries."""
        ...

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Whole columns, plain."""
        ...


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of a table in memory."""

    table: pa.Table

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    def read(self, path: str) -> pa.Table:
        """All columns, which lie there anyway."""
        return self.table

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Some columns."""
        return self.table.select(list(names))


@dataclass(frozen=True, slots=True)
class Group:
    """One row group of a Parquet file."""

    file: InFile
    group: int
    rows: int

    def read(self, path: str) -> pa.Table:
        """The leaves at or below a path. Raises BadTable when the file cannot be read or lacks them."""
        return self.file.group(self.group, path)

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Whole columns, plain. Raises BadTable when the file cannot be read."""
        return self.file.columns(names, [self.group])


@dataclass(frozen=True, slots=True)
class Words:
    """A column of words as numbers: `codes` lead into `values`, -1 is null."""

    codes: Ints
    values: pa.Array

    def at(self, rows: Ints) -> "Words":
        """The words of some rows."""
        return Words(self.codes[rows], self.values)

    def texts(self) -> Texts:
        """The words themselves as objects; None where null."""
        known = np.array([*self.values.to_pylist(), None], dtype=object)
        return np.asarray(known[self.codes], dtype=object)

    def among(self, wanted: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each word is one of `wanted`; null is none."""
        found = pc.is_in(self.values, value_set=pa.array(wanted, pa.string()))
        return np.array([*found.to_pylist(), False], dtype=bool)[self.codes]


class Block:
    """Consecutive rows of a table; `start` is the number of its first row in the table."""

    def __init__(self, pieces: Sequence[Piece], start: int) -> None:
        self._pieces = pieces
        self.start = start
        self.rows = sum(piece.rows for piece in pieces)
        self._values: dict[str, pa.Array] = {}
        self._owners: dict[str, Ints] = {}
        self._words: dict[str, Words] = {}
        self._worked_out: dict[Any, Any] = {}

    def once(self, what: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made when first asked for under that name: what several gates count over."""
        if what not in self._worked_out:
            self._worked_out[what] = make()
        return self._worked_out[what]

    def values(self, path: str) -> pa.Array:
        """The values at a path as one flat array, strings as dictionaries where the file has them so."""
        if path not in self._values:
            self._read(path)
        return self._values[path]

    def rows_of(self, path: str) -> Ints:
        """The row in this block, 0 the first, of every value at a path."""
        if path not in self._owners:
            self._read(path)
        return self._owners[path]

    def _read(self, path: str) -> None:
        found = [cells(piece.read(path), path) for piece in self._pieces]
        starts = np.cumsum([0, *(piece.rows for piece in self._pieces)])
        rows = [
            np.asarray(one.rows.to_numpy(), dtype=np.int64) + start for one, start in zip(found, starts, strict=False)
        ]
        values = [one.values for one in found]
        self._values[path] = values[0] if len(values) == 1 else pa.concat_arrays([_lenient(one) for one in values])
        self._owners[path] = np.concatenate(rows)

    def words(self, path: str) -> Words:
        """A leaf of words as codes; each value stands in the dictionary once."""
        if path not in self._words:
            self._words[path] = _words(self.values(path))
        return self._words[path]

    def plain(self, path: str) -> pa.Array:
        """A leaf of words as plain strings: for long or mostly different ones."""
        values = self.values(path)
        return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values

    def numbers(self, path: str, missing: int) -> Ints:
        """A leaf of numbers or truth values as int64, with a stand-in for null."""
        values = self.values(path)
        whole = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
        return np.asarray(pc.fill_null(whole.cast(pa.int64()), missing).to_numpy(), dtype=np.int64)

    def position(self, items: str) -> Ints:
        """The number from 1 of every item of a list within its row: Image 1, Image 2, …"""
        found: Ints = self.once(("position", items), lambda: _positions(self.rows_of(items), self.rows))
        return found

    def hashes(self, path: str) -> Keys:
        """A 64-bit number for every word of a leaf, the same in every block; null is 0."""
        found: Keys = self.found(path, lambda keys: keys)
        return found

    def found(self, path: str, look: Callable[[Keys], Any]) -> Any:
        """What `look` finds for the hash of every word of a leaf; it is asked once per different word, null being 0."""
        return look(self.once(("hashes", path), lambda: _hashes(self.words(path))))[self.words(path).codes]

    def lengths(self, path: str, leaf: str) -> pa.Array:
        """How many items each row's list at a column has, null for no list; `leaf` is any leaf below it."""
        found = [pc.list_value_length(piece.read(leaf).column(path)) for piece in self._pieces]
        return pa.chunked_array([chunk for one in found for chunk in one.chunks], pa.int32()).combine_chunks()

    def names(self, rows: Ints, key: str = "sample_id") -> list[str]:
        """The ids of some rows of this block, in the order given."""
        return [str(name) for name in self.plain(key).take(pa.array(rows, pa.int64())).to_pylist()]

    @cached_property
    def numbered(self) -> Ints:
        """The number of each row in the whole table."""
        return np.arange(self.start, self.start + self.rows, dtype=np.int64)


def _lenient(values: pa.Array) -> pa.Array:
    """Values of nested types with children that may be null: files differ in what they promise there."""
    return values.cast(lenient(values.type)) if pa.types.is_nested(values.type) else values


def _hashes(words: Words) -> Keys:
    return np.append(hash_ids(words.values.to_pylist()), np.uint64(0))


def _positions(row: Ints, rows: int) -> Ints:
    """Numbers from 1 within each of some ascending rows."""
    counts = np.bincount(row, minlength=rows)
    return np.asarray(np.arange(1, len(row) + 1) - (np.cumsum(counts) - counts)[row], dtype=np.int64)


def _words(values: pa.Array) -> Words:
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = np.asarray(pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(), dtype=np.int64)
    return Words(codes, coded.dictionary)


def blocks(staged: Staged, table: str, most: int | None = None) -> Iterator[Block]:
    """A table as blocks of at most `most` rows, or of one row group where that is larger; none when it is empty.

    Unless said otherwise, 1,000 rows of images and 65,536 of any other table.
    """
    start = 0
    for pieces in shares(staged, table, most):
        block = Block(pieces, start)
        start += block.rows
        yield block


def shares(staged: Staged, table: str, most: int | None = None) -> Iterator[list[Piece]]:
    """What each block is made of."""
    held: list[Piece] = []
    bound = most or (_WITH_PICTURES if table == "images" else BLOCK_ROWS)
    for piece in pieces(staged, table, bound):
        if held and sum(one.rows for one in held) + piece.rows > bound:
            yield held
            held = []
        held.append(piece)
    if held:
        yield held


def pieces(staged: Staged, table: str, most: int = BLOCK_ROWS) -> Iterator[Piece]:
    """A table by its row groups; in memory, by slices of at most `most` rows."""
    if isinstance(staged, Memory):
        yield from pieces(staged.staged, table, most)
    elif isinstance(staged, Filed):
        for path in staged.files(table):
            file = InFile(path)
            yield from (Group(file, number, rows) for number, rows in enumerate(file.groups) if rows)
    elif staged.has(table):
        whole = staged.table(table)
        yield from (Slice(whole.slice(start, most)) for start in range(0, whole.num_rows, most))
