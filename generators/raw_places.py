"""Where a dataset stands on this machine: a folder, or an archive that is read as it is.

`find_tree("market1501", SOURCE, Path("~/reid"))` is the dataset, whether its folder or archive was given, or lies in
the folder that was given under one of its usual names. A folder goes before an archive. In an archive the dataset may
lie one or two folders down.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from generators.raw_tree import FolderTree, StoredTree, find_root, holding, missing, nearest_form
from schemas.errors import BadRawData
from schemas.source import Source

if TYPE_CHECKING:  # what reads archives is imported where an archive is met: most datasets lie in plain folders
    from generators.archives.checks import Listings
    from generators.archives.tree import Archive, ArchiveTree


def find_tree(
    source_name: str, source: Source, raw: Path, root: str | None = None, kept: "Listings | None" = None
) -> StoredTree:
    """The dataset at `raw`, or at `root` below it when that is given; `kept` remembers the listing of an archive.

    Raises BadRawData when it is not there, lacks something, or stands in an archive that is not read.
    """
    if raw.is_file():
        return _in_archive(source, raw, root, kept)
    for folder in _folders(source, raw, root):
        if folder.is_dir() and not missing(source, folder):
            return FolderTree(folder)
    archives = _archives(source, raw, root)
    if archives:
        return _in_archive(source, archives[0], kept=kept)
    return FolderTree(find_root(source_name, source, raw, root))


def _folders(source: Source, raw: Path, root: str | None) -> list[Path]:
    return [raw / root] if root else [raw, *(raw / name for name in source.root_names)]


def _archives(source: Source, raw: Path, root: str | None) -> list[Path]:
    """The archives of a folder that have one of the dataset's usual names, in the order of these."""
    if root:
        return [raw / root] if (raw / root).is_file() else []
    from generators.archives.tree import SUFFIXES

    present = {path.name.lower(): path for path in sorted(raw.iterdir())} if raw.is_dir() else {}
    names = [f"{name}{suffix}".lower() for name in source.root_names for suffix in SUFFIXES]
    return [present[name] for name in dict.fromkeys(names) if name in present and present[name].is_file()]


def _in_archive(source: Source, path: Path, root: str | None = None, kept: "Listings | None" = None) -> "ArchiveTree":
    from generators.archives.tree import Archive, ArchiveTree

    archive = Archive(path, kept)
    trees = [ArchiveTree(archive, base) for base in ([f"{root.strip('/')}/"] if root else archive.bases())]
    best = min(trees, key=lambda tree: _lack(source, tree))
    form, lost = nearest_form(source, best.has)
    if not lost:
        return best
    if len(lost) < len(form):
        raise BadRawData(
            f"The archive {path.name!r} lacks {', '.join(lost)} of {source.title}. Fetch it again, or give the folder."
        )
    raise BadRawData(
        f"{source.title} needs {', '.join(form)}; the archive {path.name!r} {_content(archive)}. Check --raw."
    )


def _lack(source: Source, tree: "ArchiveTree") -> float:
    form, lost = nearest_form(source, tree.has)
    return len(lost) / len(form)


def _content(archive: "Archive") -> str:
    folders = {f"{folder.partition('/')[0]}/" for folder in archive.listing.folders if folder}
    return holding(sorted({path for path in archive.listing.files.paths() if "/" not in path} | folders))
