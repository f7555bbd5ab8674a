"""Immutable image packs: Parquet files of the table `images`, named by their sha256, original bytes untouched.

Images come in id order. A pack ends after an image whose id hashes below a threshold in proportion to the image's
size, so where it ends depends on that image alone: adding, changing or removing one image rewrites one pack (two at
most), and the mean pack holds `_TARGET` bytes whatever the images' sizes.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from schemas.errors import NotWritable
from schemas.keys import file_sha256
from schemas.later import Later
from schemas.tables import IMAGES
from tasks.packs.cache import Seen, SeenColumns, cache_table, columns_of, kept_in, rows_of
from tasks.packs.columns import column, packed, prefixed, texts
from tasks.versions.writer import write

pc = Later("pyarrow.compute")
pq = Later("pyarrow.parquet")

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


Finished = tuple[Pack, pa.Table]  # a pack, and the cache rows of its images


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
    waiting: SeenColumns = field(default_factory=lambda: columns_of([]))
    waiting_bytes: int = 0
    fresh: io.BytesIO = field(default_factory=io.BytesIO)
    unchanged: list[Seen] = field(default_factory=list)

    def add(self, seen: SeenColumns, encoded: Sequence[bytes | None]) -> Iterator[Finished]:
        """Add the next images, with the bytes of those that were just read; the packs that ended with one of them."""
        start = 0
        for end in self._ends(seen["relpath"], seen["size"]):
            self._take(seen, encoded, slice(start, end))
            yield from self.close()
            start = end
        self._take(seen, encoded, slice(start, None))

    def _ends(self, relpaths: Sequence[str], sizes: Sequence[int]) -> Iterator[int]:
        words = map(xxhash.xxh3_64_intdigest, [f"{self.source}/{relpath}".encode() for relpath in relpaths])
        for end, (word, size) in enumerate(zip(words, sizes, strict=True), start=1):
            self.waiting_bytes += size
            if word * _TARGET < _ONE * size or self.waiting_bytes >= _LARGEST:
                self.waiting_bytes = 0
                yield end

    def _take(self, seen: SeenColumns, encoded: Sequence[bytes | None], which: slice) -> None:
        some = {name: values[which] for name, values in seen.items()}
        for name, values in some.items():
            self.waiting[name] += values
        fresh = [data for data in encoded[which] if data is not None]
        self.fresh.writelines(fresh)
        if len(fresh) < len(some["relpath"]):
            self.unchanged += [row for row, data in zip(rows_of(some), encoded[which], strict=True) if data is None]

    def close(self) -> Iterator[Finished]:
        """End the pack here, if it holds anything, writing it unless the same content is stored."""
        if self.waiting["relpath"]:
            rows = cache_table(self.waiting)
            pack = self.known.get(content_key(self.waiting)) or self._write(rows)
            yield pack, kept_in(rows, pack.sha256)
            self.waiting, self.unchanged, self.waiting_bytes = columns_of([]), [], 0
            self.fresh.seek(0)  # the next pack is written over this one: new memory would be new pages

    def _write(self, rows: pa.Table) -> Pack:
        return store_pack(self.folder, self.source, _table(self.source, self.waiting, rows, self._encoded()))

    def _encoded(self) -> pa.Array:
        """The column of bytes: the buffer as it is, or pieced together with the bytes of unchanged images."""
        if not self.unchanged:
            return packed(self.fresh.getbuffer(), self.waiting["size"])
        kept = self._kept()
        self.fresh.seek(0)
        pairs = zip(self.waiting["relpath"], self.waiting["size"], strict=True)
        return column(pa.binary(), [kept.get(relpath) or self.fresh.read(size) for relpath, size in pairs])

    def _kept(self) -> dict[str, bytes]:
        """The bytes of unchanged images by relative path: from the pack that holds them, else from the raw file."""
        found: dict[str, bytes] = {}
        for name in sorted({seen.pack for seen in self.unchanged if seen.pack}):
            stored = _stored_bytes(self.folder / f"{name[:16]}.parquet", len(self.source) + 1)
            mine = {seen.relpath for seen in self.unchanged if seen.pack == name}
            found.update((relpath, data) for relpath, data in stored.items() if relpath in mine)
        lost = [seen for seen in self.unchanged if seen.relpath not in found]
        return found | {seen.relpath: self.reread(seen) for seen in lost}


def content_key(seen: SeenColumns) -> str:
    """A digest of which images, with which bytes, a pack holds."""
    notes = [note or "" for note in seen["note"]] if any(seen["note"]) else ()
    text = "\n".join(["\0".join(terms) for terms in (seen["relpath"], seen["sha256"], notes)])
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
            found[content_key(columns_of(rows))] = Pack(
                f"{folder.name}/{path.name}", name, len(rows), path.stat().st_size
            )
    return found


def _stored_bytes(path: Path, prefix: int) -> dict[str, bytes]:
    try:
        table = pq.read_table(path, columns=["image_id", "image"], partitioning=None)
    except (OSError, pa.ArrowException):
        return {}
    encoded = pc.struct_field(table.column("image"), "bytes").to_pylist()
    return {image_id[prefix:]: data for image_id, data in zip(table.column(0).to_pylist(), encoded, strict=True)}


def _table(source: str, seen: SeenColumns, rows: pa.Table, encoded: pa.Array) -> pa.Table:
    """The pack of images whose cache rows are `rows`; what both tables hold is made once."""
    paths = texts([relpath.rpartition("/")[2] for relpath in seen["relpath"]])
    columns = {
        "image_id": prefixed(f"{source}/", seen["relpath"]),
        "source": texts([source] * len(encoded)),
        "image": pa.StructArray.from_arrays([encoded, paths], fields=list(IMAGES.schema.field("image").type)),
        "n_bytes": column(pa.int32(), seen["size"]),
        "decode_note": rows.column("note"),
    }
    columns |= {name: rows.column(name) for name in ("sha256", "width", "height", "format", "phash")}
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
