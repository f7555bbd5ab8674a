"""Immutable image packs: Parquet files of the table `images`, named by their sha256, original bytes untouched.

Images come in id order. A pack ends after an image whose id hashes below a threshold in proportion to the image's
size, so where it ends depends on that image alone: adding, changing or removing one image rewrites one pack (two at
most), and the mean pack holds `_TARGET` bytes whatever the images' sizes.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from schemas.errors import NotWritable
from schemas.keys import file_sha256
from schemas.tables import IMAGES
from tasks.packs.cache import Seen
from tasks.packs.columns import column, texts
from tasks.packs.decode import Grey
from tasks.packs.phash import phashes
from tasks.versions.writer import write

_TARGET = 4 << 20
_LARGEST = 3 * _TARGET
_ONE = 1 << 64


@dataclass(frozen=True, slots=True)
class Pack:
    """A finished pack: its file below store/packs, digest, rows and size in bytes."""

    file: str
    sha256: str
    rows: int
    size: int


@dataclass(slots=True)
class Item:
    """One image on its way into a pack: what is known of it, and its bytes and grey picture when just read."""

    seen: Seen
    data: bytes | None = None
    grey: Grey | None = None


@dataclass(slots=True)
class Packer:
    """Collects images in id order and closes packs. `known` maps content keys to packs that exist already."""

    folder: Path
    source: str
    known: dict[str, Pack]
    reread: Callable[[Seen], bytes]
    packs: list[Pack] = field(default_factory=list)
    waiting: list[Item] = field(default_factory=list)
    waiting_bytes: int = 0

    def add(self, item: Item) -> list[Seen]:
        """Add the next image; the finished images of a pack when this one ended it, their `pack` set."""
        self.waiting.append(item)
        self.waiting_bytes += item.seen.size
        return self.close() if self._ends_here(item.seen) else []

    def _ends_here(self, seen: Seen) -> bool:
        word = xxhash.xxh3_64_intdigest(f"{self.source}/{seen.relpath}".encode())
        return word * _TARGET < _ONE * seen.size or self.waiting_bytes >= _LARGEST

    def close(self) -> list[Seen]:
        """End the pack here, writing it unless the same content is stored; the images in it."""
        items, self.waiting, self.waiting_bytes = self.waiting, [], 0
        if items:
            _hash_fresh(items)
            pack = self.known.get(content_key(item.seen for item in items)) or self._write(items)
            self.packs.append(pack)
            for item in items:
                item.seen.pack = pack.sha256
        return [item.seen for item in items]

    def _write(self, items: list[Item]) -> Pack:
        self._fetch_bytes(items)
        table = _table(self.source, items)
        for item in items:
            item.data = item.grey = None  # the table has a copy: do not hold the pack twice while writing
        return store_pack(self.folder, self.source, table)

    def _fetch_bytes(self, items: list[Item]) -> None:
        """The bytes of unchanged images: from the pack that holds them, else from the raw file."""
        for name in sorted({item.seen.pack for item in items if item.data is None and item.seen.pack}):
            stored = _stored_bytes(self.folder / f"{name[:16]}.parquet", len(self.source) + 1)
            for item in items:
                if item.data is None and item.seen.pack == name:
                    item.data = stored.get(item.seen.relpath)
        for item in items:
            if item.data is None:
                item.data = self.reread(item.seen)


def _hash_fresh(items: list[Item]) -> None:
    fresh = [(item.seen, item.grey) for item in items if item.grey is not None]
    for (seen, _), hashed in zip(fresh, phashes([grey for _, grey in fresh]).tolist(), strict=True):
        seen.phash = hashed


def content_key(seen: Iterable[Seen]) -> str:
    """A digest of which images, with which bytes, a pack holds."""
    hasher = hashlib.sha256()
    for row in seen:
        hasher.update(f"{row.relpath}\0{row.sha256}\0{row.note}\n".encode())
    return hasher.hexdigest()


def known_packs(folder: Path, seen: Sequence[Seen]) -> dict[str, Pack]:
    """The packs that earlier ingests left and that are still there, by content key."""
    groups: dict[str, list[Seen]] = {}
    for row in sorted((row for row in seen if row.pack), key=lambda row: row.relpath):
        groups.setdefault(str(row.pack), []).append(row)
    found = {}
    for name, rows in groups.items():
        path = folder / f"{name[:16]}.parquet"
        if path.is_file():
            found[content_key(rows)] = Pack(f"{folder.name}/{path.name}", name, len(rows), path.stat().st_size)
    return found


def _stored_bytes(path: Path, prefix: int) -> dict[str, bytes]:
    try:
        table = pq.read_table(path, columns=["image_id", "image"], partitioning=None)
    except (OSError, pa.ArrowException):
        return {}
    encoded = pc.struct_field(table.column("image"), "bytes").to_pylist()
    return {image_id[prefix:]: data for image_id, data in zip(table.column(0).to_pylist(), encoded, strict=True)}


def _table(source: str, items: list[Item]) -> pa.Table:
    seen = [item.seen for item in items]
    encoded = column(pa.binary(), [item.data for item in items])
    paths = texts([row.relpath.rpartition("/")[2] for row in seen])
    columns = {
        "image_id": texts([f"{source}/{row.relpath}" for row in seen]),
        "source": texts([source] * len(seen)),
        "image": pa.StructArray.from_arrays([encoded, paths], fields=list(IMAGES.schema.field("image").type)),
        "sha256": texts([row.sha256 for row in seen]),
        "n_bytes": column(pa.int32(), [row.size for row in seen]),
        "width": column(pa.int32(), [row.width for row in seen]),
        "height": column(pa.int32(), [row.height for row in seen]),
        "format": texts([row.format for row in seen]),
        "phash": column(pa.uint64(), [row.phash for row in seen]),
        "decode_note": column(pa.string(), [row.note for row in seen]),
    }
    return pa.Table.from_arrays([columns[name] for name in IMAGES.schema.names], schema=IMAGES.schema)


def store_pack(folder: Path, source: str, table: pa.Table) -> Pack:
    """Write a pack and name it by its content. Raises NotWritable."""
    draft = folder / f".draft-{os.getpid()}.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(IMAGES, table, draft)
        name = file_sha256(draft)
        path = folder / f"{name[:16]}.parquet"
        os.replace(draft, path)
    except OSError as error:
        why = f"The packs folder {str(folder)!r} cannot be written ({error.strerror})."
        raise NotWritable(f"{why} Give a --store you may write to.") from error
    return Pack(f"{source}/{path.name}", name, table.num_rows, path.stat().st_size)


def as_facts(packs: Sequence[Pack]) -> list[dict[str, Any]]:
    """Packs as JSON values."""
    return [asdict(pack) for pack in packs]
