"""TAR files, plain or gzipped: headers by the standard library behind a guard, data by its place.

A gzipped one is read twice, front to back: once for its list, and once, when the first file is asked for, into an
unnamed temporary file, because images are wanted in the order of their names and gzip has an order of its own only.
"""

import gzip
import io
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from generators.archives.checks import Member, refuse
from schemas.errors import BadRawData, NotWritable

_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20
# Names and attributes of a member stand in blocks of their own, which would be read whole.
_LONGEST_HEADER = 128 << 10
_PADDING = 1 << 20
_FAULTS = (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, IndexError, KeyError, zlib.error)
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
}


def tar_members(path: Path, gzipped: bool) -> Iterator[Member]:
    """The entries of a tar file in its order. Raises BadRawData."""
    with gzip.open(path, "rb") if gzipped else path.open("rb") as stream:
        guard = _Guard(stream, path.name)
        try:
            yield from _entries(guard, path.name, gzipped)
        except _FAULTS as error:
            raise _damaged(path.name, str(error) or type(error).__name__) from error


def _damaged(archive: str, why: str) -> BadRawData:
    said = why.splitlines()[0].rstrip(".")
    return BadRawData(f"The archive {archive!r} is not read: it is cut off or damaged ({said}); fetch it again.")


class _Tar(tarfile.TarFile):
    members: list[tarfile.TarInfo]


class _Guard(io.BufferedIOBase):
    """A stream that refuses to hand out long blocks at once and remembers the last one."""

    def __init__(self, stream: gzip.GzipFile | io.BufferedReader, archive: str) -> None:
        self._stream, self._archive, self.last = stream, archive, b""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes. Raises BadRawData when that is more than a header has."""
        if size is None or not 0 <= size <= _LONGEST_HEADER:
            raise BadRawData(f"The archive {self._archive!r} is not read: a header in it claims {size} bytes.")
        self.last = self._stream.read(size)
        return self.last

    def seek(self, place: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to a place in the unpacked stream."""
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        """The place in the unpacked stream."""
        return self._stream.tell()


def _entries(guard: _Guard, archive: str, gzipped: bool) -> Iterator[Member]:
    tar = _Tar(fileobj=guard, mode="r", encoding="utf-8", errors="surrogateescape")
    while (entry := tar.next()) is not None:
        tar.members.clear()  # the library keeps every header it has met
        yield _member(entry, archive, gzipped)
    if len(guard.last) != _BLOCK or any(guard.last):
        raise EOFError("it stops without its end mark")
    _drain(guard, archive)


def _drain(guard: _Guard, archive: str) -> None:
    """Read to the end of the file, where a gzip stream has its checksum; padding is zeros."""
    for _ in range(_PADDING // _LONGEST_HEADER):
        if not guard.read(_LONGEST_HEADER):
            return
        if any(guard.last):
            break
    raise EOFError("more follows after its end mark")


def _member(entry: tarfile.TarInfo, archive: str, gzipped: bool) -> Member:
    if entry.issparse():
        refuse(archive, entry.name, "is a sparse file; pack it as it is")
    if entry.isreg():
        return Member(entry.name, "file", entry.size, 0 if gzipped else entry.size, entry.offset_data)
    kind = "folder" if entry.isdir() else _KINDS.get(entry.type, "neither a file nor a folder")
    return Member(entry.name, kind, 0, 0, entry.offset_data)


def spooled(path: Path, end: int) -> int:
    """A descriptor of an unnamed temporary file with the first `end` bytes of an unpacked tar; the caller closes it.

    Raises BadRawData when the archive is not what it was, NotWritable when there is no room.
    """
    check_room(path.name, end)
    try:
        with tempfile.TemporaryFile() as file, gzip.open(path, "rb") as stream:
            while file.tell() < end and (part := stream.read(min(_CHUNK, end - file.tell()))):
                file.write(part)
            file.flush()
            return os.dup(file.fileno())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path.name, str(error)) from error


def check_room(archive: str, size: int) -> None:
    """Raise NotWritable when the temporary folder has no room for so many bytes."""
    if shutil.disk_usage(tempfile.gettempdir()).free < size:
        raise NotWritable(
            f"Reading {archive!r} takes {size >> 20} MiB of temporary space: set TMPDIR to a larger disk."
        )
