"""Immutable sorted Parquet segments of generations: what `compact` writes and what may be copied between machines.

A segment is named by its content, `<sha256[:24]>.parquet`, and sorted by key. A file that cannot be read is a
BadTable, never a silent miss.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable
from tasks.generations.about import About
from tasks.generations.table import Table

_ROWS_PER_GROUP = 4_096
_KEY = pa.binary(32)
_COLUMNS: dict[str, tuple[Any, Any]] = {
    # name: (type, what a segment of an earlier release, which lacks the column, means by that)
    "key": (_KEY, None),
    "ordinal": (pa.int32(), None),
    "status": (pa.string(), None),
    "text": (pa.string(), None),
    "detail": (pa.string(), None),
    "prompt_tokens": (pa.int64(), None),
    "completion_tokens": (pa.int64(), None),
    "sent": (pa.int32(), 1),
    "seconds": (pa.float64(), 0.0),
    "kind": (pa.string(), ""),
    "subject": (pa.string(), ""),
    "prompt_id": (pa.string(), ""),
    "model": (pa.string(), ""),
    "revision": (pa.string(), ""),
    "images": (pa.int32(), 0),
    "image": (pa.string(), ""),
    "prompt": (pa.string(), ""),
    "schema": (pa.string(), ""),
    "parameters": (pa.string(), ""),
}
SCHEMA = pa.schema([pa.field(name, kind, nullable=False) for name, (kind, _) in _COLUMNS.items()])


class Row(NamedTuple):
    """One stored answer; `ordinal` is 0 for the one that is reused, 1, 2 … for failed attempts in their order."""

    key: str
    ordinal: int
    status: str
    text: str
    detail: str
    prompt_tokens: int
    completion_tokens: int
    sent: int
    seconds: float
    about: About

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Row":
        """A row from the values of its columns, the key as hex."""
        key, ordinal, status, text, detail, prompt_tokens, completion_tokens, sent, seconds, *about = values
        cost = (prompt_tokens, completion_tokens, sent, seconds)
        return cls(key, ordinal, status, text, detail, *cost, About(*about))

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of its columns."""
        return (*self[:9], *self.about)


class Segment:
    """One segment file. Of its content only keys and ordinals stay in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, keys: Collection[str]) -> Iterator[Row]:
        """The rows whose key is among keys. Raises BadTable when the file is damaged."""
        try:
            asked = [bytes.fromhex(key) for key in sorted(keys)]
            yield from self._read(self._groups(asked), pa.array(asked, _KEY))
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise self.damaged(str(error).splitlines()[0]) from error

    def all_rows(self) -> Iterator[Row]:
        """Every row, in order. Raises BadTable when the file is damaged."""
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(_ROWS_PER_GROUP):
                    yield from _rows(_conform(pa.Table.from_batches([batch])))
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise self.damaged(str(error).splitlines()[0]) from error

    def column_table(self, names: Sequence[str]) -> pa.Table:
        """Some columns of every row. Raises BadTable when the file is damaged."""
        try:
            with pq.ParquetFile(self.path) as file:
                there = [name for name in names if name in file.schema_arrow.names]
                return _conform(file.read(columns=there), names)
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise self.damaged(str(error).splitlines()[0]) from error

    def damaged(self, why: str) -> BadTable:
        """The error for a file that cannot be read."""
        return BadTable(
            f"The segment {self.path.name!r} of the generation store cannot be read ({why}). "
            "Restore it from a copy, or delete it to have its answers asked again."
        )

    @cached_property
    def table(self) -> Table:
        """Keys and ordinals, in order. Raises BadTable when the file is damaged."""
        return Table.of_columns(self.column_table(["key", "ordinal"]))

    def _groups(self, asked: list[bytes]) -> list[int]:
        """The row groups that hold a key with the prefix of one asked for."""
        wanted = np.frombuffer(b"".join(asked), dtype=">u8")[::4].astype(np.uint64)
        first = np.searchsorted(self.table.prefixes, wanted, side="left")
        behind = np.searchsorted(self.table.prefixes, wanted, side="right")
        runs = [range(a, b) for a, b in zip(first.tolist(), behind.tolist(), strict=True) if a < b]
        return sorted({place // _ROWS_PER_GROUP for run in runs for place in run})

    def _read(self, groups: list[int], asked: pa.Array) -> Iterator[Row]:
        if not groups:
            return
        with pq.ParquetFile(self.path) as file:
            for group in groups:
                table = _conform(file.read_row_group(group))
                yield from _rows(table.filter(pc.is_in(table["key"], value_set=asked)))


def _conform(table: pa.Table, names: Sequence[str] = tuple(_COLUMNS)) -> pa.Table:
    """A table with the columns of SCHEMA; raises ArrowInvalid when one is of another type or missing for good."""
    columns = []
    for name in names:
        kind, missing = _COLUMNS[name]
        if name in table.column_names:
            columns.append(table.column(name).cast(kind))
        elif missing is not None:
            columns.append(pa.chunked_array([pa.array([missing] * table.num_rows, kind)]))
        else:
            raise pa.ArrowInvalid(f"the column {name!r} is missing")
    return pa.Table.from_arrays(columns, schema=pa.schema([SCHEMA.field(name) for name in names]))


def _rows(table: pa.Table) -> Iterator[Row]:
    for key, *values in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield Row.of((key.hex(), *values))


def write_segment(folder: Path, rows: Sequence[Row]) -> Path:
    """Put at least one row into a new segment, whole or not at all; the same rows give the same file."""
    key, *rest = zip(*(row.values for row in sorted(rows)), strict=True)
    columns = [[bytes.fromhex(k) for k in key], *rest]
    table = pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
    draft = folder / f".draft-{os.getpid()}"
    try:
        pq.write_table(table, draft, row_group_size=_ROWS_PER_GROUP, compression="zstd", version="2.6")
        target = folder / f"{_content_name(draft)}.parquet"
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(folder)
    return target


def _content_name(path: Path) -> str:
    with path.open("rb+") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()[:24]
        os.fsync(file.fileno())
    return name


def _sync_folder(folder: Path) -> None:
    """Make the names of a folder as durable as its files."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Segments:
    """Every segment of a folder; new files are found at each look-up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, Segment] = {}

    def all(self) -> list[Segment]:
        """Every segment, in name order."""
        paths = sorted(self.folder.glob("*.parquet"))
        self._open = {path.name: self._open.get(path.name, Segment(path)) for path in paths}
        return list(self._open.values())

    def rows(self, keys: Collection[str]) -> Iterator[Row]:
        """The rows of keys in all segments, segment by segment; one that was just merged into another is looked for
        there."""
        try:
            found = [row for segment in self.all() for row in segment.rows(keys)] if keys else []
        except FileNotFoundError:
            found = [row for segment in self.all() for row in segment.rows(keys)]
        yield from found

    def known(self, keys: npt.NDArray[np.uint64]) -> "Known":
        """Which keys, shape (n, 4) words, are stored: see Known."""
        known = Known(np.zeros(len(keys), dtype=np.bool_), np.zeros(len(keys), dtype=np.int32))
        for segment in self.all():
            segment.table.look_up(keys, known.ok, known.tries)
        return known


class Known(NamedTuple):
    """For each key asked: whether its `ok` answer is stored, and how often it was tried in vain."""

    ok: npt.NDArray[np.bool_]
    tries: npt.NDArray[np.int32]
