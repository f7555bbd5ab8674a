"""Open what people name: a version folder, or a reference to a version of a remote."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from schemas.errors import WrongUse
from tasks.versions.folders import FolderVersion
from tasks.versions.reader import VersionFolder
from tasks.versions.reference import resolve
from tasks.versions.remote import open_remote


@contextlib.contextmanager
def opened(target: str, remote: str | Path | None) -> Iterator[VersionFolder]:
    """The version a folder or reference names; what lies in no folder is pulled to one that ends with the block.

    Raises UnknownVersion, Revoked, and WrongUse for a reference without a remote.
    """
    if (Path(target) / "data").is_dir():
        yield VersionFolder(Path(target))
        return
    if remote is None and "@" in target:
        raise WrongUse(f"{target!r} is no folder: say with --from where it was published.")
    found = resolve(open_remote(remote or "."), target)
    if isinstance(found, FolderVersion):
        yield VersionFolder(found.folder)
        return
    from tasks.steps.pull import pull

    with tempfile.TemporaryDirectory(prefix="reidforge-") as place:
        yield VersionFolder(pull(str(remote), target, Path(place) / "version"))
