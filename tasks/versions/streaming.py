"""The canonical writer, block by block: the bytes and the logical digest of the whole table, in the memory of a block.

    files = write_files(CONVERSATIONS, blocks, folder, "conversations-train")
    # conversations-train.parquet, or -0000.parquet, -0001.parquet … when there are more rows than a file holds

Blocks come in the order of the table's key. Files are cut by position in that order and row groups as ever, so the
bytes depend on the rows alone and never on how they were cut into blocks.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import BadTable
from schemas.tables import Table
from tasks.versions.writer import (
    ROWS_PER_HASH,
    canonical,
    hash_values,
    one_array,
    profile,
    stored_schema,
    type_name,
)

ROWS_PER_FILE = 262_144
"""The most rows of one file of a large family: four row groups, some 30 MB on disk, 400 MB when read whole."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its name in its folder, its rows, the digest of what they say."""

    name: str
    rows: int
    logical: str


class LogicalDigest:
    """The digest of `writer.logical_digest`, of a table whose rows come in pieces."""

    def __init__(self, schema: pa.Schema) -> None:
        self._hasher = hashlib.sha256()
        for field in schema:
            self._hasher.update(f"{field.name}\0{type_name(field.type)}\0".encode())
        self._pieces = _Pieces(ROWS_PER_HASH)

    def add(self, table: pa.Table) -> None:
        """Take in the next rows."""
        for piece in self._pieces.cut(table):
            self._hash(pa.concat_tables(piece))

    def hexdigest(self) -> str:
        """The digest (hex) of all rows; nothing may be added after."""
        for piece in self._pieces.rest():
            self._hash(pa.concat_tables(piece))
        return self._hasher.hexdigest()

    def _hash(self, piece: pa.Table) -> None:
        for column in piece.columns:
            hash_values(self._hasher, one_array(column))


def logical_of(path: Path) -> tuple[int, str]:
    """Rows and logical digest of a Parquet file, read one row group at a time."""
    file = pq.ParquetFile(path)
    digest = LogicalDigest(file.schema_arrow)
    for group in range(file.metadata.num_row_groups):
        digest.add(file.read_row_group(group).replace_schema_metadata(None))
    return file.metadata.num_rows, digest.hexdigest()


class TableWriter:
    """One canonical file, written block by block inside a `with`; `written` says afterwards what became of it."""

    def __init__(self, spec: Table, path: Path) -> None:
        self._spec = spec
        self._path = path
        self._schema = stored_schema(spec)
        self._file = pq.ParquetWriter(path, self._schema, **profile(spec))
        self._groups = _Pieces(spec.rows_per_group)
        self._digest = LogicalDigest(self._schema)
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            for group in self._groups.rest():
                self._write(group)
        self._file.close()

    def add(self, block: pa.Table) -> None:
        """Write the next rows, which `ordered_blocks` has let pass."""
        self._rows += block.num_rows
        for group in self._groups.cut(block.cast(self._schema)):
            self._write(group)

    def written(self) -> Written:
        """The file's name, rows and digest, once all rows are in."""
        return Written(self._path.name, self._rows, self._digest.hexdigest())

    def _write(self, group: list[pa.Table]) -> None:
        whole = _joined(group).replace_schema_metadata(self._schema.metadata)
        self._file.write_table(whole, row_group_size=self._spec.rows_per_group)
        self._digest.add(whole.replace_schema_metadata(None))


def write_files(
    spec: Table, blocks: Iterable[pa.Table], folder: Path, stem: str, rows_per_file: int | None = None
) -> list[Written]:
    """The blocks as `<stem>.parquet`, or as `<stem>-0000.parquet` and so on where one file does not hold them.

    Raises BadTable for a block that is not in order, or what `writer.canonical` raises.
    """
    files: list[Written] = []
    for number, rows in enumerate(_by_file(ordered_blocks(spec, blocks), rows_per_file or ROWS_PER_FILE)):
        with TableWriter(spec, folder / f"{stem}-{number:04d}.parquet") as file:
            for block in rows:
                file.add(block)
        files.append(file.written())
    if len(files) > 1:
        return files
    (folder / files[0].name).rename(folder / f"{stem}.parquet")
    return [Written(f"{stem}.parquet", files[0].rows, files[0].logical)]


def ordered_blocks(spec: Table, blocks: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Each block in its canonical form. Raises BadTable when the keys of blocks one after the other do not ascend."""
    last: tuple[Any, ...] | None = None
    for number, block in enumerate(blocks):
        ready = canonical(spec, block)
        if not ready.num_rows:
            continue
        unsorted = any(not ready.column(name).equals(block.column(name)) for name in spec.key)
        first = _key_at(ready, spec.key, 0)
        if unsorted or (last is not None and first <= last):
            raise BadTable(
                f"Block {number} of the table {spec.name!r} is not in the order of its key {spec.key!r}: it holds "
                f"{first!r} after {last!r}. Sort the rows before they are cut into blocks."
            )
        last = _key_at(ready, spec.key, ready.num_rows - 1)
        yield ready


def _key_at(table: pa.Table, key: Sequence[str], row: int) -> tuple[Any, ...]:
    return tuple(table.column(name)[row].as_py() for name in key)


def _by_file(blocks: Iterator[pa.Table], most: int) -> Iterator[Iterator[pa.Table]]:
    """The blocks of one file after the other, at most so many rows each; one empty file where there are no rows.

    Each inner iterator must be used up before the next is taken.
    """
    waiting = next(blocks, None)

    def of_one_file() -> Iterator[pa.Table]:
        nonlocal waiting
        room = most
        while waiting is not None and room:
            part = waiting.slice(0, room)
            room -= part.num_rows
            waiting = waiting.slice(part.num_rows) if waiting.num_rows > part.num_rows else next(blocks, None)
            yield part

    yield of_one_file()
    while waiting is not None:
        yield of_one_file()


class _Pieces:
    """Cuts tables that come one after the other into pieces of one size, each a list of tables."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: list[pa.Table] = []
        self._rows = 0

    def cut(self, table: pa.Table) -> Iterator[list[pa.Table]]:
        """The pieces that are full with this table."""
        start = 0
        while self._rows + table.num_rows - start >= self._size:
            room = self._size - self._rows
            self._held.append(table.slice(start, room))
            start += room
            yield self._let_go()
        if start < table.num_rows:
            self._held.append(table.slice(start))
            self._rows += table.num_rows - start

    def rest(self) -> Iterator[list[pa.Table]]:
        """What is left at the end, if anything."""
        if self._held:
            yield self._let_go()

    def _let_go(self) -> list[pa.Table]:
        piece, self._held, self._rows = self._held, [], 0
        return piece


def _joined(tables: list[pa.Table]) -> pa.Table:
    """The tables one after the other, with one chunk a column.

    The list is emptied, so that what it held of a column is gone before the next column is put together.
    """
    schema = tables[0].schema
    columns = [[chunk for table in tables for chunk in table.column(name).chunks] for name in schema.names]
    tables.clear()
    columns.reverse()
    arrays = [_one(columns.pop()) for _ in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def _one(chunks: list[pa.Array]) -> pa.Array:
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
