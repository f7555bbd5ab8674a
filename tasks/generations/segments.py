"""Immutable sorted Parquet segments of generations: what `compact` writes and what may be copied between machines.

A segment is named by its content, `<sha256[:24]>.parquet`, and sorted by key. A file that cannot be read is a
BadTable, never a silent miss.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable

_ROWS_PER_GROUP = 4_096
_KEY = pa.binary(32)
_SCHEMA = pa.schema(
    [
        pa.field("key", _KEY, nullable=False),
        pa.field("ordinal", pa.int32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("prompt_tokens", pa.int64(), nullable=False),
        pa.field("completion_tokens", pa.int64(), nullable=False),
    ]
)


class Row(NamedTuple):
    """One stored answer; `ordinal` is 0 for the one that is reused, 1, 2 … for failed attempts in their order."""

    key: str
    ordinal: int
    status: str
    text: str
    detail: str
    prompt_tokens: int
    completion_tokens: int


class Segment:
    """One segment file. Of its content only the first 8 bytes of every key stay in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, keys: Collection[str]) -> Iterator[Row]:
        """The rows whose key is among keys. Raises BadTable when the file is damaged."""
        try:
            asked = [bytes.fromhex(key) for key in sorted(keys)]
            groups = self._groups(asked)
            if groups:
                yield from self._read(groups, pa.array(asked, _KEY))
        except (pa.ArrowException, OSError) as error:
            raise BadTable(
                f"The segment {self.path.name!r} of the generation store cannot be read "
                f"({str(error).splitlines()[0]}). Restore it from a copy, or delete it to have its answers asked again."
            ) from error

    def _groups(self, asked: list[bytes]) -> list[int]:
        """The row groups that hold a key with the prefix of one asked for."""
        wanted = np.frombuffer(b"".join(asked), dtype=">u8")[::4]
        first = np.searchsorted(self._prefixes, wanted, side="left")
        behind = np.searchsorted(self._prefixes, wanted, side="right")
        runs = [range(a, b) for a, b in zip(first.tolist(), behind.tolist(), strict=True) if a < b]
        return sorted({place // _ROWS_PER_GROUP for run in runs for place in run})

    @cached_property
    def _prefixes(self) -> npt.NDArray[np.uint64]:
        keys = pq.read_table(self.path, columns=["key"], partitioning=None).column(0).to_pylist()
        return np.frombuffer(b"".join(keys), dtype=">u8")[::4].astype(np.uint64)

    def _read(self, groups: list[int], asked: pa.Array) -> Iterator[Row]:
        with pq.ParquetFile(self.path) as file:
            for group in groups:
                table = file.read_row_group(group)
                table = table.filter(pc.is_in(table["key"], value_set=asked))
                for key, *values in zip(*(column.to_pylist() for column in table.columns), strict=True):
                    yield Row(key.hex(), *values)


def write_segment(folder: Path, rows: Sequence[Row]) -> Path:
    """Put at least one row into a new segment, whole or not at all; the same rows give the same file."""
    key, *rest = zip(*sorted(rows), strict=True)
    columns = [[bytes.fromhex(k) for k in key], *rest]
    table = pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)
    draft = folder / f".draft-{os.getpid()}"
    pq.write_table(table, draft, row_group_size=_ROWS_PER_GROUP, compression="zstd", version="2.6")
    with draft.open("rb+") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()[:24]
        os.fsync(file.fileno())
    target = folder / f"{name}.parquet"
    os.replace(draft, target)
    return target


class Segments:
    """Every segment of a folder; new files are found at each look-up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, Segment] = {}

    def rows(self, keys: Collection[str]) -> Iterator[Row]:
        """The rows of keys in all segments, segment by segment in name order."""
        for path in sorted(self.folder.glob("*.parquet")) if keys else []:
            yield from self._open.setdefault(path.name, Segment(path)).rows(keys)
