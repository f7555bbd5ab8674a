"""A remote at any fsspec URL, such as S3: objects named by their content, manifests that list them, references.

<root>/<name>/objects/<sha256> · versions/<digest>.json · refs/<semver>.json · revoked/<digest>.json

An object is complete when it is there (a put is all or nothing), so an upload that was cut off goes on where it
stopped and sends nothing twice, and versions share what they have in common. A manifest follows its objects and a
reference follows its manifest: a reader sees a whole version or none. `latest` is the highest standing reference, so
that nothing has to be replaced.
"""

import contextlib
import hashlib
import posixpath
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from schemas.errors import (
    DigestMismatch,
    MissingExtra,
    NotWritable,
    ReIDForgeError,
    UnknownVersion,
    Unreachable,
    WrongUse,
)
from schemas.keys import canonical_json
from schemas.manifest import FileEntry, Manifest, Revocation
from tasks.versions.manifest import MAX_MANIFEST_BYTES, digest_of, load_manifest
from tasks.versions.reference import by_number, read_pointer, read_revocation, revocation_record
from tasks.versions.verify import created, refuse_difference, refuse_other, refuse_other_content

_AT_ONCE = 8
_BLOCK = 4 << 20
_TRIES = 3
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Versions below `root` of an fsspec filesystem."""

    fs: Any
    root: str
    url: str

    @classmethod
    def at(cls, url: str) -> "ObjectStore":
        """The store at a URL. Raises MissingExtra without the package for its protocol, WrongUse for an unknown one."""
        import fsspec

        try:
            fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            raise MissingExtra.of(f"The remote {url!r}", "s3") from error
        except ValueError as error:
            raise WrongUse(f"The remote {url!r} cannot be used: {error}.") from error
        return cls(fs, root.rstrip("/"), url.rstrip("/"))

    def names(self) -> list[str]:
        """The datasets that have at least one reference, sorted."""
        found = (posixpath.basename(folder) for folder in self._listing(self.root))
        return sorted(name for name in found if self._listing(f"{self.root}/{name}/refs"))

    def versions(self, name: str) -> dict[str, str]:
        """The digest behind each published semantic version, oldest version first."""
        refs = self._records(f"{self._home(name)}/refs")
        return by_number({number: read_pointer(data, f"{name}@{number}") for number, data in refs.items()})

    def latest(self, name: str) -> str | None:
        """The digest of the highest version that was not revoked."""
        revoked = self.revocations(name)
        standing = [digest for digest in self.versions(name).values() if digest not in revoked]
        return standing[-1] if standing else None

    def resolve(self, name: str, prefix: str) -> str | None:
        """The whole digest that `prefix` (twelve digits or more) begins."""
        if len(prefix) < 12:
            return None
        stems = (_stem(path) for path in self._listing(f"{self._home(name)}/versions"))
        return next((stem for stem in stems if stem.startswith(prefix)), None)

    def open(self, name: str, digest: str) -> "StoredVersion":
        """A version for reading."""
        return StoredVersion(self, name, digest)

    def put(self, name: str, manifest: Manifest, data: bytes, contents: Mapping[str, Path | bytes]) -> str:
        """Send the objects that are not there yet, a few at once, then the manifest."""
        there = self.objects(name)
        missing = {e.sha256: (e, contents[e.path]) for e in manifest.files if there.get(e.sha256) != e.size}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(lambda pair: self._send(name, *pair), missing.values()):
                continue
        self._write(f"{self._home(name)}/versions/{digest_of(data)}.json", data)
        return f"{self.url}/{name}"

    def _send(self, name: str, entry: FileEntry, content: Path | bytes) -> None:
        refuse_other_content(entry, content)
        path = f"{self._home(name)}/objects/{entry.sha256}"
        if isinstance(content, bytes):
            self._write(path, content)
            return
        self._make_home(path)
        self._asked("send", path, lambda: self.fs.put_file(str(content), path))

    def refer(self, name: str, version: str, digest: str) -> None:
        """Create refs/<version>.json once."""
        path = f"{self._home(name)}/refs/{version}.json"
        if not self._create(path, canonical_json({"digest": digest, "version": version})):
            refuse_other(name, version, read_pointer(self.read(path), f"{name}@{version}"), digest)

    def advance(self, name: str, version: str, digest: str) -> None:
        """Nothing is to be moved: `latest` follows from the references. Raises DigestMismatch when ours is gone."""
        if self.versions(name).get(version) != digest:
            raise DigestMismatch(f"The reference {name}@{version} was not kept by {self.url!r}.")

    def revoke(self, name: str, revocation: Revocation) -> None:
        """Create revoked/<digest>.json once."""
        path = f"{self._home(name)}/revoked/{revocation.digest}.json"
        self._create(path, canonical_json(revocation_record(revocation)))

    def revocations(self, name: str) -> dict[str, Revocation]:
        """What revoked/ says, by digest."""
        found = self._records(f"{self._home(name)}/revoked")
        return {digest: read_revocation(data) for digest, data in found.items()}

    def drop(self, name: str, digest: str) -> None:
        """Delete the objects that no other manifest lists, and the version's manifest last: it says what is left."""
        if digest not in self.stored(name):
            return
        own = {entry.sha256 for entry in self._listed(name, digest)}
        others = {e.sha256 for other in self.stored(name) if other != digest for e in self._listed(name, other)}
        for sha256 in sorted(own - others):
            self._remove(f"{self._home(name)}/objects/{sha256}")
        self._remove(f"{self._home(name)}/versions/{digest}.json")

    def garbage(self, name: str) -> dict[str, int]:
        """Manifests that no reference names, objects that no referred manifest lists, uploads that were never ended."""
        return self._loose(name) | dict.fromkeys(self._unfinished(name), 0)

    def _loose(self, name: str) -> dict[str, int]:
        referred = set(self.versions(name).values())
        stored = self.stored(name)
        needed = {entry.sha256 for digest in stored if digest in referred for entry in self._listed(name, digest)}
        loose = {f"{name}/versions/{digest}.json": 0 for digest in stored if digest not in referred}
        spare = {f"{name}/objects/{key}": size for key, size in self.objects(name).items() if key not in needed}
        return loose | dict(sorted(spare.items()))

    def sweep(self, name: str) -> dict[str, int]:
        """Delete them."""
        found = self._loose(name)
        for place in found:
            self._remove(f"{self.root}/{place}")
        return found | dict.fromkeys(self._abandon(name), 0)

    def purge(self, name: str, held: Callable[[Path], bool]) -> list[str]:
        """Delete the garbage objects that are asked for, each fetched to be looked at, and manifests that list one.

        The parts of uploads that were never ended cannot be fetched: they are deleted unseen.
        """
        objects = [place for place in self._loose(name) if "/objects/" in place]
        doomed = [place for place in objects if self._looked_at(f"{self.root}/{place}", held)]
        keys = {posixpath.basename(place) for place in doomed}
        manifests = [
            digest for digest in self.stored(name) if any(e.sha256 in keys for e in self._listed(name, digest))
        ]
        gone = [*doomed, *(f"{name}/versions/{digest}.json" for digest in manifests)]
        for place in gone:
            self._remove(f"{self.root}/{place}")
        return [*gone, *self._abandon(name)]

    def _unfinished(self, name: str) -> dict[str, tuple[str, str, str]]:
        """Uploads in parts that were cut off, as (bucket, key, upload) by place: no listing of objects shows them."""
        if not hasattr(self.fs, "list_multipart_uploads"):
            return {}
        bucket, _, below = f"{self._home(name)}/objects/".partition("/")
        found = self._asked("list", self._home(name), lambda: list(self.fs.list_multipart_uploads(bucket)))
        ours = [(bucket, each["Key"], each["UploadId"]) for each in found if each["Key"].startswith(below)]
        return {f"{name}/objects/{posixpath.basename(key)} (upload {it[:8]})": (_, key, it) for _, key, it in ours}

    def _abandon(self, name: str) -> list[str]:
        """Give up those uploads, which deletes their parts, and say which they were."""
        found = self._unfinished(name)
        for place, upload in found.items():
            with contextlib.suppress(FileNotFoundError):
                self._asked("delete", place, partial(self.fs.abort_mpu, *upload))
        return list(found)

    def _looked_at(self, path: str, held: Callable[[Path], bool]) -> bool:
        with tempfile.TemporaryDirectory(prefix="reidforge-") as folder, contextlib.suppress(FileNotFoundError):
            copy = Path(folder) / posixpath.basename(path)
            self._asked("read", path, lambda: self.fs.get_file(path, str(copy)))
            return held(copy)
        return False

    def objects(self, name: str) -> dict[str, int]:
        """The size in bytes of every stored object, by sha256."""
        folder = f"{self._home(name)}/objects"
        return {posixpath.basename(found["name"]): int(found["size"]) for found in self._details(folder)}

    def read(self, path: str) -> bytes:
        """A small file, at most the size of a manifest."""
        return bytes(self._asked("read", path, lambda: self.fs.cat_file(path, start=0, end=MAX_MANIFEST_BYTES + 1)))

    def copy(self, name: str, entry: FileEntry, target: Path) -> None:
        """One object to a file, its size and sha256 checked on the way; never more bytes than were promised."""
        path = f"{self._home(name)}/objects/{entry.sha256}"
        try:
            size, sha256 = self._asked("read", path, lambda: self._streamed(path, entry, target))
        except FileNotFoundError as error:
            raise DigestMismatch(f"The file {entry.path!r} is missing at {self.url!r}.") from error
        refuse_difference(entry, size, sha256)

    def _streamed(self, path: str, entry: FileEntry, target: Path) -> tuple[int, str]:
        hasher, size = hashlib.sha256(), 0
        with self.fs.open(path, "rb", block_size=_BLOCK, cache_type="readahead") as source, created(target) as file:
            while size <= entry.size and (block := source.read(_BLOCK)):
                hasher.update(block)
                size += len(block)
                file.write(block)
        return size, hasher.hexdigest()

    def holdings(self) -> list[str]:
        """The datasets with an object, a manifest or a reference."""
        found = (posixpath.basename(folder) for folder in self._listing(self.root))
        rooms = ("objects", "versions", "refs")
        return sorted(name for name in found if any(self._listing(f"{self.root}/{name}/{room}") for room in rooms))

    def stored(self, name: str) -> list[str]:
        """The digest of every manifest."""
        return sorted(_stem(path) for path in self._listing(f"{self._home(name)}/versions"))

    def _listed(self, name: str, digest: str) -> list[FileEntry]:
        return load_manifest(self.read(f"{self._home(name)}/versions/{digest}.json")).files

    def _records(self, folder: str) -> dict[str, bytes]:
        return {_stem(path): self.read(path) for path in self._listing(folder) if path.endswith(".json")}

    def _listing(self, folder: str) -> list[str]:
        return sorted(str(found["name"]).rstrip("/") for found in self._details(folder))

    def _details(self, folder: str) -> list[dict[str, Any]]:
        try:
            return list(self._asked("list", folder, lambda: self.fs.ls(folder, detail=True)))
        except FileNotFoundError:
            return []

    def _write(self, path: str, data: bytes) -> None:
        self._make_home(path)
        self._asked("write", path, lambda: self.fs.pipe_file(path, data))

    def _create(self, path: str, data: bytes) -> bool:
        """Make a file that must not exist yet; False when it does."""
        self._make_home(path)
        try:
            self._asked("create", path, lambda: self.fs.pipe_file(path, data, mode="create"))
        except FileExistsError:
            return False
        return self.read(path) == data

    def _make_home(self, path: str) -> None:
        with contextlib.suppress(FileExistsError):
            self._asked("create", path, lambda: self.fs.makedirs(posixpath.dirname(path), exist_ok=True))

    def _remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._asked("delete", path, lambda: self.fs.rm_file(path))

    def _asked(self, what: str, path: str, call: Callable[[], _Found]) -> _Found:
        """The answer of the store; what is a passing fault of the connection is tried again."""
        for trial in range(_TRIES):
            try:
                return call()
            except (FileNotFoundError, FileExistsError, ReIDForgeError):
                raise
            except PermissionError as error:
                raise NotWritable(f"{self.url!r} does not allow us to {what} {path!r}: {error}.") from error
            except _connection_faults() as error:
                if "PreconditionFailed" in str(error) or "pre-conditions" in str(error):
                    raise FileExistsError(path) from error
                if trial == _TRIES - 1:
                    raise Unreachable(
                        f"{self.url!r} failed to {what} {path!r}: {error}. Try again; what was sent is kept."
                    ) from error
        raise AssertionError(path)

    def _home(self, name: str) -> str:
        return f"{self.root}/{name}"


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """Implements tasks.versions.remote.Version for an object store."""

    store: ObjectStore
    name: str
    digest: str

    @property
    def place(self) -> str:
        """The URL of the dataset."""
        return f"{self.store.url}/{self.name}"

    def manifest(self) -> bytes:
        """The bytes of its manifest."""
        try:
            return self.store.read(f"{self.store.root}/{self.name}/versions/{self.digest}.json")
        except FileNotFoundError as error:
            raise UnknownVersion(f"The manifest of {self.digest[:12]} is no longer at {self.place!r}.") from error

    def inspect(self, manifest: Manifest) -> None:
        """Refuse a version of which an object is missing or has another size."""
        there = self.store.objects(self.name)
        for entry in manifest.files:
            if entry.sha256 not in there:
                raise DigestMismatch(f"The file {entry.path!r} of {self.place!r} is missing.")
            refuse_difference(entry, there[entry.sha256], entry.sha256)

    def fetch(self, entry: FileEntry, target: Path, link: bool = False) -> None:
        """Copy one object, checked; objects cannot be linked."""
        self.store.copy(self.name, entry, target)


def _connection_faults() -> tuple[type[Exception], ...]:
    """What the loaded libraries raise when a connection fails, beside OSError."""
    bases = {"botocore.exceptions": "BotoCoreError", "aiohttp": "ClientError"}
    return (OSError, *(getattr(sys.modules[name], base) for name, base in bases.items() if name in sys.modules))


def _stem(path: str) -> str:
    return posixpath.basename(path).removesuffix(".json")
