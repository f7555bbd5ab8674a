"""The pass over a dataset's images: open what changed, verify, hash, and stream everything into packs."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from schemas.errors import BadRawData
from schemas.rows import Reject
from schemas.source import RawFile, RawTree
from tasks.packs.cache import Seen, cache_table, join_tables
from tasks.packs.decode import MAX_BYTES, Decoded, Refusal, decode_all
from tasks.packs.packs import Finished, Opened, Pack, Packer
from tasks.packs.phash import phashes

_ABSENT = ""
_BLOCK_FILES = 128  # so many pictures stay in the caches of a core from reading to hashing
_BLOCK_BYTES = 1 << 20

Known = tuple[RawFile, Seen | None]


@dataclass(slots=True)
class Scan:
    """What a pass found: packs, dead images, the digest of everything opened, and cache rows for the next time."""

    packs: list[Pack] = field(default_factory=list)
    dead: dict[str, Reject] = field(default_factory=dict)
    opened: int = 0
    hasher: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    remembered: list[pa.Table] = field(default_factory=list)

    def note(self, source: str, seen: Sequence[Seen]) -> None:
        """Take what was seen of some images into the digest, and put those aside that are refused."""
        self.hasher.update("".join([f"{row.relpath}\0{row.sha256}\n" for row in seen]).encode())
        refused = [row for row in seen if row.reason is not None]
        self.dead.update((row.relpath, _reject(source, row)) for row in refused)
        if again := [row for row in refused if row.sha256 != _ABSENT]:
            self.remembered.append(cache_table(again, None))

    def keep(self, finished: Iterable[Finished]) -> None:
        """Keep finished packs, and the cache rows of their images."""
        for pack, seen in finished:
            self.packs.append(pack)
            self.remembered.append(cache_table(seen, pack.sha256))

    def all_remembered(self) -> pa.Table:
        """The cache rows of the whole pass; this scan lets go of them."""
        parts, self.remembered = self.remembered, []
        return join_tables(parts)


def scan(tree: RawTree, source: str, files: Iterable[Known], packer: Packer) -> Scan:
    """Look at every image of a source once, in id order; `files` pairs each with what is known of it already."""
    result = Scan()
    for block in _blocks(files):
        fresh = open_images(tree, [file for file, known in block if known is None])
        result.opened += len(fresh)
        ahead = iter(fresh)
        looked_at: list[Opened] = [next(ahead) if known is None else (known, None) for _, known in block]
        result.note(source, [seen for seen, _ in looked_at])
        result.keep(packer.add([pair for pair in looked_at if pair[0].reason is None]))
    result.keep(packer.close())
    return result


def _blocks(files: Iterable[Known]) -> Iterator[list[Known]]:
    """The files in blocks that are small in number and in bytes."""
    block: list[Known] = []
    waiting = 0
    for pair in files:
        block.append(pair)
        waiting += pair[0].size
        if len(block) >= _BLOCK_FILES or waiting >= _BLOCK_BYTES:
            yield block
            block, waiting = [], 0
    if block:
        yield block


def open_images(tree: RawTree, files: Sequence[RawFile]) -> list[Opened]:
    """Read and verify image files, each step over all of them; the bytes are there where the image is sound.

    A file that cannot be read is seen without a digest and never remembered.
    """
    taken = [_take(tree, file) for file in files]
    read = [(file, data) for file, data in zip(files, taken, strict=True) if isinstance(data, bytes)]
    encoded = [data for _, data in read]
    digests = [hashlib.sha256(data).hexdigest() for data in encoded]
    found = decode_all(encoded, [file.relpath.rpartition(".")[2] for file, _ in read])
    hashes = iter(phashes([one.grey for one in found if isinstance(one, Decoded)]).tolist())
    rows = (
        _sound(file, len(data), sha256, one, next(hashes))
        if isinstance(one, Decoded)
        else _refused(file, len(data), sha256, one)
        for (file, data), sha256, one in zip(read, digests, found, strict=True)
    )
    opened = zip(rows, encoded, strict=True)
    return [next(opened) if isinstance(data, bytes) else (data, None) for data in taken]


def _take(tree: RawTree, file: RawFile) -> bytes | Seen:
    if file.size > MAX_BYTES:
        detail = f"The file has {file.size} bytes; at most {MAX_BYTES} are accepted."
        return _refused(file, file.size, _ABSENT, Refusal("too_large", detail))
    try:
        return tree.read(file.relpath, file.size)
    except BadRawData as error:
        return _refused(file, file.size, _ABSENT, Refusal("unreadable", str(error)))


def _sound(file: RawFile, size: int, sha256: str, found: Decoded, hashed: int) -> Seen:
    return Seen(file.relpath, size, file.mtime_ns, sha256, found.width, found.height, found.format, hashed, found.note)


def _refused(file: RawFile, size: int, sha256: str, refusal: Refusal) -> Seen:
    return Seen(file.relpath, size, file.mtime_ns, sha256, reason=refusal.reason, detail=refusal.detail)


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
