"""Stored pictures by name: an index says where in which file each stands, and only what is asked for is read.

Our writer leaves picture bytes as they are: one uncompressed page per row group, in which every picture follows its
length. So a picture is read from its place without the thousand others of its group. Files that somebody else wrote
may be laid out otherwise; where the length does not stand before the picture, its row group is read instead, and the
last few are kept.
"""

import os
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import filterfalse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable

_PREFIX = 4
_PLACE, _SIZE = 2, 3
_OPEN = 64
_GROUPS = 4
_COLUMN = "image.bytes"


class StoredPictures:
    """The pictures of some files of the images table, each given with its columns image_id and n_bytes.

    Holds about a hundred bytes a picture, whatever the pictures weigh. Raises BadTable for a file without pictures.
    """

    def __init__(self, shards: Iterable[tuple[Path, pa.Table]], among: pa.Array | None = None) -> None:
        """Index the pictures of each file, or those whose names are `among` some."""
        self._paths: list[Path] = []
        self._row: dict[str, int] = {}
        where, first = [np.empty((0, 5), dtype=np.int64)], 0
        for path, told in shards:
            places, names = _index(path, len(self._paths), told.column("n_bytes")), told.column("image_id")
            if among is not None:
                kept = pc.is_in(names, value_set=among)
                places, names = places[kept.to_numpy()], names.filter(kept)
            self._row |= {name: first + at for at, name in enumerate(names.to_pylist())}
            first += len(names)
            where.append(places)
            self._paths.append(path)
        self._where = np.concatenate(where)
        self._open: dict[int, int] = {}
        weakref.finalize(self, _close, self._open)
        self._group = lru_cache(maxsize=_GROUPS)(self._read_group)

    def __contains__(self, name: object) -> bool:
        return name in self._row

    def lacking(self, names: Iterable[str]) -> str | None:
        """The first of some names that no picture has."""
        return next(filterfalse(self._row.__contains__, names), None)

    def read(self, names: Sequence[str]) -> list[bytes]:
        """The bytes of each, empty where a version holds the row without its picture. Raises BadTable, KeyError."""
        return [bytes(encoded) for encoded in self.each(names)]

    def each(self, names: Sequence[str]) -> Iterator[bytes | memoryview]:
        """The same one after the other, each read when it is its turn and gone when the next one is asked for."""
        rows = [self._row[name] for name in names]
        where = self._where[rows]
        room = memoryview(bytearray(_PREFIX + int(where[where[:, _PLACE] > 0, _SIZE].max(initial=0))))
        for file, group, place, size, at in where.tolist():
            end = _PREFIX + size
            whole = place and os.preadv(self._handle(file), (room[:end],), place) == end
            plain = whole and int.from_bytes(room[:_PREFIX], "little") == size
            yield room[_PREFIX:end] if plain else self._from_group(file, group, at)

    def _from_group(self, file: int, group: int, at: int) -> bytes:
        return bytes(self._group(file, group)[at].as_py())

    def _handle(self, file: int) -> int:
        """The open file; the one that was opened first is closed when there are too many."""
        if file in self._open:
            return self._open[file]
        if len(self._open) >= _OPEN:
            os.close(self._open.pop(next(iter(self._open))))
        try:
            self._open[file] = os.open(self._paths[file], os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(self._paths[file], error) from error
        return self._open[file]

    def _read_group(self, file: int, group: int) -> pa.ChunkedArray:
        """The pictures of a row group."""
        try:
            with pq.ParquetFile(self._paths[file]) as stored:
                column = stored.read_row_group(group, columns=["image"]).column("image")
                return pc.struct_field(column, "bytes")
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self._paths[file], error) from error

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("Stored pictures stay in their process: pass the version folder on.")


def _close(handles: Mapping[int, int]) -> None:
    for handle in handles.values():
        os.close(handle)


def _index(path: Path, file: int, lengths: pa.ChunkedArray) -> Any:
    """Of each picture of a file: the file's number, row group, place, size, and its number in its group."""
    known = _metadata(path)
    sizes = lengths.to_numpy().astype(np.int64)
    counts = np.array(_rows(known), dtype=np.int64)
    groups = np.repeat(np.arange(len(counts)), counts)
    at = np.arange(len(sizes)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([np.full_like(sizes, file), groups, _places(known, sizes, path.stat().st_size), sizes, at], axis=1)


def _metadata(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BadTable:
    return BadTable(
        f"The file {path.parent.name + '/' + path.name!r} cannot be read as its table: {str(error).splitlines()[0]}"
    )


def _rows(known: pq.FileMetaData) -> list[int]:
    return [known.row_group(group).num_rows for group in range(known.num_row_groups)]


def _places(known: pq.FileMetaData, lengths: Any, file_size: int) -> Any:
    """Where each picture's length should stand in the file; 0 where it cannot be told."""
    ends = np.cumsum(_rows(known))
    parts = np.split(lengths + _PREFIX, ends[:-1]) if len(ends) else []
    found = []
    for group, sizes in enumerate(parts):
        end = _end_of_plain(known.row_group(group))
        sound = end <= file_size and (sizes >= _PREFIX).all()
        found.append(np.maximum(end - np.cumsum(sizes[::-1])[::-1], 0) if sound else np.zeros_like(sizes))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _end_of_plain(group: Any) -> int:
    """Where the picture bytes of a row group end, when they are stored as they are; 0 when they are not."""
    columns = (group.column(at) for at in range(group.num_columns))
    column = next((one for one in columns if one.path_in_schema == _COLUMN), None)
    if column is None or column.compression != "UNCOMPRESSED" or column.dictionary_page_offset:
        return 0
    return int(column.data_page_offset + column.total_compressed_size)
