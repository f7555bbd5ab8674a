"""The pass over a dataset's images: open what changed, verify, hash, and stream everything into packs."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from schemas.errors import BadRawData
from schemas.rows import Reject
from schemas.source import RawFile, RawTree
from tasks.packs.cache import Seen, cache_table, join_tables
from tasks.packs.columns import COLUMNS_AT_ONCE
from tasks.packs.decode import MAX_BYTES, Refusal, decode
from tasks.packs.packs import Item, Pack, Packer

_ABSENT = ""


@dataclass(slots=True)
class Scan:
    """What a pass found: packs, dead images, the digest of everything opened, and cache rows for the next time."""

    packs: list[Pack] = field(default_factory=list)
    dead: dict[str, Reject] = field(default_factory=dict)
    opened: int = 0
    hasher: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    remembered: list[pa.Table] = field(default_factory=list)
    waiting: list[Seen] = field(default_factory=list)

    def remember(self, rows: Iterable[Seen]) -> None:
        """Keep finished cache rows, as columns once there are many."""
        self.waiting.extend(rows)
        if len(self.waiting) >= COLUMNS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Turn the rows kept so far into columns."""
        self.remembered.append(cache_table(self.waiting))
        self.waiting = []

    def all_remembered(self) -> pa.Table:
        """The cache rows of the whole pass; this scan lets go of them."""
        parts, self.remembered = self.remembered, []
        return join_tables(parts)


def scan(tree: RawTree, source: str, files: Iterable[tuple[RawFile, Seen | None]], packer: Packer) -> Scan:
    """Look at every image of a source once, in id order; `files` pairs each with what is known of it already."""
    result = Scan()
    for item in _items(tree, files, result):
        seen = item.seen
        result.hasher.update(f"{seen.relpath}\0{seen.sha256}\n".encode())
        if seen.reason is None:
            if finished := packer.add(item):
                result.remember(finished)
        else:
            seen.pack = None
            result.dead[seen.relpath] = _reject(source, seen)
            if seen.sha256 != _ABSENT:
                result.remember([seen])
    result.remember(packer.close())
    result.flush()
    result.packs = packer.packs
    return result


def _items(tree: RawTree, files: Iterable[tuple[RawFile, Seen | None]], result: Scan) -> Iterator[Item]:
    for file, known in files:
        if known is not None:
            yield Item(known)
        else:
            result.opened += 1
            yield open_image(tree, file)


def open_image(tree: RawTree, file: RawFile) -> Item:
    """Read and verify one image file; a file that cannot be read is seen without a digest and never remembered."""
    if file.size > MAX_BYTES:
        detail = f"The file has {file.size} bytes; at most {MAX_BYTES} are accepted."
        return Item(Seen(file.relpath, file.size, file.mtime_ns, _ABSENT, reason="too_large", detail=detail))
    try:
        data = tree.read(file.relpath, file.size)
    except BadRawData as error:
        return Item(Seen(file.relpath, file.size, file.mtime_ns, _ABSENT, reason="unreadable", detail=str(error)))
    seen = Seen(file.relpath, len(data), file.mtime_ns, hashlib.sha256(data).hexdigest())
    found = decode(data, file.relpath.rpartition(".")[2])
    if isinstance(found, Refusal):
        seen.reason, seen.detail = found.reason, found.detail
        return Item(seen)
    seen.format, seen.width, seen.height, seen.note = found.format, found.width, found.height, found.note
    return Item(seen, data, found.grey)


def reread(tree: RawTree, seen: Seen) -> bytes:
    """The bytes of an image that was verified earlier. Raises BadRawData when they are others now."""
    data = tree.read(seen.relpath, MAX_BYTES)
    if hashlib.sha256(data).hexdigest() != seen.sha256:
        raise BadRawData(f"The file {seen.relpath!r} changed while it was being read; run the build again.")
    return data


def _reject(source: str, seen: Seen) -> Reject:
    return Reject(
        table="images",
        source=source,
        subject=f"{source}/{seen.relpath}",
        reason=seen.reason or "",
        detail=seen.detail or "",
        payload_sha256=seen.sha256 or None,
    )
