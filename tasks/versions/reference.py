"""How people name a version: `hpt@1.2.0`, `hpt@latest`, `hpt@sha256:<12 digits or more>`, or a version folder."""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.errors import DigestMismatch, Revoked, UnknownVersion, WrongUse
from schemas.manifest import Revocation
from tasks.versions.folders import FolderVersion
from tasks.versions.manifest import MANIFEST, digest_of, read_bounded
from tasks.versions.remote import Remote, Version

_NAME = r"(?P<name>[a-z0-9][a-z0-9_-]{0,63})"
_REFERENCE = re.compile(_NAME + r"@(?:sha256:(?P<digest>[0-9a-f]{12,64})|(?P<version>[^@/]+))")


_MAX_POINTER_BYTES = 65_536
_POINTER = re.compile(r"[0-9a-f]{64}")


def resolve(remote: Remote, reference: str) -> Version:
    """The version a reference names. Raises UnknownVersion with what is known instead, or Revoked."""
    if (Path(reference) / MANIFEST).is_file():
        folder = Path(reference)
        return FolderVersion(folder, digest_of(read_bounded(folder / MANIFEST)))
    parts = _REFERENCE.fullmatch(reference)
    if not parts:
        if Path(reference).is_dir():
            raise UnknownVersion(f"The folder {reference!r} holds no version: there is no {MANIFEST} in it.")
        raise UnknownVersion(
            f"{reference!r} names no version. Write name@1.2.0, name@latest, name@sha256:<at least 12 digits>, "
            "or the path of a version folder."
        )
    name = parts["name"]
    digest = _digest(remote, name, parts["digest"], parts["version"])
    if digest is None:
        raise UnknownVersion(f"There is no version {reference!r}. {_known(remote, name)}")
    _refuse_revoked(remote, name, digest)
    return remote.open(name, digest)


def located(reference: str, remote: str | None) -> tuple[str, str]:
    """The remote and the reference in it of `s3://bucket/folder/hpt@1.2.0`, or of a plain name and a remote beside it.

    hub://organisation/hpt@1.2.0 is hpt@1.2.0 of that repository. Raises WrongUse when nothing, or both, say where.
    """
    if (Path(reference) / MANIFEST).is_file():
        return remote or ".", reference
    place, _, name = reference.rpartition("/")
    if "@" not in name or not place:
        if remote is None:
            raise WrongUse(
                f"{reference!r} does not say where it was published: give --from, or write the folder or URL before "
                "the name, as in s3://bucket/folder/hpt@1.2.0."
            )
        return remote, reference
    if remote is not None:
        raise WrongUse(f"{reference!r} says where it was published: leave --from {remote!r} out, or name it alone.")
    return (f"{place}/{name.partition('@')[0]}" if place.startswith("hub://") else place), name


def _refuse_revoked(remote: Remote, name: str, digest: str) -> None:
    if found := remote.revocations(name).get(digest):
        instead = f"Use {name}@{found.successor} instead." if found.successor else "Nothing replaces it."
        raise Revoked(f"{name}@{found.version} ({digest[:12]}) was taken back: {found.reason}. {instead}")


def semver(version: str) -> tuple[int, ...]:
    """A semantic version as numbers that sort; what is no number sorts first."""
    return tuple(int(part) if part.isdecimal() else -1 for part in version.split("."))


def by_number(versions: Mapping[str, str]) -> dict[str, str]:
    """Versions and their digests, oldest version first."""
    return {version: versions[version] for version in sorted(versions, key=semver)}


def read_pointer(data: bytes, what: str) -> str:
    """The digest in a reference file. Raises DigestMismatch when the file is damaged."""
    try:
        digest = str(json.loads(data[:_MAX_POINTER_BYTES])["digest"])
    except (ValueError, KeyError, TypeError) as error:
        raise DigestMismatch(f"The reference {what} is damaged.") from error
    if not _POINTER.fullmatch(digest):
        raise DigestMismatch(f"The reference {what} is damaged: {digest[:80]!r} is no sha256.")
    return digest


def revocation_record(revocation: Revocation) -> dict[str, Any]:
    """A revocation as it is stored: what it does not say is left out, so that earlier releases can read it."""
    return revocation.model_dump(mode="json", exclude_none=True)


def read_revocation(data: bytes) -> Revocation:
    """A revocation from its file. Raises DigestMismatch when the file is damaged."""
    try:
        return Revocation.model_validate_json(data[:_MAX_POINTER_BYTES])
    except ValidationError as error:
        raise DigestMismatch("A revocation of this remote is damaged.") from error


def _digest(remote: Remote, name: str, prefix: str | None, version: str | None) -> str | None:
    if prefix:
        return remote.resolve(name, prefix)
    return remote.latest(name) if version == "latest" else remote.versions(name).get(str(version))


def _known(remote: Remote, name: str) -> str:
    versions = remote.versions(name)
    if versions:
        return f"Known versions of {name}: {', '.join(versions)}."
    names = remote.names()
    near = get_close_matches(name, names, n=1, cutoff=0.4)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return f"Known datasets here: {', '.join(names) or 'none'}.{guess}"
