"""What a remote must do, whatever it is made of: whole versions by digest, create-once references, revocations.

A remote of another kind is one more file in `remotes/`; publishing and pulling see only this protocol.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from schemas.manifest import FileEntry, Manifest, Revocation

Contents = Mapping[str, Path | bytes]


class Version(Protocol):
    """One stored version, open for reading."""

    @property
    def digest(self) -> str:
        """The version's identity: the sha256 of its manifest."""
        ...

    @property
    def place(self) -> str:
        """Where it lies, in words that people can use."""
        ...

    def manifest(self) -> bytes:
        """The bytes of its manifest, unverified. Raises UnknownVersion when there is none."""
        ...

    def inspect(self, manifest: Manifest) -> None:
        """Raise DigestMismatch when it is plain, before any byte is copied, that files are missing or foreign."""
        ...

    def fetch(self, entry: FileEntry, target: Path, link: bool = False) -> None:
        """Copy one file to `target`, every byte checked. `link` shares it on one disk where that is possible.

        Raises DigestMismatch naming the file, NotWritable for the target, Unreachable when the remote fails.
        """
        ...


class Remote(Protocol):
    """Versions of any number of datasets. Every method may be repeated after a crash."""

    def names(self) -> list[str]:
        """The datasets that have at least one reference, sorted."""
        ...

    def versions(self, name: str) -> dict[str, str]:
        """The digest behind each published semantic version of a dataset, oldest version first; empty when none."""
        ...

    def latest(self, name: str) -> str | None:
        """The digest of the newest version that was not revoked."""
        ...

    def resolve(self, name: str, prefix: str) -> str | None:
        """The whole digest that begins with at least twelve digits of `prefix`, or None."""
        ...

    def open(self, name: str, digest: str) -> Version:
        """A version for reading."""
        ...

    def put(self, name: str, manifest: Manifest, data: bytes, contents: Contents) -> str:
        """Store a version whole, its manifest (`data`) last, and say where; what is there already is left as it is.

        Raises DigestMismatch when contents are not what the manifest says, NotWritable without permission.
        """
        ...

    def refer(self, name: str, version: str, digest: str) -> None:
        """Create the reference of a semantic version, once. Raises VersionExists when it points elsewhere."""
        ...

    def advance(self, name: str, version: str, digest: str) -> None:
        """Move `latest` to this version unless a newer one is there; safe against others who do the same."""
        ...

    def revoke(self, name: str, revocation: Revocation) -> None:
        """Say that a version must no longer be used, and which one succeeds it. Saying it again changes nothing."""
        ...

    def revocations(self, name: str) -> dict[str, Revocation]:
        """The revoked versions of a dataset, by digest."""
        ...

    def drop(self, name: str, digest: str) -> None:
        """Delete the stored files of a version that no other version shares; its references stay as they are."""
        ...

    def holdings(self) -> list[str]:
        """The datasets of which anything is stored, referred to or not, sorted."""
        ...

    def stored(self, name: str) -> list[str]:
        """The digests of the versions whose manifest can be read, referred to or not, revoked or not, sorted."""
        ...

    def purge(self, name: str, held: Callable[[Path], bool]) -> list[str]:
        """Delete the garbage that `held` says yes to, or that cannot be looked at, and say where it was."""
        ...

    def garbage(self, name: str) -> dict[str, int]:
        """What no reference needs, place to size in bytes: drafts, versions never referred to, unshared objects."""
        ...

    def sweep(self, name: str) -> dict[str, int]:
        """Delete what `garbage` lists, and say what it was."""
        ...


def is_shared(place: str | Path) -> bool:
    """Whether others may read a remote: any URL but that of a folder of this machine."""
    return "://" in str(place) and not str(place).startswith("file://")


def open_remote(place: str | Path) -> Remote:
    """The remote at a place: a folder, hub://organisation/name, or any fsspec URL such as s3://bucket/folder."""
    text = str(place)
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if text.startswith("hub://"):
        from tasks.versions.remotes.hub import HubRemote

        return HubRemote.at(text)
    if is_shared(text):
        from tasks.versions.remotes.object_store import ObjectStore

        return ObjectStore.at(text)
    from tasks.versions.remotes.local import LocalRemote

    return LocalRemote(Path(text))
