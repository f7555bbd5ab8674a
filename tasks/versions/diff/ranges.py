"""Two tables of any size, read side by side in ranges of their key, so that only one range of both is in memory.

Files are sorted by key, so a range lies in few row groups of each; their statistics say in which.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS = 500_000
"""Rows of both sides together that a range has at most, beside parts of row groups at its ends."""


@dataclass(frozen=True, slots=True)
class _Group:
    """One row group of a file; `first` and `last` are the bounds of its keys, None where the file does not say."""

    number: int
    rows: int
    first: str | None
    last: str | None

    def meets(self, low: str | None, high: str | None) -> bool:
        """Whether a key of [low, high) may be in it."""
        before = high is not None and self.first is not None and self.first >= high
        after = low is not None and self.last is not None and self.last < low
        return not (before or after)


class KeyedFiles:
    """Parquet files of one table, some columns of them, the key first. Each file is sorted by it."""

    def __init__(self, paths: Sequence[Path], schema: pa.Schema) -> None:
        self.schema = schema
        self.files = [pq.ParquetFile(path) for path in paths]
        self.groups = [_groups(file, schema.names[0]) for file in self.files]

    def between(self, low: str | None, high: str | None) -> pa.Table:
        """The rows with a key of [low, high); None is no bound."""
        parts = [self._part(file, groups, low, high) for file, groups in zip(self.files, self.groups, strict=True)]
        return pa.concat_tables([self.schema.empty_table(), *parts])

    def _part(self, file: pq.ParquetFile, groups: Sequence[_Group], low: str | None, high: str | None) -> pa.Table:
        numbers = [group.number for group in groups if group.meets(low, high)]
        names = self.schema.names
        table = file.read_row_groups(numbers, columns=names).select(names)
        table = table.replace_schema_metadata(None).cast(self.schema)
        for bound, holds in ((low, pc.greater_equal), (high, pc.less)):
            table = table if bound is None else table.filter(holds(table.column(0), pa.scalar(bound)))
        return table


def in_ranges(old: KeyedFiles, new: KeyedFiles, rows: int | None = None) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Both tables, range by range, in the order of the key; tables without a row are one range."""
    bounds = [
        None,
        *_cuts([group for side in (old, new) for groups in side.groups for group in groups], rows or ROWS),
        None,
    ]
    for low, high in pairwise(bounds):
        yield old.between(low, high), new.between(low, high)


def _cuts(groups: Sequence[_Group], rows: int) -> Iterator[str]:
    """Keys at which row groups begin, so far apart that about `rows` rows lie between them."""
    known = sorted((group.first, group.rows) for group in groups if group.first is not None)
    waiting = 0
    last = known[0][0] if known else ""
    for first, count in known:
        if waiting + count > rows and first != last:
            yield first
            waiting, last = 0, first
        waiting += count


def _groups(file: pq.ParquetFile, key: str) -> list[_Group]:
    names = [file.metadata.schema.column(number).path for number in range(file.metadata.num_columns)]
    place = names.index(key)
    return [_group(file.metadata.row_group(number), number, place) for number in range(file.metadata.num_row_groups)]


def _group(found: pq.RowGroupMetaData, number: int, place: int) -> _Group:
    said = found.column(place).statistics
    if said is None or not said.has_min_max:
        return _Group(number, found.num_rows, None, None)
    return _Group(number, found.num_rows, str(said.min), str(said.max))
