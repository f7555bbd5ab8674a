"""What an earlier ingest learned about each file, so that an unchanged file is never opened again.

store/cache/<source>.parquet holds one row per (relpath, size, mtime_ns); store/cache/<source>.json the fingerprint of
the whole listing and the raw digest that came of it. The cache is a shortcut only: losing it, or not believing it,
changes the time of a build and nothing else.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import BadTable, NotWritable
from schemas.keys import canonical_json
from schemas.source import RawFile
from schemas.tables import Table
from tasks.packs.columns import COLUMNS_AT_ONCE, batch_of
from tasks.versions.writer import write

_CACHE = Table(
    "cache",
    "file of a raw dataset that was opened",
    pa.schema(
        [
            pa.field("relpath", pa.string(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("mtime_ns", pa.int64(), nullable=False),
            pa.field("sha256", pa.string(), nullable=False),
            pa.field("width", pa.int32(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),
            pa.field("format", pa.string(), nullable=False),
            pa.field("phash", pa.uint64(), nullable=False),
            pa.field("note", pa.string()),
            pa.field("reason", pa.string()),
            pa.field("detail", pa.string()),
            pa.field("pack", pa.string()),
        ]
    ),
    key=("relpath",),
    compression=dict.fromkeys(("relpath", "size", "mtime_ns", "sha256", "phash"), "none"),  # each value is its own
)
_FIELDS = tuple(_CACHE.schema.names)


class Seen(NamedTuple):
    """What opening an image file taught: digest and geometry, or a reason to refuse it; `pack` is where it was kept."""

    relpath: str
    size: int
    mtime_ns: int
    sha256: str
    width: int = 0
    height: int = 0
    format: str = ""
    phash: int = 0
    note: str | None = None
    reason: str | None = None
    detail: str | None = None
    pack: str | None = None


SeenColumns = dict[str, list[Any]]  # what was seen of many images, a list for each field, in the order of the fields


@dataclass(slots=True)
class Cache:
    """The memory of earlier ingests of one source, below a store."""

    folder: Path
    source: str
    revision: str
    seen: dict[str, Seen] = field(default_factory=dict)

    def recall(self, listing: str) -> str | None:
        """The raw digest of a listing with this fingerprint, if it was ingested by this code before."""
        record = self._record()
        return str(record["raw_digest"]) if record.get("listing") == listing else None

    def load(self) -> None:
        """Read the rows of earlier ingests; a cache that is damaged or of other code counts as absent."""
        if self._record():
            with contextlib.suppress(OSError, pa.ArrowException, TypeError):
                self.seen = {row.relpath: row for row in _rows(self.folder / f"{self.source}.parquet")}

    def recall_files(self, files: Sequence[RawFile]) -> list[Seen | None]:
        """What is known about each file whose size and modification time are still the same."""
        return [self._get(file) for file in files] if self.seen else [None] * len(files)

    def _get(self, file: RawFile) -> Seen | None:
        row = self.seen.get(file.relpath)
        return row if row and row.size == file.size and row.mtime_ns == file.mtime_ns else None

    def save(self, rows: pa.Table, listing: str, raw_digest: str) -> None:
        """Replace the cache. Raises NotWritable."""
        record = {"listing": listing, "raw_digest": raw_digest, "revision": self.revision}
        target = self.folder / f"{self.source}.parquet"
        draft = target.with_suffix(f".draft-{os.getpid()}")
        with _writable(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            target.with_suffix(".json").unlink(missing_ok=True)
            write(_CACHE, rows, draft)
            os.replace(draft, target)
            draft.write_bytes(canonical_json(record))
            os.replace(draft, target.with_suffix(".json"))

    def _record(self) -> Mapping[str, Any]:
        try:
            record = json.loads((self.folder / f"{self.source}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) and record.get("revision") == self.revision else {}


def _rows(path: Path) -> Iterator[Seen]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(COLUMNS_AT_ONCE, columns=list(_FIELDS)):
            values = [batch.column(name).to_pylist() for name in _FIELDS]
            yield from map(Seen, *values)


def columns_of(seen: Iterable[Seen]) -> SeenColumns:
    """Rows as columns."""
    rows = list(seen)
    return {name: [row[place] for row in rows] for place, name in enumerate(Seen._fields)}


def rows_of(seen: SeenColumns) -> Iterator[Seen]:
    """Columns as rows."""
    return map(Seen, *seen.values())


def cache_table(seen: SeenColumns, pack: str | None) -> pa.Table:
    """Cache rows as a table; `pack` is where these images are kept now."""
    return pa.Table.from_batches([batch_of(_CACHE, seen | {"pack": [pack] * len(seen["relpath"])})])


def join_tables(parts: list[pa.Table]) -> pa.Table:
    """Several cache tables as one."""
    return pa.concat_tables([cache_table(columns_of([]), None), *parts])


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, BadTable) as error:
        raise NotWritable(f"The folder {str(folder)!r} cannot be written: {error}.") from error
