"""Take one person out of everything: published versions, the build store, generations, pulled files. Safe to run again.

Everything that names or shows the person is found first. Then the store is cleared, and each version gets a successor:
published, the old one revoked with the successor's name, its files dropped. At the end all that is left is looked
through. Raw data is the operator's own and is never touched; the store refuses to read the person from it again.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.errors import WrongUse
from schemas.keys import canonical_json
from schemas.manifest import Revocation
from tasks.packs.blocked import Blocked, blocked
from tasks.versions.cache import cache_folder
from tasks.versions.manifest import load_manifest
from tasks.versions.opening import opened
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import Remote, is_shared, open_remote
from tasks.versions.takedown.doomed import Doomed, among, doomed_in, linked_to
from tasks.versions.takedown.scan import remains
from tasks.versions.takedown.shared import shared_successor
from tasks.versions.takedown.stores import block, clear_pulled, clear_store, purge_generations
from tasks.versions.takedown.successor import Successor, successor

_REASON = "taken down: "


@dataclass(slots=True)
class Receipt:
    """What a takedown did, to be signed and kept: files and rows, never a digest of a picture."""

    persons: list[str]
    reason: str
    signed_by: str
    date: str
    pictures: int = 0
    linked: list[str] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    store: list[str] = field(default_factory=list)
    generations: int = 0
    pulled: int = 0
    files_looked_at: int = 0
    remains: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The receipt with its own sha256, so that a later change of it shows."""
        facts = asdict(self)
        return {**facts, "sha256": hashlib.sha256(canonical_json(facts)).hexdigest()}


@dataclass(slots=True)
class _Found:
    """What the standing versions hold of the person."""

    doomed: Doomed
    linked: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    versions: list[tuple[str, str, str]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)


def takedown(
    remote: str | Path,
    person: str,
    reason: str,
    store: Path | None = None,
    signed_by: str = "",
    linked: bool = False,
    dry: bool = False,
    raw: Path | None = None,
) -> Receipt:
    """Take down the person with this key from all versions of a remote and from a store; with `dry` only say what.

    `linked` takes down every other key that links say is the same person. `raw` is raw data, for versions that were
    shared without pictures: their successors can be joined as they could. Raises WrongUse when nothing knows the
    person or such raw data is needed, and what reading, publishing and writing raise; run again, it goes on where it
    stopped.
    """
    place = open_remote(remote)
    if not dry:
        _drop_again(place)
    found = _look(place, str(remote), person, linked, store)
    receipt = Receipt(sorted(found.doomed.persons), reason, signed_by, datetime.now(UTC).date().isoformat())
    receipt.pictures, receipt.linked = len(found.doomed.images), sorted(found.linked)
    if dry:
        receipt.versions = [{"name": name, "old": number} for name, number, _ in found.versions]
        return receipt
    _refuse_shared(found, raw)
    if store:
        _clear(store, found, receipt)
    for which in found.versions:
        receipt.versions.append(_succeed(place, str(remote), which, found.doomed, reason, raw))
    _look_again(place, str(remote), store, found.doomed, receipt)
    receipt.pulled = clear_pulled(cache_folder(), found.doomed)
    return receipt


def _look(place: Remote, remote: str, person: str, linked: bool, store: Path | None) -> _Found:
    known = blocked(store) if store else Blocked()
    images = known.images if person in known.persons else frozenset()
    found = _Found(Doomed(frozenset({person}), images))
    standing = list(_standing(place))
    if linked:
        for name, number, _ in standing:
            with opened(f"{name}@{number}", remote) as version:
                found.linked |= set(linked_to(version, person))
        found.doomed |= Doomed(frozenset(found.linked))
    for _ in range(2):
        for name, number, digest in standing:
            with opened(f"{name}@{number}", remote) as version:
                _look_into(version, (name, number, digest), found)
    if not found.doomed.has_pictures:
        raise WrongUse(f"No standing version of {remote!r} knows the person {person!r}: there is nothing to take down.")
    return found


def _standing(place: Remote) -> Iterator[tuple[str, str, str]]:
    for name in place.names():
        revoked = place.revocations(name)
        yield from ((name, n, digest) for n, digest in place.versions(name).items() if digest not in revoked)


