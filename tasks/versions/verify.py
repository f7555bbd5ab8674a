"""Copying and checking the files of a version: every byte against the manifest, every failure by file name."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

from schemas.errors import DigestMismatch, NotWritable, VersionExists
from schemas.keys import file_sha256
from schemas.manifest import FileEntry
from tasks.versions.manifest import MANIFEST
from tasks.versions.selecting import SELECTION

_BLOCK = 1 << 18
_REMEDY = "take the version from another copy of it, or publish it again from its store."


def inside(folder: Path, path: str) -> Path:
    """The place of a manifest path below a folder. Raises DigestMismatch when it would leave the folder."""
    place = folder / path
    if not place.resolve().is_relative_to(folder.resolve()):
        raise DigestMismatch(f"The file {path!r} would lie outside the version folder; nothing was copied.")
    return place


def copy_file(entry: FileEntry, source: Path, target: Path, link: bool = False) -> None:
    """Copy one file and check its size and sha256 on the way; `link` makes a hard link where the disk allows it.

    Raises DigestMismatch naming the file when it is missing, no regular file, or holds other bytes.
    """
    _refuse_irregular(entry, source)
    target.parent.mkdir(parents=True, exist_ok=True)
    if link and _linked(source, target):
        size, sha256 = target.stat().st_size, file_sha256(target)
    else:
        size, sha256 = _copied(source, target)
    refuse_difference(entry, size, sha256)


def refuse_difference(entry: FileEntry, size: int, sha256: str) -> None:
    """Raise DigestMismatch when a file's size or sha256 is not the one in its entry."""
    if size != entry.size:
        what = f"The file {entry.path!r} has {size} bytes; {entry.size} were published."
        raise DigestMismatch(f"{what} It was changed or damaged: {_REMEDY}")
    if sha256 != entry.sha256:
        what = f"The file {entry.path!r} has sha256 {sha256[:12]}…; {entry.sha256[:12]}… was published."
        raise DigestMismatch(f"{what} It was changed or damaged: {_REMEDY}")


def refuse_other_content(entry: FileEntry, content: Path | bytes) -> None:
    """Raise DigestMismatch when a file, or bytes, to be stored are not what their entry says."""
    if isinstance(content, bytes):
        refuse_difference(entry, len(content), hashlib.sha256(content).hexdigest())
    else:
        refuse_difference(entry, content.stat().st_size, file_sha256(content))


def check_folder(folder: Path, entries: Sequence[FileEntry]) -> None:
    """Check a whole version folder against its entries. Raises DigestMismatch for a changed, missing or extra file."""
    refuse_extra(folder, entries)
    for entry in entries:
        path = inside(folder, entry.path)
        _refuse_irregular(entry, path)
        refuse_difference(entry, path.stat().st_size, file_sha256(path))


def refuse_extra(folder: Path, entries: Sequence[FileEntry]) -> None:
    """Raise DigestMismatch for the first file that the manifest does not list."""
    listed = {entry.path for entry in entries} | {MANIFEST, SELECTION}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name not in listed:
            raise DigestMismatch(f"The file {name!r} is not part of the published version.")


def refuse_unwritable(folder: Path, what: str, remedy: str) -> None:
    """Make a folder that files are to be written into. Raises NotWritable with its name, the reason and the remedy."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "no write permission"
    except OSError as error:
        reason = str(error.strerror)
    if reason:
        raise NotWritable(f"{what} {str(folder)!r} cannot be written ({reason}). {remedy}")


def refuse_other(name: str, version: str, found: str, digest: str) -> None:
    """Raise VersionExists when a reference names another digest than the one to publish."""
    if found != digest:
        raise VersionExists(
            f"{name}@{version} is published already and stands for {found[:12]}; this build is {digest[:12]}. "
            "A published version never changes: raise `version:` in the recipe."
        )


@contextlib.contextmanager
def created(target: Path) -> Iterator[BinaryIO]:
    """A new file to write what comes from elsewhere into. Raises NotWritable when it or its disk refuses."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            yield file
    except OSError as error:
        if error.filename == str(target) or error.errno in {28, 122}:
            raise NotWritable(f"The file {target.name!r} could not be written ({error.strerror}).") from error
        raise


def _refuse_irregular(entry: FileEntry, path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise DigestMismatch(f"The file {entry.path!r} is missing ({error.strerror}): {_REMEDY}") from error
    if not stat.S_ISREG(mode):
        raise DigestMismatch(f"The file {entry.path!r} is not a regular file.")


def _linked(source: Path, target: Path) -> bool:
    with contextlib.suppress(OSError):
        os.link(source, target)
        return True
    return False


def _write(writer: RawIOBase, data: memoryview) -> None:
    """All of it: a disk that is nearly full takes a part first, and refuses the rest only when it is asked again."""
    while data:
        data = data[writer.write(data) or 0 :]


def _copied(source: Path, target: Path) -> tuple[int, str]:
    hasher, size, block = hashlib.sha256(), 0, memoryview(bytearray(_BLOCK))
    try:
        with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
            while count := reader.readinto(block):
                hasher.update(block[:count])
                size += count
                _write(writer, block[:count])
    except OSError as error:
        raise NotWritable(f"The file {target.name!r} could not be copied ({error.strerror}).") from error
    return size, hasher.hexdigest()
