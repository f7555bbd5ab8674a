"""An archive as a raw dataset: the same relative paths, sizes and bytes as its unpacked folder gives.

`open_archive(Path("Market-1501-v15.09.15.zip"))` lists and checks it; `tree.below("Market-1501-v15.09.15/")` is the
dataset's folder in it. Files are read by their place in the archive, from any thread and in any order.
"""

import hashlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from generators.archives.checks import Listing, Listings, listed
from generators.archives.tars import check_room, spooled, tar_members
from generators.archives.zips import pieces, zip_chunks, zip_members
from generators.raw_files import RawFiles
from schemas.errors import BadRawData
from schemas.source import SAMPLE_MARK

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
_FOREIGN = (".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar", ".gz", ".bz2", ".xz")
_LEVELS = 2
_END = 64 << 10
_LARGEST_COPY = 16 << 30


def archive_suffix(name: str) -> str | None:
    """Which of the suffixes that are read a file name ends in."""
    return next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), None)


class Archive:
    """One archive file, checked and listed when it is first asked for. Raises BadRawData for what is not read.

    `kept` remembers the listing. Its key is the archive's kind, size, modification and change times, inode, and first
    and last 64 KiB: not where it lies. Whoever writes into a file changes one of these, for no one sets the change time
    of a file; a copy or a moved file is listed once more. What is read later is checked against the listing as ever.
    """

    def __init__(self, path: Path, kept: Listings | None = None) -> None:
        suffix = archive_suffix(path.name)
        if suffix is None:
            kind = next((end for end in _FOREIGN if path.name.lower().endswith(end)), None)
            why = f"{kind} archives are not read" if kind else "it is no archive"
            raise BadRawData(f"The file {path.name!r}: {why}; a folder, {', '.join(SUFFIXES[:-1])} or .tgz is.")
        self.path, self._kept = path, kept
        self.stem = path.name[: -len(suffix)]
        self._zipped, self._gzipped = suffix == ".zip", suffix in (".tar.gz", ".tgz")
        self._state = self._stat()

    def _stat(self) -> tuple[int, int]:
        facts = os.stat(self.path)
        return facts.st_size, facts.st_mtime_ns

    @cached_property
    def listing(self) -> Listing:
        """Everything in it, sorted by path."""
        if self._kept is None:
            return self._listed()
        identity = self._identity()
        if found := self._kept.recall(identity, self._state[1]):
            return found
        made = self._listed()
        if self._identity() == identity:
            self._kept.keep(identity, made)
        return made

    def _listed(self) -> Listing:
        size, mtime_ns = self._state
        members = zip_members(self.path) if self._zipped else tar_members(self.path, self._gzipped)
        return listed(self.path.name, members, size, mtime_ns)

    def _identity(self) -> str:
        with self.path.open("rb") as file:
            facts = os.fstat(file.fileno())
            times = (facts.st_mtime_ns, facts.st_ctime_ns)
            ends = [os.pread(file.fileno(), _END, place) for place in (0, max(0, facts.st_size - _END))]
        traits = (self._zipped, self._gzipped, facts.st_size, *times, facts.st_ino, facts.st_dev)
        return hashlib.sha256(b"\0".join([repr(traits).encode(), *ends])).hexdigest()

    def has(self, name: str) -> bool:
        """Whether there is such a file, or folder when the name ends in `/`."""
        if name.endswith("/"):
            return name in self.listing.folders
        return self.listing.files.holds(name)

    def chunks(self, name: str, limit: int) -> Iterator[bytes]:
        """The bytes of one file, piece by piece. Raises BadRawData: missing, larger than `limit`, damaged, changed."""
        size, place = self._place(name)
        if size > limit:
            raise BadRawData(f"The file {name!r} has more than the {limit} bytes that are read of it.")
        if self._zipped:
            yield from zip_chunks(self._descriptor, name, size, place)
        else:
            yield from pieces(self._descriptor, size, place[0])

    def size_of(self, name: str) -> int:
        """The unpacked bytes of one file. Raises BadRawData when there is none."""
        return self._place(name)[0]

    def _place(self, name: str) -> tuple[int, tuple[int, int, int]]:
        files, places = self.listing.files, self.listing.places
        if not files.holds(name):
            raise BadRawData(f"There is no file {name!r} in {self.path.name!r}.")
        at = files.place(name)
        return files.sizes[at], (places[3 * at], places[3 * at + 1], places[3 * at + 2])

    @cached_property
    def _descriptor(self) -> int:
        """The file to read from: the archive, or the unpacked stream of a gzipped one in a temporary file."""
        if self._stat() != self._state:
            raise BadRawData(f"The archive {self.path.name!r} changed while it was being read; run the command again.")
        descriptor = spooled(self.path, self._end()) if self._gzipped else os.open(self.path, os.O_RDONLY)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def _end(self) -> int:
        starts = self.listing.places[::3]
        return max((at + size for at, size in zip(starts, self.listing.files.sizes, strict=True)), default=0)

    def bases(self) -> list[str]:
        """The folders a dataset may have been packed in: the top and two levels down, the nearest first."""
        near = [folder for folder in self.listing.folders if folder and folder.count("/") <= _LEVELS]
        return ["", *sorted(near, key=lambda folder: (folder.count("/"), folder))]


