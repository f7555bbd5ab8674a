"""A raw dataset folder as sources see it: sorted relative paths, bounded reads, no symbolic links.

`find_root("market1501", SOURCE, Path("~/reid"))` is the dataset's own folder, whether it was given or holds it.
"""

import errno
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from generators.raw_files import RawFiles
from schemas.discovery import find_all
from schemas.errors import BadRawData
from schemas.rows import Reject
from schemas.source import SAMPLE_MARK, RawTree, Source

_SHOWN = 6
_ONE_READ = 1 << 20
_READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class StoredTree(RawTree, Protocol):
    """A dataset on this machine, in a folder or an archive: what ingest needs beyond reading.

    `root` is where it stands, for messages; `given` the folder or archive that `--raw` takes for it; `beside` is the
    folder around that, where a user may put labels of his own.
    """

    root: Path
    given: Path
    beside: Path

    @property
    def refused(self) -> Sequence[tuple[str, str, str]]:
        """What a tree may not hold, as (printable path, reason, detail)."""
        ...

    def files(self) -> RawFiles:
        """Every regular file below the root, sorted by relative path."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is such a file, or folder when the name ends in `/`."""
        ...

    def is_drawn(self) -> bool:
        """Whether `reidforge sample` wrote it."""
        ...

    def below(self, base: str) -> "StoredTree":
        """One of its folders; `base` is empty or ends in `/`."""
        ...

    def forget(self) -> None:
        """Let go of the listing; it is made again when it is asked for."""
        ...


class FolderTree:
    """A folder, read-only; implements StoredTree. Links are never followed, they are listed as refused."""

    def __init__(self, root: Path) -> None:
        self.root = self.given = root
        self.beside = root.parent
        self.label = root.name
        self._prefix = os.path.join(os.path.abspath(root), "")

    def files(self) -> RawFiles:
        """Every regular file below the root, sorted by relative path."""
        return self._listing[0]

    @cached_property
    def refused(self) -> Sequence[tuple[str, str, str]]:
        """What a tree may not hold, as (printable path, reason, detail): links, devices, names that are not UTF-8."""
        return sorted(self._listing[1])

    @cached_property
    def _listing(self) -> tuple[RawFiles, list[tuple[str, str, str]]]:
        found: tuple[list[str], array[int], array[int]] = ([], array("q"), array("q"))
        refused: list[tuple[str, str, str]] = []
        waiting = [""]
        while waiting:
            _list_folder(self._prefix, waiting.pop(), found, refused, waiting)
        return RawFiles.of(*found), refused

    def forget(self) -> None:
        """Let go of the listing; it is made again when it is asked for."""
        self.__dict__.pop("_listing", None)

    def has(self, name: str) -> bool:
        """Whether there is such a file, or folder when the name ends in `/`."""
        return _is_there(self.root, name)

    def is_drawn(self) -> bool:
        """Whether `reidforge sample` wrote it: its mark lies in the folder or in the one around it."""
        return any((folder / SAMPLE_MARK).is_file() for folder in (self.root, self.beside))

    def below(self, base: str) -> "FolderTree":
        """One of its folders; `base` is empty or ends in `/`."""
        return FolderTree(self.root / base) if base else self

    def place(self, relpath: str) -> Path:
        """Where a listed file lies on this machine, for readers that must move about in it."""
        return self.root / relpath

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        """The bytes of one file. Raises BadRawData when it is missing, outside the root or larger than `limit`."""
        if relpath.startswith("/") or (".." in relpath and ".." in relpath.split("/")):
            raise BadRawData(f"The path {relpath!r} leads out of the dataset {self.label!r}.")
        try:
            return _read(self._prefix + relpath, relpath, limit)
        except OSError as error:
            why = "is a symbolic link" if error.errno == errno.ELOOP else f"cannot be read ({error.strerror})"
            raise BadRawData(f"The file {relpath!r} of {self.label!r} {why}.") from error


def _list_folder(
    prefix: str,
    folder: str,
    found: "tuple[list[str], array[int], array[int]]",
    refused: list[tuple[str, str, str]],
    waiting: list[str],
) -> None:
    """Put the files of a folder into the columns of `found`, and its folders into `waiting`."""
    paths, sizes, times = found
    try:
        with os.scandir(prefix + folder) as entries:
            for entry in entries:
                usual = entry.is_file(follow_symlinks=False) and entry.name.isascii()  # nearly every entry
                if not usual and (fault := _fault(entry)) is not None:
                    refused.append((printable(folder + entry.name), *fault))
                elif not usual and entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{folder}{entry.name}/")
                else:
                    facts = entry.stat(follow_symlinks=False)
                    paths.append(folder + entry.name)
                    sizes.append(facts.st_size)
                    times.append(facts.st_mtime_ns)
    except OSError as error:
        refused.append((printable(folder), "unreadable", f"The folder cannot be listed: {error.strerror}."))


