"""Byte-identical images within a raw dataset, found without reading more than the files whose sizes agree."""

import hashlib
from collections.abc import Collection, Iterable

from schemas.errors import BadRawData
from schemas.source import RawFile, RawTree


def copies(tree: RawTree, files: Iterable[RawFile], misplaced: Collection[str] = ()) -> set[str]:
    """The paths whose bytes another file has, all but one of each group.

    The first path in order is the one that stays, and any other before one that is `misplaced`. Empty files and files
    that cannot be read are never copies.
    """
    by_size: dict[int, list[RawFile]] = {}
    for file in files:
        by_size.setdefault(file.size, []).append(file)
    groups: dict[bytes, list[str]] = {}
    for size, alike in by_size.items():
        for file in alike if size and len(alike) > 1 else ():
            if (seen := _sha256(tree, file)) is not None:
                groups.setdefault(seen, []).append(file.relpath)
    ordered = (sorted(paths, key=lambda path: (path in misplaced, path)) for paths in groups.values())
    return {path for paths in ordered for path in paths[1:]}


def _sha256(tree: RawTree, file: RawFile) -> bytes | None:
    try:
        return hashlib.sha256(tree.read(file.relpath)).digest()
    except BadRawData:
        return None
