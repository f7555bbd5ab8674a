"""ZIP files: the central directory read entry by entry, members by their place, safe to read from several threads.

Format: PKWARE APPNOTE 6.3.10; stored and deflated members, ZIP64, one file. What the local header calls a member must
be what the directory calls it, or two readers would see two archives.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from generators.archives.checks import MAX_NAME, Member, refuse
from schemas.errors import BadRawData

_END = struct.Struct("<4s4H2LH")
_END64_AT = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_UTF8 = 1 << 11
_UNIX = (3, 19)
_COMMENT = 1 << 16
_PIECE = 4 << 20


def zip_members(path: Path) -> Iterator[Member]:
    """The entries of a ZIP file in the order of its directory. Raises BadRawData."""
    with path.open("rb") as file:
        count, size, start, zip64 = _directory(file, path.name)
        file.seek(start)
        met = 0
        while file.tell() - start < size:
            yield _entry(file, path.name)
            met += 1
        if file.tell() - start != size or (met != count if zip64 else met & _FULL16 != count):
            raise _damaged(path.name, f"its directory names {count} members and holds {met}")


def _damaged(archive: str, why: str) -> BadRawData:
    return BadRawData(f"The archive {archive!r} is not read: {why}; it is cut off or damaged, fetch it again.")


def _directory(file: IO[bytes], archive: str) -> tuple[int, int, int, bool]:
    """Number of entries, bytes and start of the central directory, and whether it is ZIP64."""
    length = file.seek(0, os.SEEK_END)
    base = max(0, length - _COMMENT - _END.size)
    file.seek(base)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail) or at + _END.size + _END.unpack_from(tail, at)[7] != len(tail):
        raise _damaged(archive, "it has no directory at its end")
    _, disk, first_disk, here, count, size, start, _ = _END.unpack_from(tail, at)
    end, zip64 = base + at, False
    if _FULL16 in (disk, first_disk, here, count) or _FULL32 in (size, start):
        count, size, start, end = _large_directory(file, archive, end)
        zip64 = True
    elif (disk, first_disk, here) != (0, 0, count):
        raise BadRawData(f"The archive {archive!r} is not read: it is one of several parts; join them first.")
    if start + size != end:
        raise _damaged(archive, "its directory does not stand before its end")
    return count, size, start, zip64


def _large_directory(file: IO[bytes], archive: str, end: int) -> tuple[int, int, int, int]:
    file.seek(max(0, end - _END64_AT.size))
    sign, _, at, disks = _END64_AT.unpack(_exactly(file, _END64_AT.size, archive))
    if sign != b"PK\6\7" or disks != 1:
        raise _damaged(archive, "its ZIP64 directory is not where it should be")
    file.seek(at)
    sign, _, _, _, _, _, here, count, size, start = _END64.unpack(_exactly(file, _END64.size, archive))
    if sign != b"PK\6\6" or here != count:
        raise _damaged(archive, "its ZIP64 directory is not where it should be")
    return count, size, start, at


def _exactly(file: IO[bytes], size: int, archive: str) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise _damaged(archive, "it ends in the middle of its directory")
    return data


def _entry(file: IO[bytes], archive: str) -> Member:
    fields = _ENTRY.unpack(_exactly(file, _ENTRY.size, archive))
    sign, made_by, _, flags, method, _, _, crc, packed, size, n_name, n_extra, n_comment, _, _, mode, offset = fields
    if sign != b"PK\1\2":
        raise _damaged(archive, "its directory holds something that is no entry")
    name = _name(_exactly(file, n_name, archive), flags, archive)
    size, packed, offset = _large(_exactly(file, n_extra, archive), (size, packed, offset), archive, name)
    _exactly(file, n_comment, archive)
    if flags & _ENCRYPTED:
        refuse(archive, name, "is encrypted; unpack it with its password")
    kind = _kind(name, mode >> 16 if made_by >> 8 in _UNIX else 0)
    if kind == "file" and method not in (_STORED, _DEFLATED):
        refuse(archive, name, f"is packed with method {method}; stored and deflated members are read")
    if method == _STORED and size != packed:
        refuse(archive, name, "claims bytes that the archive does not have")
    return Member(name, kind, size, packed, offset, method, crc)


def _name(raw: bytes, flags: int, archive: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("cp437")
        if flags & _UTF8:
            refuse(archive, name, "says that its name is UTF-8, and it is not")
        return name


def _large(extra: bytes, values: tuple[int, int, int], archive: str, name: str) -> tuple[int, int, int]:
    """Size, packed size and offset, taken from the ZIP64 field where the entry has no room for them."""
    missing = values.count(_FULL32)
    while missing and len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1 and length >= 8 * missing and len(extra) >= 4 + 8 * missing:
            found = iter(struct.unpack_from(f"<{missing}Q", extra, 4))
            size, packed, offset = (next(found) if value == _FULL32 else value for value in values)
            return size, packed, offset
        extra = extra[4 + length :]
    if missing:
        refuse(archive, name, "has no ZIP64 field for its size")
    return values


def _kind(name: str, mode: int) -> str:
    form = stat.S_IFMT(mode)
    if form == stat.S_IFLNK:
        return "a symbolic link"
    if form not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "neither a file nor a folder"
    return "folder" if name.endswith("/") or form == stat.S_IFDIR else "file"


def zip_chunks(descriptor: int, relpath: str, size: int, place: tuple[int, int, int]) -> Iterator[bytes]:
    """The bytes of one member, piece by piece. Raises BadRawData when they are not what the directory promises."""
    offset, packed, coded = place
    method, crc = coded >> 32, coded & _FULL32
    head = os.pread(descriptor, _LOCAL.size + MAX_NAME, offset)
    if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
        raise _unreadable(relpath, "there is no entry at its place")
    n_name, n_extra = _LOCAL.unpack_from(head)[-2:]
    if not _is_named(head[_LOCAL.size : _LOCAL.size + n_name], relpath):
        raise _unreadable(relpath, "its entry has another name")
    raw = pieces(descriptor, packed, offset + _LOCAL.size + n_name + n_extra)
    met = found = 0
    for piece in raw if method == _STORED else _inflated(raw, relpath):
        met, found = met + len(piece), zlib.crc32(piece, found)
        if met > size:
            break
        yield piece
    if (met, found) != (size, crc):
        raise _unreadable(relpath, "its bytes do not have the size and checksum promised")


def _unreadable(relpath: str, why: str) -> BadRawData:
    return BadRawData(f"The member {relpath!r} cannot be read: {why}.")


def _is_named(raw: bytes, relpath: str) -> bool:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("cp437")
    return "/".join(part for part in name.split("/") if part not in ("", ".")) == relpath


def _inflated(raw: Iterator[bytes], relpath: str) -> Iterator[bytes]:
    """Inflated pieces of bounded length, whatever the packed ones unpack to."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in raw:
            while piece and not inflate.eof:
                yield inflate.decompress(piece, _PIECE)
                piece = inflate.unconsumed_tail
        while rest := inflate.decompress(inflate.unconsumed_tail, _PIECE):
            yield rest
    except zlib.error as error:
        raise _unreadable(relpath, str(error)) from error


def pieces(descriptor: int, size: int, offset: int) -> Iterator[bytes]:
    """These bytes of a file, piece by piece; fewer when the file ends before."""
    while size and (piece := os.pread(descriptor, min(size, _PIECE), offset)):
        yield piece
        size, offset = size - len(piece), offset + len(piece)
