"""What an archive of a dataset may hold. One bad member refuses the archive as a whole, in one sentence naming it.

Refused are names that lead out of the archive or cannot be told apart, links and devices, encrypted members,
archives in the archive, and whatever is too large or too densely packed to be pictures (a bomb).
"""

import re
import unicodedata
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple, NoReturn, Protocol

import xxhash

from generators.raw_files import RawFiles
from generators.raw_tree import printable
from schemas.errors import BadRawData

MAX_MEMBERS = 8_000_000
MAX_TOTAL = 1 << 40
MAX_RATIO = 200
MAX_NAME, MAX_PART, MAX_DEPTH = 1_024, 255, 32
# Below this many bytes a dense member is a list or a blank picture, above it a bomb.
DENSE_FROM = 16 << 20
NESTED = frozenset({"zip", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "7z", "rar", "zst", "lz4", "cab", "iso"})

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")


class Member(NamedTuple):
    """One entry of an archive: name as stored, kind (`file`, `folder` or what else it is), sizes, where its bytes are.

    `offset`, `method` and `crc` are the container's own; a tar needs the offset of the data only.
    """

    name: str
    kind: str
    size: int
    packed: int
    offset: int
    method: int = 0
    crc: int = 0


@dataclass(slots=True)
class Listing:
    """The files of an archive, sorted by path, with three numbers each for the container (offset, packed, method+crc).

    `folders` end in `/`; `refused` are entries that are left out alone, as a folder leaves them out.
    """

    files: RawFiles = field(default_factory=lambda: RawFiles([], array("q"), 0))
    places: "array[int]" = field(default_factory=lambda: array("Q"))
    folders: set[str] = field(default_factory=set)
    refused: list[tuple[str, str, str]] = field(default_factory=list)


class Listings(Protocol):
    """Where the listing of an archive is kept for the next time, under the archive's identity."""

    def recall(self, identity: str, mtime_ns: int) -> Listing | None:
        """The listing of an archive that was listed before."""
        ...

    def keep(self, identity: str, listing: Listing) -> None:
        """Keep a listing, in place of an older one."""
        ...


def refuse(archive: str, name: str, why: str) -> NoReturn:
    """Refuse a whole archive because of one member. Raises BadRawData."""
    shown = printable(name) if len(name) <= MAX_PART else f"{printable(name[:80])}…"
    raise BadRawData(f"The archive {archive!r} is not read: its member {shown!r} {why}.")


def listed(archive: str, members: Iterable[Member], size: int, mtime_ns: int) -> Listing:
    """The checked and sorted listing of an archive of `size` bytes. Raises BadRawData at the first bad member."""
    found, seen, total, packed = Listing(), set[int](), 0, 0
    rows: list[tuple[str, int, int, int, int]] = []
    for number, member in enumerate(members):
        if number >= MAX_MEMBERS:
            raise BadRawData(f"The archive {archive!r} is not read: it has more than {MAX_MEMBERS} members.")
        name = checked_name(archive, member.name)
        total, packed = total + member.size, packed + member.packed
        _check_member(archive, member, total, packed, size)
        if member.kind == "folder":
            found.folders.add(f"{name}/" if name else "")
        elif not name:
            refuse(archive, member.name, "is a file without a name")
        elif (shown := printable(name)) != name:
            found.refused.append((shown, "bad_name", "The name is not valid UTF-8; rename the file."))
        else:
            _check_once(archive, name, seen, rows)
            rows.append((name, member.size, member.offset, member.packed, member.method << 32 | member.crc))
    rows.sort()
    found.files = RawFiles([row[0] for row in rows], array("q", [row[1] for row in rows]), mtime_ns)
    found.places = array("Q", chain.from_iterable(row[2:] for row in rows))
    _add_parents(archive, found)
    found.refused.sort()
    return found


def checked_name(archive: str, name: str) -> str:
    """A member's name as a relative path without `.` parts and doubled slashes. Raises BadRawData."""
    if _ABSOLUTE.match(name):
        refuse(archive, name, "has an absolute name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in name.replace("\\", "/").split("/"):
        refuse(archive, name, "leads out of the archive")
    if "\\" in name or "\0" in name:
        refuse(archive, name, "has a backslash or a zero byte in its name; pack the folder anew")
    encoded = [len(part.encode("utf-8", "surrogateescape")) for part in parts]
    if sum(encoded) + len(parts) > MAX_NAME or max(encoded, default=0) > MAX_PART or len(parts) > MAX_DEPTH:
        refuse(archive, name, f"has a name of more than {MAX_PART} bytes a part, {MAX_NAME} in all or {MAX_DEPTH} deep")
    return "/".join(parts)


def _check_member(archive: str, member: Member, total: int, packed: int, size: int) -> None:
    if member.kind not in ("file", "folder"):
        refuse(archive, member.name, f"is {member.kind}")
    if member.kind == "file" and member.name.rpartition(".")[2].lower() in NESTED:
        refuse(archive, member.name, "is an archive in the archive; unpack the outer one")
    if member.size < 0 or packed > size:
        refuse(archive, member.name, "claims bytes that the archive does not have")
    if total > MAX_TOTAL:
        refuse(archive, member.name, f"brings the unpacked size above {MAX_TOTAL >> 30} GiB")
    dense = member.size > DENSE_FROM and member.size > MAX_RATIO * member.packed > 0
    if dense or total > max(DENSE_FROM, MAX_RATIO * size):
        refuse(archive, member.name, f"would unpack to more than {MAX_RATIO} times its packed size")


def _check_once(archive: str, name: str, seen: set[int], rows: Iterable[tuple[str, int, int, int, int]]) -> None:
    """Refuse a name that was there, as it is or but for upper and lower case; digests are kept, not names."""
    key = _folded(name)
    word = xxhash.xxh3_64_intdigest(key.encode("utf-8"))
    if word in seen:
        first = next((path for path, *_ in rows if _folded(path) == key), None)
        if first == name:
            refuse(archive, name, "is there twice")
        if first is not None:
            refuse(archive, name, f"differs from {first!r} by upper and lower case only")
    seen.add(word)


def _folded(name: str) -> str:
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _add_parents(archive: str, found: Listing) -> None:
    last = ""
    for path in found.files.paths():
        parent = path.rpartition("/")[0]
        if parent != last:
            last = parent
            while parent and f"{parent}/" not in found.folders:
                found.folders.add(f"{parent}/")
                parent = parent.rpartition("/")[0]
    for path in found.files.paths():
        if f"{path}/" in found.folders:
            refuse(archive, path, "is both a file and a folder")
