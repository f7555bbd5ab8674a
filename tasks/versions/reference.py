"""How people name a version: `hpt@1.2.0`, `hpt@latest`, `hpt@sha256:<12 digits or more>`, or a version folder."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from schemas.errors import UnknownVersion
from tasks.versions.manifest import MANIFEST, digest_of, read_bounded
from tasks.versions.remote import Remote

_NAME = r"(?P<name>[a-z0-9][a-z0-9_-]{0,63})"
_REFERENCE = re.compile(_NAME + r"@(?:sha256:(?P<digest>[0-9a-f]{12,64})|(?P<version>[^@/]+))")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a reference led: the version's folder and the digest its manifest must have."""

    folder: Path
    digest: str


def resolve(remote: Remote, reference: str) -> Found:
    """The version a reference names. Raises UnknownVersion with what is known instead."""
    if (Path(reference) / MANIFEST).is_file():
        folder = Path(reference)
        return Found(folder, digest_of(read_bounded(folder / MANIFEST)))
    parts = _REFERENCE.fullmatch(reference)
    if not parts:
        raise UnknownVersion(
            f"{reference!r} names no version. Write name@1.2.0, name@latest, name@sha256:<at least 12 digits>, "
            "or the path of a version folder."
        )
    name = parts["name"]
    digest = _digest(remote, name, parts["digest"], parts["version"])
    if digest is None:
        raise UnknownVersion(f"There is no version {reference!r}. {_known(remote, name)}")
    return Found(remote.folder(name, digest), digest)


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
