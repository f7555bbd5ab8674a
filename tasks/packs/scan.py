"""The pass over a dataset's images: open what changed, verify, hash, and stream everything into packs."""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress

import pyarrow as pa

from schemas.errors import BadRawData
from schemas.rows import Reject
from schemas.source import RawFile, RawTree
from tasks.packs.cache import Seen, SeenColumns, cache_table, columns_of, rows_of
from tasks.packs.decode import MAX_BYTES, Decoded, Refusal, SoundJpegs, decode_all
from tasks.packs.packs import Finished, Pack, Packer
from tasks.packs.phash import phashes

_ABSENT = ""
_BLOCK_FILES = 128  # so many pictures stay in the caches of a core from reading to hashing
_BLOCK_BYTES = 1 << 20

Recall = Callable[[Sequence[RawFile]], Sequence[Seen | None]]
Encoded = Sequence[bytes | None]


@dataclass(slots=True)
class Scan:
    """What a pass found: packs, dead images, and the digest of everything opened; `remember` takes cache rows."""

    remember: Callable[[pa.Table], None]
    packs: list[Pack] = field(default_factory=list)
    dead: dict[str, Reject] = field(default_factory=dict)
    hasher: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def note(self, seen: SeenColumns) -> None:
        """Take what was seen of some images into the digest."""
        terms = zip(seen["relpath"], seen["sha256"], strict=True)
        self.hasher.update("".join([f"{relpath}\0{sha256}\n" for relpath, sha256 in terms]).encode())

    def refuse(self, source: str, refused: Sequence[Seen]) -> None:
        """Put aside images that are refused; those that could be read are remembered."""
        self.dead.update((row.relpath, _reject(source, row)) for row in refused)
        if again := [row for row in refused if row.sha256 != _ABSENT]:
            self.remember(cache_table(columns_of(again)))

    def keep(self, finished: Iterable[Finished]) -> None:
        """Keep finished packs, and the cache rows of their images."""
        for pack, rows in finished:
            self.packs.append(pack)
            self.remember(rows)


def scan(
    tree: RawTree,
    source: str,
    files: Iterable[Sequence[RawFile]],
    recall: Recall,
    remember: Callable[[pa.Table], None],
    packer: Packer,
) -> Scan:
    """Look at every image of a source once, in id order.

    `recall` tells what is known of files already, `remember` takes what there is to tell the next time.
    """
    result = Scan(remember)
    for block in _blocks(files):
        known = recall(block)
        fresh = block if not any(known) else [file for file, row in zip(block, known, strict=True) if row is None]
        seen, encoded = open_images(tree, fresh)
        if fresh is not block:
            seen, encoded = _with_known(known, seen, encoded)
        result.note(seen)
        if any(seen["reason"]):
            result.refuse(source, [row for row in rows_of(seen) if row.reason is not None])
            seen, encoded = _accepted(seen, encoded)
        result.keep(packer.add(seen, encoded))
    result.keep(packer.close())
    return result


def _with_known(known: Sequence[Seen | None], seen: SeenColumns, encoded: Encoded) -> tuple[SeenColumns, Encoded]:
    """The whole block, when some of its files are unchanged and were not opened."""
    fresh = zip(rows_of(seen), encoded, strict=True)
    pairs = [next(fresh) if row is None else (row, None) for row in known]
    return columns_of(row for row, _ in pairs), [data for _, data in pairs]


def _accepted(seen: SeenColumns, encoded: Encoded) -> tuple[SeenColumns, Encoded]:
    sound = [reason is None for reason in seen["reason"]]
    return {name: list(compress(values, sound)) for name, values in seen.items()}, list(compress(encoded, sound))


def _blocks(parts: Iterable[Sequence[RawFile]]) -> Iterator[Sequence[RawFile]]:
    """The files in blocks that are small in number and in bytes."""
    for part in parts:
        for start in range(0, len(part), _BLOCK_FILES):
            yield from _light(part[start : start + _BLOCK_FILES])


def _light(block: Sequence[RawFile]) -> Iterator[Sequence[RawFile]]:
    """A block, or its halves and theirs when its files are large."""
    if len(block) == 1 or sum([size for _, size, _ in block]) < _BLOCK_BYTES:
        yield block
    else:
        middle = len(block) // 2
        yield from _light(block[:middle])
        yield from _light(block[middle:])


def open_images(tree: RawTree, files: Sequence[RawFile]) -> tuple[SeenColumns, Encoded]:
    """Read and verify image files, each step over all of them; with the bytes of those that could be read.

    A file that cannot be read is seen without a digest and never remembered.
    """
    taken = _take_all(tree, files)
    encoded = [data for data in taken if isinstance(data, bytes)]
    whole = len(encoded) == len(files)
    read = files if whole else [file for file, data in zip(files, taken, strict=True) if isinstance(data, bytes)]
    digests = [hashlib.sha256(data).hexdigest() for data in encoded]
    found = decode_all(encoded, [relpath.rpartition(".")[2] for relpath, _, _ in read])
    if isinstance(found, SoundJpegs):
        opened = _all_sound(read, encoded, digests, found)
        if whole:
            return opened, encoded
        rows = rows_of(opened)
    else:
        rows = map(_opened, read, encoded, digests, found)
    seen = [next(rows) if isinstance(data, bytes) else data for data in taken]
    return columns_of(seen), [data if isinstance(data, bytes) else None for data in taken]


def _all_sound(
    files: Sequence[RawFile], encoded: Sequence[bytes], digests: list[str], found: SoundJpegs
) -> SeenColumns:
    relpaths, _, times = zip(*files, strict=True)
    nothing, formats = [None] * len(files), ["jpeg"] * len(files)
    sizes, hashes = map(len, encoded), phashes(found.greys).tolist()
    known = (relpaths, sizes, times, digests, found.widths, found.heights, formats, hashes, found.notes)
    return dict(zip(Seen._fields, map(list, (*known, nothing, nothing, nothing)), strict=True))


def _take_all(tree: RawTree, files: Sequence[RawFile]) -> Sequence[bytes | Seen]:
    """The bytes of each file, or why it cannot be read: nearly always all of them can, and then it goes quickly."""
    with contextlib.suppress(BadRawData):
        if max([size for _, size, _ in files], default=0) <= MAX_BYTES:
            return [tree.read(relpath, size) for relpath, size, _ in files]
    return [_take(tree, file) for file in files]


def _opened(file: RawFile, data: bytes, sha256: str, found: Decoded | Refusal) -> Seen:
    if isinstance(found, Refusal):
        return _refused(file, len(data), sha256, found)
    hashed = int(phashes([found.grey])[0])
    geometry = (found.width, found.height, found.format, hashed, found.note)
    return Seen(file.relpath, len(data), file.mtime_ns, sha256, *geometry)


def _take(tree: RawTree, file: RawFile) -> bytes | Seen:
    if file.size > MAX_BYTES:
        detail = f"The file has {file.size} bytes; at most {MAX_BYTES} are accepted."
        return _refused(file, file.size, _ABSENT, Refusal("too_large", detail))
    try:
        return tree.read(file.relpath, file.size)
    except BadRawData as error:
        return _refused(file, file.size, _ABSENT, Refusal("unreadable", str(error)))


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