class ArchiveTree:
    """A folder inside an archive; implements generators.raw_tree.StoredTree. `base` is empty or ends in `/`."""

    def __init__(self, archive: Archive, base: str = "") -> None:
        self._archive, self._base = archive, base
        self.root, self.given = archive.path / base, archive.path
        self.label = self.root.name if base else archive.stem
        self.beside = archive.path.parent

    def files(self) -> RawFiles:
        """Every regular file below the base, sorted by relative path."""
        return self._files

    @cached_property
    def _files(self) -> RawFiles:
        base, files = self._base, self._archive.listing.files
        return files.below(base) if base else files

    @property
    def refused(self) -> Sequence[tuple[str, str, str]]:
        """Entries that are left out alone, as (printable path, reason, detail): names that are not UTF-8."""
        return [
            (path.removeprefix(self._base), reason, detail)
            for path, reason, detail in self._archive.listing.refused
            if path.startswith(self._base)
        ]

    def has(self, name: str) -> bool:
        """Whether there is such a file, or folder when the name ends in `/`."""
        return self._archive.has(self._base + name)

    def below(self, base: str) -> "ArchiveTree":
        """One of its folders; `base` is empty or ends in `/`."""
        return ArchiveTree(self._archive, self._base + base) if base else self

    def is_drawn(self) -> bool:
        """Whether `reidforge sample` wrote it: its mark lies in it, around it or beside the archive."""
        around = self._base[:-1].rpartition("/")[0]
        marks = (f"{self._base}{SAMPLE_MARK}", f"{around}/{SAMPLE_MARK}" if around else SAMPLE_MARK)
        return any(self._archive.has(mark) for mark in marks) or (self.beside / SAMPLE_MARK).is_file()

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        """The bytes of one file. Raises BadRawData when it is missing, damaged or larger than `limit`."""
        parts = list(self._archive.chunks(self._base + relpath, limit))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @cached_property
    def _copies(self) -> Path:
        folder = tempfile.mkdtemp(prefix="reidforge-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def place(self, relpath: str) -> Path:
        """A temporary copy of a file, for readers that must move about in it; it lives as long as this tree.

        Raises BadRawData when the file cannot be read, NotWritable when there is no room for the copy.
        """
        target = self._copies / hashlib.sha256(relpath.encode()).hexdigest()
        if not target.exists():
            check_room(self._archive.path.name, self._archive.size_of(self._base + relpath))
            draft = target.with_suffix(".draft")
            with draft.open("wb") as copy:
                copy.writelines(self._archive.chunks(self._base + relpath, _LARGEST_COPY))
            draft.rename(target)
        return target

    def forget(self) -> None:
        """Let go of the listing; it is made again when it is asked for."""
        self.__dict__.pop("_files", None)
        self._archive.__dict__.pop("listing", None)
