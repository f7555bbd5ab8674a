"""The rows of a table in a short form, and whole again some at a time.

Rows that say nearly the same in their thousands take a fraction of their memory like this: a column of a thousand rows
that says what the thousand before said is kept once, the others are compressed, which takes less time than new memory
for them would.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from tasks.packs.columns import COLUMNS_AT_ONCE

_WRITING = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_TOGETHER = 4  # so many columns of a large table are put together at a time


@dataclass(frozen=True, slots=True)
class _Part:
    """Some rows: the columns that are those of the part before, and all others as one compressed message."""

    rows: int
    same: Mapping[str, pa.Array]
    others: Sequence[str]
    message: bytes

    def columns(self, names: Sequence[str]) -> list[pa.Array]:
        """Columns, which are named in the order of the table."""
        places = [place for place, name in enumerate(self.others) if name in names]
        found = dict(self.same)
        if places:
            options = pa.ipc.IpcReadOptions(included_fields=places, use_threads=False)
            with pa.ipc.open_stream(self.message, options=options) as stream:
                read = stream.read_next_batch()
            found |= zip(read.schema.names, read.columns, strict=True)
        return [found[name] for name in names]


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A table, read-only, in parts of about a thousand rows."""

    schema: pa.Schema
    _parts: Sequence[_Part]

    @classmethod
    def of(cls, schema: pa.Schema, parts: Iterable[pa.RecordBatch]) -> Self:
        """The rows of all parts, one after the other; none of them is empty afterwards."""
        return cls(schema, list(_squeezed(filter(len, parts))))

    @classmethod
    def of_table(cls, table: pa.Table) -> Self:
        """The rows of a table."""
        return cls.of(table.schema, table.to_batches(COLUMNS_AT_ONCE))

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return sum(part.rows for part in self._parts)

    def parts(self, *columns: str) -> Iterator[pa.RecordBatch]:
        """The rows part by part, of these columns, which come in the table's order, or of all."""
        schema = pa.schema([field for field in self.schema if field.name in columns or not columns])
        for part in self._parts:
            yield pa.RecordBatch.from_arrays(part.columns(schema.names), schema=schema)

    def changed(self, change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> Self:
        """The table with each part changed; what comes of a part may have fewer rows."""
        return self.of(self.schema, map(change, self.parts()))

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Some columns whole."""
        schema = pa.schema([field for field in self.schema if field.name in columns])
        return pa.Table.from_batches(self.parts(*columns), schema=schema).select(list(columns))

    def tables(self, rows: int) -> Iterator[pa.Table]:
        """All columns, so many rows at a time; the last table holds what is left.

        A column is one chunk, or the same chunk time and again, which takes its memory once.
        """
        held: list[tuple[_Part, slice]] = []
        room = rows
        for part in self._parts:
            start = 0
            while part.rows - start >= room:
                held.append((part, slice(start, start + room)))
                yield self._joined(held)
                start, held, room = start + room, [], rows
            held.append((part, slice(start, part.rows)))
            room -= part.rows - start
        if room < rows:
            yield self._joined(held)

    def _joined(self, held: Sequence[tuple[_Part, slice]]) -> pa.Table:
        names = self.schema.names
        bands = [names[start : start + _TOGETHER] for start in range(0, len(names), _TOGETHER)]
        return pa.Table.from_arrays([column for band in bands for column in _band(held, band)], schema=self.schema)


def _squeezed(parts: Iterable[pa.RecordBatch]) -> Iterator[_Part]:
    last: dict[str, pa.Array] = {}
    for part in parts:
        columns = dict(zip(part.schema.names, part.columns, strict=True))
        same = {name: last[name] for name in columns if name in last and last[name].equals(columns[name])}
        others = [name for name in columns if name not in same]
        last = columns | same
        yield _Part(part.num_rows, same, others, _message(part.select(others)) if others else b"")


def _message(part: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, part.schema, options=_WRITING) as stream:
        stream.write_batch(part)
    return bytes(sink.getvalue())  # of its own size: the sink's is the next power of two


def _band(held: Sequence[tuple[_Part, slice]], names: Sequence[str]) -> list[pa.ChunkedArray]:
    """Some columns of parts of which some rows are held."""
    arrays: list[list[pa.Array]] = [[] for _ in names]
    for part, some in held:
        for found, column in zip(arrays, part.columns(names), strict=True):
            found.append(column if len(column) == some.stop - some.start else column[some])
    return list(map(_column, arrays))


def _column(arrays: list[pa.Array]) -> pa.ChunkedArray:
    """The arrays as one column; the list is emptied, so that they are gone before the next column is made."""
    first = arrays[0]
    again = all(array is first or first.slice(0, len(array)).equals(array) for array in arrays)
    column = pa.chunked_array([first.slice(0, len(array)) for array in arrays] if again else [pa.concat_arrays(arrays)])
    arrays.clear()
    return column
