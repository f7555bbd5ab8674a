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

from schemas.errors import NotWritable
from schemas.keys import canonical_json
from schemas.later import Later
from schemas.source import RawFile
from schemas.tables import Table
from tasks.packs.columns import COLUMNS_AT_ONCE, batch_of, texts

pq = Later("pyarrow.parquet")

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
)
_FIELDS = tuple(_CACHE.schema.names)
_REPEATED = ["width", "height", "format", "note", "reason", "detail", "pack"]  # elsewhere each value is its own


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

    @contextlib.contextmanager
    def draft(self) -> Iterator["CacheDraft"]:
        """What will replace the cache when it is kept before the block ends, and is dropped otherwise."""
        draft = CacheDraft(self)
        try:
            yield draft
        finally:
            draft.drop()

    def _record(self) -> Mapping[str, Any]:
        try:
            record = json.loads((self.folder / f"{self.source}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) and record.get("revision") == self.revision else {}


@dataclass(slots=True)
class CacheDraft:
    """A new cache that is written as its rows come, so that they are never all in memory."""

    cache: Cache
    _writer: Any = None

    def add(self, rows: pa.Table) -> None:
        """More rows, in any order. Raises NotWritable."""
        with _writable(self.cache.folder):
            if self._writer is None:
                self.cache.folder.mkdir(parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(
                    self._path(), _CACHE.schema, compression="none", use_dictionary=_REPEATED, write_statistics=False
                )
            self._writer.write_table(rows)

    def keep(self, listing: str, raw_digest: str) -> None:
        """Put it in the cache's place, for this listing. Raises NotWritable."""
        record = {"listing": listing, "raw_digest": raw_digest, "revision": self.cache.revision}
        self.add(cache_table(columns_of([])))
        target = self.cache.folder / f"{self.cache.source}.parquet"
        with _writable(self.cache.folder):
            self._close()
            target.with_suffix(".json").unlink(missing_ok=True)
            os.replace(self._path(), target)
            self._path().write_bytes(canonical_json(record))
            os.replace(self._path(), target.with_suffix(".json"))

    def drop(self) -> None:
        """Remove what was written and not kept."""
        with contextlib.suppress(OSError):
            self._close()
            self._path().unlink(missing_ok=True)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _path(self) -> Path:
        return self.cache.folder / f"{self.cache.source}.draft-{os.getpid()}"


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


def cache_table(seen: SeenColumns) -> pa.Table:
    """Cache rows as a table; no image of it is kept in a pack yet."""
    return pa.Table.from_batches([batch_of(_CACHE, seen | {"pack": [None] * len(seen["relpath"])})])


def kept_in(rows: pa.Table, pack: str) -> pa.Table:
    """Cache rows of images that are kept in a pack."""
    return rows.set_column(len(_FIELDS) - 1, _CACHE.schema.field("pack"), texts([pack] * rows.num_rows))


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = f"The folder {str(folder)!r} cannot be written ({error.strerror or error})."
        raise NotWritable(f"{why} Give a --store you may write to.") from error