def _fault(entry: os.DirEntry[str]) -> tuple[str, str] | None:
    if entry.is_symlink():
        return "symlink", "Symbolic links below a raw folder are not followed; put the file itself there."
    if not entry.name.isascii() and printable(entry.name) != entry.name:
        return "bad_name", "The name is not valid UTF-8; rename the file."
    if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
        return "not_a_file", "It is neither a file nor a folder."
    return None


def printable(name: str) -> str:
    """A file name as text that can be stored: bytes that are not UTF-8 become `\\xNN`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _read(path: str, relpath: str, limit: int) -> bytes:
    descriptor = os.open(path, _READ_ONLY)
    try:
        data = os.read(descriptor, limit + 1) if limit <= _ONE_READ else _read_large(descriptor, limit)
        if len(data) > limit:
            raise BadRawData(f"The file {relpath!r} has more than the {limit} bytes that are read of it.")
        return data
    finally:
        os.close(descriptor)


def _read_large(descriptor: int, limit: int) -> bytes:
    """The bytes of a file that may be far smaller than the limit, or grow while it is read."""
    size = os.fstat(descriptor).st_size
    data = os.read(descriptor, min(size, limit) + 1)
    while size < len(data) <= limit and (more := os.read(descriptor, _ONE_READ)):
        data += more
    return data


def refused_rows(source_name: str, tree: StoredTree) -> Iterator[Reject]:
    """The refused entries of a tree as rejects."""
    for path, reason, detail in tree.refused:
        yield Reject(table="images", source=source_name, subject=path, reason=reason, detail=detail)


def find_root(source_name: str, source: Source, raw: Path, root: str | None = None) -> Path:
    """The dataset's folder: `raw` itself, one of its usual names below it, or `raw`/`root` when that is given.

    Raises BadRawData with what was expected, what was found, and which known layout it looks like.
    """
    if not raw.is_dir():
        raise BadRawData(
            f"The raw folder {str(raw)!r} does not exist or is not a folder; give --raw the dataset's folder."
        )
    tried = [raw / root] if root else [raw, *(raw / name for name in source.root_names)]
    for candidate in tried:
        if candidate.is_dir() and not missing(source, candidate):
            return candidate
    raise BadRawData(_explain(source_name, source, raw, tried))


def missing(source: Source, folder: Path) -> list[str]:
    """The required folders (`query/`) and files that a folder lacks of the form of the source it is nearest to."""
    return nearest_form(source, partial(_is_there, folder))[1]


def nearest_form(source: Source, has: Callable[[str], bool]) -> tuple[tuple[str, ...], list[str]]:
    """The form of a source that a place has most of, and what it lacks of it."""
    lost = [(form, [name for name in form if not has(name)]) for form in source.forms()]
    return min(lost, key=lambda pair: len(pair[1]) / len(pair[0]))


def _is_there(folder: Path, name: str) -> bool:
    return (folder / name).is_dir() if name.endswith("/") else (folder / name).is_file()


def _explain(source_name: str, source: Source, raw: Path, tried: Sequence[Path]) -> str:
    best = min((path for path in tried if path.is_dir()), key=lambda path: len(missing(source, path)), default=raw)
    form, lost = nearest_form(source, partial(_is_there, best))
    others = len(source.forms()) - 1
    wanted = ", ".join(form) + (f" (or one of {others} other forms)" if others else "")
    expected = f"{source.title} needs {wanted} in the folder or in {source.root_names[0]}/ below it"
    other = _other_source(source_name, raw, below=len(lost) == len(form))
    if other:
        hint = f"It looks like {other}: try `reidforge build {other} --raw {raw}`."
        return f"{expected}; {str(raw)!r} {_content(raw)}. {hint}"
    if len(lost) < len(form):
        return f"{expected}; {str(best)!r} lacks {', '.join(lost)}. Complete the folder from the dataset's archive."
    return f"{expected}; {str(raw)!r} {_content(raw)}. Check --raw."


def _other_source(source_name: str, raw: Path, below: bool) -> str | None:
    """The first other source whose layout the folder, or with `below` one of its usual sub-folders, has."""
    for name, other in find_all("generators.sources", "SOURCE"):
        places = [raw, *(raw / folder for folder in other.root_names if below)]
        if name != source_name and any(place.is_dir() and not missing(other, place) for place in places):
            return name
    return None


def _content(folder: Path) -> str:
    try:
        names = sorted(f"{printable(entry.name)}{'/' if entry.is_dir() else ''}" for entry in os.scandir(folder))
    except OSError as error:
        return f"cannot be listed ({error.strerror})"
    return holding(names)


def holding(names: Sequence[str]) -> str:
    """`holds query/, readme.txt and 3 more`, or `is empty`."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"holds {', '.join(names[:_SHOWN])}{more}" if names else "is empty"
