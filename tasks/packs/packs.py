"""Immutable image packs: Parquet files of the table `images`, named by their sha256, original bytes untouched.

Images come in id order. A pack ends after an image whose id hashes below a threshold in proportion to the image's
size, so where it ends depends on that image alone: adding, changing or removing one image rewrites one pack (two at
most), and the mean pack holds `_TARGET` bytes whatever the images' sizes.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from tasks.packs.columns import column, packed, texts
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


Opened = tuple[Seen, bytes | None]  # an image, and its bytes when it was just read
Finished = tuple[Pack, list[Seen]]  # a pack, and its images


@dataclass(slots=True)
class Packer:
    """Collects images in id order and closes packs. `known` maps content keys to packs that exist already.

    The bytes of fresh images are copied, one after the other, into one buffer as they come: that is when they are in
    the caches, and it is the pack's column of bytes already.
    """

    folder: Path
    source: str
    known: dict[str, Pack]
    reread: Callable[[Seen], bytes]
    waiting: list[Seen] = field(default_factory=list)
    waiting_bytes: int = 0
    fresh: bytearray = field(default_factory=bytearray)
    unchanged: list[Seen] = field(default_factory=list)

    def add(self, images: Iterable[Opened]) -> Iterator[Finished]:
        """Add the next images; the packs that ended with one of them."""
        for seen, data in images:
            self.waiting.append(seen)
            self.waiting_bytes += seen.size
            if data is None:
                self.unchanged.append(seen)
            else:
                self.fresh += data
            word = xxhash.xxh3_64_intdigest(f"{self.source}/{seen.relpath}".encode())
            if word * _TARGET < _ONE * seen.size or self.waiting_bytes >= _LARGEST:
                yield from self.close()

    def close(self) -> Iterator[Finished]:
        """End the pack here, if it holds anything, writing it unless the same content is stored."""
        if self.waiting:
            yield self.known.get(content_key(self.waiting)) or self._write(), self.waiting
            self.waiting, self.unchanged, self.waiting_bytes, self.fresh = [], [], 0, bytearray()

    def _write(self) -> Pack:
        return store_pack(self.folder, self.source, _table(self.source, self.waiting, self._encoded()))

    def _encoded(self) -> pa.Array:
        """The column of bytes: the buffer as it is, or pieced together with the bytes of unchanged images."""
        if not self.unchanged:
            return packed(self.fresh, [seen.size for seen in self.waiting])
        kept = self._kept()
        fresh = io.BytesIO(self.fresh)
        pieces = [kept.get(seen.relpath) or fresh.read(seen.size) for seen in self.waiting]
        return column(pa.binary(), pieces)

    def _kept(self) -> dict[str, bytes]:
        """The bytes of unchanged images by relative path: from the pack that holds them, else from the raw file."""
        found: dict[str, bytes] = {}
        for name in sorted({seen.pack for seen in self.unchanged if seen.pack}):
            stored = _stored_bytes(self.folder / f"{name[:16]}.parquet", len(self.source) + 1)
            mine = {seen.relpath for seen in self.unchanged if seen.pack == name}
            found.update((relpath, data) for relpath, data in stored.items() if relpath in mine)
        lost = [seen for seen in self.unchanged if seen.relpath not in found]
        return found | {seen.relpath: self.reread(seen) for seen in lost}


def content_key(seen: Iterable[Seen]) -> str:
    """A digest of which images, with which bytes, a pack holds."""
    text = "".join([f"{row.relpath}\0{row.sha256}\0{row.note}\n" for row in seen])
    return hashlib.sha256(text.encode()).hexdigest()


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


def _table(source: str, seen: list[Seen], encoded: pa.Array) -> pa.Table:
    found = dict(zip(Seen._fields, zip(*seen, strict=True), strict=True))
    paths = texts([relpath.rpartition("/")[2] for relpath in found["relpath"]])
    columns = {
        "image_id": texts([f"{source}/{relpath}" for relpath in found["relpath"]]),
        "source": texts([source] * len(seen)),
        "image": pa.StructArray.from_arrays([encoded, paths], fields=list(IMAGES.schema.field("image").type)),
        "n_bytes": column(pa.int32(), found["size"]),
        "decode_note": column(pa.string(), found["note"]),
    }
    same = ("sha256", "width", "height", "format", "phash")
    columns |= {name: column(IMAGES.schema.field(name).type, found[name]) for name in same}
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
