"""A remote that is a folder: <root>/<name>/<digest12>/ holds a version, refs/<semver>.json and latest.json name them.

A version appears by one rename, a reference by one hard link of a finished file (both all or nothing), and
`latest.json` is compared and replaced under a lock, so that readers and crashed writers never see half of anything.
Files that an earlier version of the dataset holds already are shared with it by hard links.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import DigestMismatch
from schemas.keys import canonical_json
from schemas.manifest import FileEntry, Manifest, Revocation
from tasks.steps.store import new_folder
from tasks.versions.folders import FolderVersion
from tasks.versions.manifest import MANIFEST, digest_of
from tasks.versions.reference import by_number, read_pointer, read_revocation, revocation_record, semver
from tasks.versions.verify import copy_file, inside, refuse_difference, refuse_other, refuse_unwritable

_SHORT = 12


@dataclass(frozen=True, slots=True)
class LocalRemote:
    """A folder of versions, on this machine or mounted."""

    root: Path

    def names(self) -> list[str]:
        """The datasets that have at least one reference, sorted."""
        return sorted({path.parent.parent.name for path in self.root.glob("*/refs/*.json")})

    def versions(self, name: str) -> dict[str, str]:
        """The digest behind each published semantic version, oldest version first."""
        refs = self._home(name).glob("refs/*.json")
        return by_number({path.stem: read_pointer(path.read_bytes(), f"{name}@{path.stem}") for path in refs})

    def latest(self, name: str) -> str | None:
        """The digest that latest.json names, or None before the first publication."""
        path = self._home(name) / "latest.json"
        return read_pointer(path.read_bytes(), f"{name}@latest") if path.is_file() else None

    def resolve(self, name: str, prefix: str) -> str | None:
        """The whole digest of the version folder that `prefix` (twelve digits or more) names."""
        path = self._home(name) / prefix[:_SHORT] / MANIFEST
        if len(prefix) < _SHORT or not path.is_file():
            return None
        found = digest_of(path.read_bytes())
        return found if found.startswith(prefix) else None

    def open(self, name: str, digest: str) -> FolderVersion:
        """The folder of a version, for reading."""
        return FolderVersion(self._folder(name, digest), digest)

    def put(self, name: str, manifest: Manifest, data: bytes, contents: Mapping[str, Path | bytes]) -> str:
        """Copy a version into place, every byte checked, as one rename."""
        target = self._folder(name, digest_of(data))
        if not target.is_dir():
            home = _writable(self._home(name))
            with new_folder(target) as draft:
                for entry in manifest.files:
                    _place(entry, contents[entry.path], draft, home)
                (draft / MANIFEST).write_bytes(data)
                draft.chmod(home.stat().st_mode & 0o777)
        if digest_of((target / MANIFEST).read_bytes() if (target / MANIFEST).is_file() else b"") != digest_of(data):
            raise DigestMismatch(f"The folder {target.name!r} of {name!r} is not the version it is named after.")
        return str(target)

    def refer(self, name: str, version: str, digest: str) -> None:
        """Create refs/<version>.json once; the file appears with its whole content or not at all."""
        path = _writable(self._home(name) / "refs") / f"{version}.json"
        if not _create_once(path, canonical_json({"digest": digest, "version": version})):
            refuse_other(name, version, read_pointer(path.read_bytes(), f"{name}@{version}"), digest)

    def advance(self, name: str, version: str, digest: str) -> None:
        """Replace latest.json under a lock when it is missing or names an older version."""
        path = _writable(self._home(name)) / "latest.json"
        with _lock(path.with_name(".latest.lock")):
            current = json.loads(path.read_bytes())["version"] if path.is_file() else None
            if current is None or semver(current) < semver(version):
                _replace(path, {"digest": digest, "version": version})

    def revoke(self, name: str, revocation: Revocation) -> None:
        """Create revoked/<digest>.json, and move latest.json to the newest version that still stands."""
        path = _writable(self._home(name) / "revoked") / f"{revocation.digest}.json"
        _create_once(path, canonical_json(revocation_record(revocation)))
        pointer = self._home(name) / "latest.json"
        with _lock(pointer.with_name(".latest.lock")):
            revoked = self.revocations(name)
            standing = {number: digest for number, digest in self.versions(name).items() if digest not in revoked}
            if self.latest(name) in revoked and standing:
                newest = list(standing)[-1]
                _replace(pointer, {"digest": standing[newest], "version": newest})

    def revocations(self, name: str) -> dict[str, Revocation]:
        """What revoked/ says, by digest."""
        return {path.stem: read_revocation(path.read_bytes()) for path in self._home(name).glob("revoked/*.json")}

    def drop(self, name: str, digest: str) -> None:
        """Delete a version's folder; files shared with other versions stay theirs."""
        folder = self._folder(name, digest)
        doomed = folder.with_name(f".dropped-{folder.name}")
        if doomed.is_dir():  # left by a drop that was cut off
            shutil.rmtree(doomed)
        if folder.is_dir():
            shutil.rmtree(folder.rename(doomed))

    def holdings(self) -> list[str]:
        """The datasets with a folder that a publisher made."""
        return sorted({path.parent.name for path in self.root.glob("*/*") if path.is_dir() and _ours(path)})

    def stored(self, name: str) -> list[str]:
        """The digest of every version folder."""
        found = (path / MANIFEST for path in self._folders(name))
        return sorted(digest_of(path.read_bytes()) for path in found if path.is_file())

    def garbage(self, name: str) -> dict[str, int]:
        """Folders that no reference names: drafts of crashed publishers, dropped halves, versions never referred to."""
        kept = {digest[:_SHORT] for digest in self.versions(name).values()}
        return {f"{name}/{path.name}": _own_size(path) for path in self._folders(name) if path.name not in kept}

    def purge(self, name: str, held: Callable[[Path], bool]) -> list[str]:
        """Delete the garbage folders with a file that is asked for."""
        found = [(place, inside(self.root, place)) for place in self.garbage(name)]
        doomed = [
            (place, folder)
            for place, folder in found
            if any(held(path) for path in sorted(folder.rglob("*")) if path.is_file())
        ]
        for _, folder in doomed:
            shutil.rmtree(folder)
        return [place for place, _ in doomed]

    def sweep(self, name: str) -> dict[str, int]:
        """Delete those folders."""
        found = self.garbage(name)
        for place in found:
            shutil.rmtree(inside(self.root, place))
        return found

    def _folders(self, name: str) -> list[Path]:
        """What publishers made below a dataset: versions, drafts, halves that a drop left."""
        home = self._home(name)
        return [path for path in sorted(home.iterdir()) if path.is_dir() and _ours(path)] if home.is_dir() else []

    def _folder(self, name: str, digest: str) -> Path:
        return self._home(name) / digest[:_SHORT]

    def _home(self, name: str) -> Path:
        return inside(self.root, name)


