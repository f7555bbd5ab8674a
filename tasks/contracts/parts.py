"""Reading one path of a table at a time: only its leaf of each Parquet file, words as dictionaries, with row numbers.

What a file's footer states of a leaf (nulls, smallest and largest value) often proves a rule without reading a row.
A table in memory is one part without a footer.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import BadTable
from schemas.gate import Staged

_PICTURE = "image.bytes"
_COMPACT = 6  # bytes of a value, on average
_LIST = re.compile(r"\.list\.(element|item)")


@runtime_checkable
class Filed(Protocol):
    """A version on disk: it knows the files of each table."""

    def files(self, table: str) -> list[Path]:
        """The shards of a table, sorted by name."""
        ...


@dataclass(frozen=True, slots=True)
class Stated:
    """What a footer says of one leaf: nulls at any depth (None: not stated), smallest and largest value, and of how
    many values, nulls included, it speaks (None where the path leads to more than one leaf, or a list)."""

    nulls: int | None = None
    least: Any = None
    most: Any = None
    values: int | None = None


class Part(Protocol):
    """Some rows of a table."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Whole columns, plain: those of a key."""
        ...

    def stretches(self, paths: Sequence[str]) -> Iterator[pa.Table]:
        """Runs of rows in order, with at least the leaves of some paths; words may be dictionaries."""
        ...

    def stated(self, path: str) -> Stated:
        """What is known of a path without reading."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """A table in memory as one part; nothing is stated of it."""

    table: pa.Table

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Some columns."""
        return self.table.select(list(names))

    def stretches(self, paths: Sequence[str]) -> Iterator[pa.Table]:
        """The whole table."""
        yield self.table

    def stated(self, path: str) -> Stated:
        """Nothing."""
        return Stated()


class InFile:
    """A Parquet file as one part. Raises BadTable, here and on every read, when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._reading() as opened:
            self._footer = opened.metadata
        names = [self._footer.schema.column(n).path for n in range(self._footer.num_columns)]
        self._places = {_LIST.sub("[]", name): n for n, name in enumerate(names)}
        self._said: dict[int, Stated] = {}

    @contextmanager
    def _reading(self, **options: Any) -> Iterator[pq.ParquetFile]:
        with self._decoding(), pq.ParquetFile(self._path, **options) as opened:
            yield opened

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(self._path, error) from error

    @property
    def rows(self) -> int:
        """How many rows the footer states."""
        return int(self._footer.num_rows)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema that the footer tells."""
        with self._decoding():
            return self._footer.schema.to_arrow_schema()

    @property
    def groups(self) -> list[int]:
        """How many rows the footer states of each row group."""
        return [int(self._footer.row_group(n).num_rows) for n in range(self._footer.num_row_groups)]

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """The key-value metadata of the file."""
        return self._footer.metadata or {}

    def columns(self, names: Sequence[str], groups: Sequence[int] | None = None) -> pa.Table:
        """Some columns of the file, or of some of its row groups."""
        with self._reading(metadata=self._footer) as opened:
            chosen = range(self._footer.num_row_groups) if groups is None else groups
            return opened.read_row_groups(list(chosen), columns=list(names), use_threads=False)

    def stretches(self, paths: Sequence[str]) -> Iterator[pa.Table]:
        """The leaves of some paths, one row group at a time: a dictionary never spans two."""
        places = sorted({self._leaf(path) for path in paths})
        names = sorted(self._footer.schema.column(place).path for place in places)
        worded = [self._footer.schema.column(place).path for place in places if self._repeats(place)]
        with self._reading(metadata=self._footer, read_dictionary=worded) as opened:
            for group in range(self._footer.num_row_groups):
                yield opened.read_row_group(group, columns=names, use_threads=False)

    def group(self, number: int, path: str) -> pa.Table:
        """The leaves at or below a path of one row group, words as dictionaries. Raises BadTable for an unknown one."""
        below = (f"{path}.", f"{path}[]")
        names = [
            self._footer.schema.column(n).path
            for name, n in self._places.items()
            if name == path or name.startswith(below)
        ]
        if not names:
            raise BadTable(f"The file {self._path.name!r} has no column {path!r}.")
        words = [name for name in names if not name.endswith(_PICTURE)]
        with self._reading(metadata=self._footer, read_dictionary=words) as opened:
            return opened.read_row_group(number, columns=names, use_threads=False)

    def stated(self, path: str) -> Stated:
        """The footer's word over all row groups; of a path above its leaf, whether that has nulls."""
        leaf = self._leaf(path)
        if leaf not in self._said:
            self._said[leaf] = _stated(self._footer, leaf)
        return self._said[leaf] if path in self._places else Stated(self._said[leaf].nulls)

    def _repeats(self, leaf: int) -> bool:
        """Whether the values of a leaf take so little room that few differ: the others are read faster as they are."""
        chunks = [self._footer.row_group(n).column(leaf) for n in range(self._footer.num_row_groups)]
        size, values = (sum(getattr(one, name) for one in chunks) for name in ("total_uncompressed_size", "num_values"))
        return bool(size < _COMPACT * values)

    def _leaf(self, path: str) -> int:
        """The first leaf at or below a path."""
        if path in self._places:
            return self._places[path]
        below = (f"{path}.", f"{path}[]")
        return next(n for name, n in self._places.items() if name.startswith(below))


def parts(staged: Staged, table: str, opened: Callable[[Path], InFile] = InFile) -> list[Part]:
    """The parts of a table: its files, or the whole table when it lies in memory."""
    if isinstance(staged, Filed):
        return [opened(path) for path in staged.files(table)]
    return [InMemory(staged.table(table))]


def _unreadable(path: Path, error: Exception) -> BadTable:
    """The error for a file that is not the table it should be."""
    place = f"{path.parent.name}/{path.name}"
    return BadTable(f"The file {place!r} cannot be read as its table: {str(error).splitlines()[0]}")


def _stated(footer: pq.FileMetaData, leaf: int) -> Stated:
    """The footer's word over all row groups; what one of them does not state is not stated."""
    chunks = [footer.row_group(n).column(leaf) for n in range(footer.num_row_groups)]
    groups = [chunk.statistics for chunk in chunks]
    if not groups or any(group is None or not group.has_null_count for group in groups):
        return Stated()
    nulls, values = sum(group.null_count for group in groups), sum(chunk.num_values for chunk in chunks)
    filled = [group for group, chunk in zip(groups, chunks, strict=True) if group.null_count < chunk.num_values]
    if not filled or not all(group.has_min_max for group in filled):
        return Stated(nulls, values=values)
    return Stated(nulls, min(group.min for group in filled), max(group.max for group in filled), values)
