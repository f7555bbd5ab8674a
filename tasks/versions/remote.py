"""What a remote must do, whatever it is made of: whole versions by digest, create-once references, one moving `latest`.

A remote of another kind is one more file in `remotes/`; publishing and pulling see only this protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schemas.manifest import Manifest
from tasks.versions.remotes.local import LocalRemote

Contents = Mapping[str, Path | bytes]


@dataclass(frozen=True, slots=True)
class Pinned:
    """A semantic version and the digest it stands for."""

    version: str
    digest: str


class Remote(Protocol):
    """Versions of any number of datasets. Every method may be repeated after a crash."""

    def versions(self, name: str) -> dict[str, str]:
        """The digest behind each published semantic version of a dataset, oldest version first; empty when none."""
        ...

    def names(self) -> list[str]:
        """The datasets that have at least one version, sorted."""
        ...

    def latest(self, name: str) -> str | None:
        """The digest of the newest version."""
        ...

    def resolve(self, name: str, prefix: str) -> str | None:
        """The whole digest that begins with at least twelve digits of `prefix`, or None."""
        ...

    def folder(self, name: str, digest: str) -> Path:
        """A local folder from which the version's files can be read."""
        ...

    def put(self, name: str, manifest: Manifest, data: bytes, contents: Contents) -> Path:
        """Store a version whole, its manifest (`data`) last; a version that is there already is left as it is.

        Raises DigestMismatch when contents are not what the manifest says, NotWritable without permission.
        """
        ...

    def refer(self, name: str, version: str, digest: str) -> None:
        """Create the reference of a semantic version, once. Raises VersionExists when it points elsewhere."""
        ...

    def advance(self, name: str, version: str, digest: str) -> None:
        """Move `latest` to this version unless a newer one is there; safe against others who do the same."""
        ...


def open_remote(place: Path) -> Remote:
    """The remote at a place: today a local or mounted folder."""
    return LocalRemote(place)