def _look_into(version: VersionFolder, which: tuple[str, str, str], found: _Found) -> None:
    here = doomed_in(version, found.doomed.persons, found.doomed.digests)
    found.doomed |= here
    if here.has_pictures and which not in found.versions:
        found.versions.append(which)
        found.shared += [f"{which[0]}@{which[1]}"] if version.manifest.withheld else []
        table = version.table("captions", ["image_id", "generation_key"])
        about = table.filter(among(table.column("image_id"), here.images)).column("generation_key")
        found.keys |= {key for key in about.to_pylist() if key}


def _refuse_shared(found: _Found, raw: Path | None) -> None:
    if found.shared and raw is None:
        raise WrongUse(
            f"{found.shared[0]} was shared without pictures: give the raw data with --raw, so that its successor can "
            "be joined too. Nothing was changed."
        )


def _clear(store: Path, found: _Found, receipt: Receipt) -> None:
    block(store, found.doomed)
    receipt.generations = purge_generations(store, found.doomed, frozenset(found.keys))
    receipt.store = clear_store(store, found.doomed)


def _succeed(
    place: Remote, remote: str, which: tuple[str, str, str], doomed: Doomed, reason: str, raw: Path | None
) -> dict[str, Any]:
    """Publish the successor of one version, revoke the old one, drop its files."""
    name, number, digest = which
    new, touched = _published_before(place, name, digest), []
    if new is None:
        new = _next_free(number, place.versions(name))
        with tempfile.TemporaryDirectory(prefix="reidforge-") as work, opened(f"{name}@{number}", remote) as version:
            made = _made(version, doomed, new, Path(work), raw)
            place.put(name, made.ready.manifest, made.ready.data, made.ready.contents)
            place.refer(name, new, made.ready.digest)
            place.advance(name, new, made.ready.digest)
            touched = [asdict(each) for each in made.touched]
    place.revoke(name, Revocation(digest=digest, version=number, reason=f"{_REASON}{reason}", successor=new))
    place.drop(name, digest)
    return {"name": name, "old": number, "old_digest": digest, "new": new, "files": touched}


def _made(version: VersionFolder, doomed: Doomed, new: str, work: Path, raw: Path | None) -> Successor:
    withheld = version.manifest.withheld
    if withheld and raw:
        return shared_successor(version, withheld, doomed, new, work, raw)
    return successor(version, doomed, new, work)


def _published_before(place: Remote, name: str, digest: str) -> str | None:
    """The successor that an interrupted takedown has published already."""
    revoked = place.revocations(name)  # their manifests may be gone
    standing = ((number, other) for number, other in place.versions(name).items() if other not in revoked)
    for number, other in standing:
        if load_manifest(place.open(name, other).manifest()).parents == [digest]:
            return number
    return None


def _next_free(number: str, taken: Sequence[str] | dict[str, str]) -> str:
    major, minor, patch = (int(part) for part in number.split("."))
    while f"{major}.{minor}.{patch}" in taken:
        patch += 1
    return f"{major}.{minor}.{patch}"


def _drop_again(place: Remote) -> None:
    """Drop what an interrupted takedown has revoked; what is dropped already stays so."""
    for name in place.names():
        for digest, revocation in place.revocations(name).items():
            if revocation.reason.startswith(_REASON):
                place.drop(name, digest)


def _look_again(place: Remote, remote: str, store: Path | None, doomed: Doomed, receipt: Receipt) -> None:
    """Look through every table below the remote's folder, or of its standing versions, and of the store.

    What is found stands in the receipt.
    """
    roots = [] if is_shared(remote) else [Path(remote.removeprefix("file://"))]
    roots += [store] if store else []
    _look_through(((path, str(path)) for root in roots for path in root.rglob("*.parquet")), doomed, receipt)
    for name, number, _ in _standing(place) if is_shared(remote) else ():
        with opened(f"{name}@{number}", remote) as version:
            files = version.folder.rglob("*.parquet")
            _look_through(((path, f"{name}@{number}: {path.name}") for path in files), doomed, receipt)


def _look_through(files: Iterable[tuple[Path, str]], doomed: Doomed, receipt: Receipt) -> None:
    named = {path: name for path, name in files if path.parent.name != "segments"}
    receipt.files_looked_at += len(named)
    receipt.remains += [named[path] for path in remains(sorted(named), doomed)]
