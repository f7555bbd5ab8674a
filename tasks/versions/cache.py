"""The cache of fetched files, named by content: what was pulled once is linked, not fetched, the next time.

Its folder is REIDFORGE_CACHE, else ~/.cache/reidforge. Files in it are read-only, because pulled folders share them.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from schemas.errors import DigestMismatch, NotWritable
from schemas.manifest import FileEntry
from tasks.versions.verify import copy_file, refuse_unwritable

Fetch = Callable[[FileEntry, Path], None]


def cache_folder() -> Path:
    """Where fetched files are kept."""
    return Path(os.environ.get("REIDFORGE_CACHE") or Path.home() / ".cache" / "reidforge")


def through_cache(entry: FileEntry, target: Path, fetch: Fetch) -> None:
    """Put a file at `target` from the cache, fetching it when it is not there or no longer what it should be.

    Raises what `fetch` raises, and NotWritable when the cache cannot be written.
    """
    kept = cache_folder() / "objects" / entry.sha256[:2] / entry.sha256
    if kept.is_file():
        with contextlib.suppress(DigestMismatch, NotWritable):  # damaged, or cleared by someone else this moment
            copy_file(entry, kept, target, link=True)
            return
        kept.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    _fill(entry, kept, target, fetch)


def _fill(entry: FileEntry, kept: Path, target: Path, fetch: Fetch) -> None:
    """Fetch once for both places; the file reaches `target` even when others fill or clear the cache meanwhile."""
    refuse_unwritable(kept.parent, "The cache folder", "Set REIDFORGE_CACHE to a folder you may write to.")
    handle, name = tempfile.mkstemp(prefix=".draft-", dir=kept.parent)
    os.close(handle)
    draft = Path(name)
    try:
        fetch(entry, draft)
        draft.chmod(0o444)
        _put(entry, draft, target)
        os.replace(draft, kept)
    finally:
        draft.unlink(missing_ok=True)


def _put(entry: FileEntry, draft: Path, target: Path) -> None:
    """A link where the disk allows it: the bytes were checked as they came."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(draft, target)
    except OSError:
        copy_file(entry, draft, target)
