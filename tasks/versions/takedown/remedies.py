"""What to do about files that still hold something of a person who was taken down."""

from collections.abc import Iterable
from pathlib import Path

from tasks.versions.manifest import MANIFEST


def remedies(held: Iterable[str]) -> list[str]:
    """One sentence for each place that the files lie in."""
    return sorted({_remedy(name) for name in held})


def _remedy(name: str) -> str:
    folder = next((parent for parent in Path(name).parents if (parent / MANIFEST).is_file()), None)
    if folder is None:
        where = f"Delete {name!r}" if Path(name).is_file() else f"Look into {name!r}"
        return f"{where}, then take the person down again: it goes on from here."
    if (folder.parent / "refs").is_dir():
        root = str(folder.parent.parent)
        return f"{root!r} holds published versions of its own: take the person down there as well, with --from {root}."
    return f"{str(folder)!r} is a copy of a version: delete it, and pull the successor."