def _ours(folder: Path) -> bool:
    return re.fullmatch(r"[0-9a-f]{12}|\.draft-.+|\.dropped-.+", folder.name) is not None


def _replace(path: Path, pointer: Mapping[str, str]) -> None:
    os.replace(_temporary(path.parent, canonical_json(dict(pointer))), path)


def _own_size(folder: Path) -> int:
    """The bytes that deleting a folder frees: files with other links free nothing."""
    sizes = (path.stat() for path in folder.rglob("*") if path.is_file())
    return sum(found.st_size for found in sizes if found.st_nlink == 1)


def _writable(folder: Path) -> Path:
    refuse_unwritable(folder, "The remote folder", "Publish to a folder you may write to, or change its permissions.")
    return folder


def _place(entry: FileEntry, content: Path | bytes, draft: Path, home: Path) -> None:
    target = inside(draft, entry.path)
    if isinstance(content, Path):
        shared = _shared(entry, home)
        copy_file(entry, shared or content, target, link=shared is not None)
    else:
        refuse_difference(entry, len(content), digest_of(content))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _shared(entry: FileEntry, home: Path) -> Path | None:
    """The same file in an earlier version: data files are named by content, so one path is one content."""
    versions = [folder for folder in sorted(home.iterdir()) if (folder / MANIFEST).is_file() and folder.name[0] != "."]
    found = (path for path in (folder / entry.path for folder in versions) if _has_size(path, entry.size))
    return next(found, None)


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _temporary(folder: Path, data: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=".draft-", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    path = Path(name)
    path.chmod(folder.stat().st_mode & 0o666)
    return path


def _create_once(path: Path, data: bytes) -> bool:
    """Make a file that must not exist yet; False when it does."""
    draft = _temporary(path.parent, data)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError:
        return _create_exclusively(path, data)
    finally:
        draft.unlink()
    return True


def _create_exclusively(path: Path, data: bytes) -> bool:
    """The same on a disk without hard links, where only the creation itself is atomic."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return False
    return True


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an advisory lock that ends with the process, so that a crash never leaves it behind."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
