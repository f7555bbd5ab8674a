"""A remote that is a folder: <root>/<name>/<digest12>/ holds a version, refs/<semver>.json and latest.json name them.

A version appears by one rename, a reference by one hard link of a finished file (both all or nothing), and
`latest.json` is compared and replaced under a lock, so that readers and crashed writers never see half of anything.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import DigestMismatch
from schemas.keys import canonical_json
from schemas.manifest import FileEntry, Manifest
from tasks.steps.store import new_folder
from tasks.versions.manifest import MANIFEST, digest_of
from tasks.versions.verify import copy_file, inside, refuse_difference, refuse_other, refuse_unwritable

_SHORT = 12
_MAX_REF_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class LocalRemote:
    """A folder of versions, on this machine or mounted."""

    root: Path

    def names(self) -> list[str]:
        """The datasets that have at least one reference, sorted."""
        return sorted({path.parent.parent.name for path in self.root.glob("*/refs/*.json")})

    def versions(self, name: str) -> dict[str, str]:
        """The digest behind each published semantic version, oldest version first."""
        found = {path.stem: _read_ref(path) for path in self._home(name).glob("refs/*.json")}
        return {version: found[version] for version in sorted(found, key=_semver)}

    def latest(self, name: str) -> str | None:
        """The digest that latest.json names, or None before the first publication."""
        path = self._home(name) / "latest.json"
        return _read_ref(path) if path.is_file() else None

    def resolve(self, name: str, prefix: str) -> str | None:
        """The whole digest of the version folder that `prefix` (twelve digits or more) names."""
        path = self._home(name) / prefix[:_SHORT] / MANIFEST
        if len(prefix) < _SHORT or not path.is_file():
            return None
        found = digest_of(path.read_bytes())
        return found if found.startswith(prefix) else None

    def folder(self, name: str, digest: str) -> Path:
        """The folder of a version."""
        return self._home(name) / digest[:_SHORT]

    def put(self, name: str, manifest: Manifest, data: bytes, contents: Mapping[str, Path | bytes]) -> Path:
        """Copy a version into place, every byte checked, as one rename."""
        target = self.folder(name, digest_of(data))
        if not target.is_dir():
            home = _writable(self._home(name))
            with new_folder(target) as draft:
                for entry in manifest.files:
                    _place(entry, contents[entry.path], draft)
                (draft / MANIFEST).write_bytes(data)
                draft.chmod(home.stat().st_mode & 0o777)
        if digest_of((target / MANIFEST).read_bytes() if (target / MANIFEST).is_file() else b"") != digest_of(data):
            raise DigestMismatch(f"The folder {target.name!r} of {name!r} is not the version it is named after.")
        return target

    def refer(self, name: str, version: str, digest: str) -> None:
        """Create refs/<version>.json once; the file appears with its whole content or not at all."""
        path = _writable(self._home(name) / "refs") / f"{version}.json"
        if not _create_once(path, canonical_json({"digest": digest, "version": version})):
            refuse_other(name, version, _read_ref(path), digest)

    def advance(self, name: str, version: str, digest: str) -> None:
        """Replace latest.json under a lock when it is missing or names an older version."""
        path = _writable(self._home(name)) / "latest.json"
        with _lock(path.with_name(".latest.lock")):
            current = json.loads(path.read_bytes())["version"] if path.is_file() else None
            if current is None or _semver(current) < _semver(version):
                draft = _temporary(path.parent, canonical_json({"digest": digest, "version": version}))
                os.replace(draft, path)

    def _home(self, name: str) -> Path:
        return inside(self.root, name)


def _semver(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else -1 for part in version.split("."))


def _read_ref(path: Path) -> str:
    with path.open("rb") as file:
        record = file.read(_MAX_REF_BYTES)
    try:
        return str(json.loads(record)["digest"])
    except (ValueError, KeyError, TypeError) as error:
        raise DigestMismatch(f"The reference {path.name!r} of {path.parent.parent.name!r} is damaged.") from error


def _writable(folder: Path) -> Path:
    refuse_unwritable(folder, "The remote folder", "Publish to a folder you may write to, or change its permissions.")
    return folder


def _place(entry: FileEntry, content: Path | bytes, draft: Path) -> None:
    target = inside(draft, entry.path)
    if isinstance(content, Path):
        copy_file(entry, content, target)
    else:
        refuse_difference(entry, len(content), digest_of(content))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


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
