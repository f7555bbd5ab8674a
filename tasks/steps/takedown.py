"""Take one person out of everything: published versions, the build store, generations, pulled files. Safe to run again.

Everything that names or shows the person is found first. Then the store is cleared, and each version gets a successor:
published, the old one revoked with the successor's name, its files dropped. At the end all that is left is looked
through. Raw data is the operator's own and is never touched; the store refuses to read the person from it again.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import DigestMismatch, UnknownVersion, WrongUse
from schemas.manifest import Revocation
from tasks.packs.blocked import Blocked, blocked
from tasks.versions.assemble import Assembled
from tasks.versions.cache import cache_folder
from tasks.versions.manifest import load_manifest
from tasks.versions.opening import opened
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import Remote, Version, is_shared, open_remote
from tasks.versions.takedown.doomed import Doomed, among, doomed_in, linked_to
from tasks.versions.takedown.journal import Journal
from tasks.versions.takedown.receipt import Receipt, described, record, taken
from tasks.versions.takedown.remedies import remedies
from tasks.versions.takedown.scan import looked_at, remains, remains_in, to_be_deleted
from tasks.versions.takedown.shared import shared_successor
from tasks.versions.takedown.stores import block, clear_pulled, clear_store, purge_generations, to_clear
from tasks.versions.takedown.successor import successor

_REASON = "taken down: "
_UNSEEN = "The store {0!r} belongs to this takedown and was not looked through now: run it again with --store {0}."


@dataclass(slots=True)
class _Found:
    """What the standing versions hold of the person."""

    doomed: Doomed
    linked: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    versions: list[tuple[str, str, str]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Work:
    """One takedown: where, who, why, and the journal of what is done."""

    place: Remote
    remote: str
    person: str
    reason: str
    store: Path | None
    raw: Path | None
    journal: Journal


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
    """Take down the person with this key from all versions of a remote and from a store; with `dry` only find it.

    `linked` takes down every other key that links say is the same person. Versions that were shared without pictures
    need `raw`, the raw data, so that their successors can be joined too. Raises WrongUse when nothing knows the person
    or that raw data is missing, and what reading, publishing and writing raise. Run again, it goes on where it stopped;
    the receipt then also tells what was done before.
    """
    place, journal = open_remote(remote), Journal.of(str(remote), person)
    work = _Work(place, str(remote), person, reason, store, raw, journal)
    if not dry:
        _drop_again(place)
    found = _look(work, linked)
    receipt = Receipt(sorted(found.doomed.persons), reason, signed_by, datetime.now(UTC).date().isoformat())
    if not dry:
        _refuse_shared(found, raw)
        _do(work, found, receipt)
    _tell(work, found, receipt)
    receipt.versions += [{"name": name, "old": number} for name, number, _ in found.versions if dry]
    if not dry:
        receipt.unseen = journal.unseen(store)
        receipt.remedies += [_UNSEEN.format(root) for root in receipt.unseen]
        if receipt.done:
            journal.close()
    return receipt


def _do(work: _Work, found: _Found, receipt: Receipt) -> None:
    journal = work.journal
    receipt.already = not found.versions and not journal.path.is_file()
    journal.doomed, journal.keys, journal.linked = found.doomed, found.keys, found.linked
    journal.names(work.store)
    journal.save()
    if work.store:
        _clear(work.store, found, journal)
    for which in found.versions:
        _succeed(work, which, found.doomed)
    _clear_loose(work, found.doomed, receipt)
    journal.pulled += clear_pulled(cache_folder(), found.doomed)
    journal.save()
    _look_again(work, found.doomed, receipt)


def _tell(work: _Work, found: _Found, receipt: Receipt) -> None:
    """What this run and those before it have done."""
    journal, before = work.journal, taken(work.place, work.person)
    receipt.pictures = max([len(found.doomed.images), *(facts.pictures for _, _, facts in before)])
    receipt.linked, receipt.versions = sorted(found.linked), [described(*each) for each in before]
    receipt.store, receipt.loose = sorted(set(journal.store)), sorted(set(journal.loose))
    receipt.generations, receipt.pulled = journal.generations, journal.pulled


def _look(work: _Work, linked: bool) -> _Found:
    """Everything of the person that standing versions, the store and an interrupted takedown know."""
    known, person = blocked(work.store) if work.store else Blocked(), work.person
    images = known.images if person in known.persons else frozenset()
    journal, found = work.journal, _Found(Doomed(frozenset({person}), images))
    found.doomed |= journal.doomed
    found.keys, found.linked = set(journal.keys), set(journal.linked)
    standing = list(_standing(work.place))
    if linked:
        for name, number, _ in standing:
            with opened(f"{name}@{number}", work.remote) as version:
                found.linked |= set(linked_to(version, person))
        found.doomed |= Doomed(frozenset(found.linked))
    for _ in range(2):
        for name, number, digest in standing:
            with opened(f"{name}@{number}", work.remote) as version:
                _look_into(version, (name, number, digest), found)
    if not found.doomed.has_pictures and not taken(work.place, person):
        raise WrongUse(
            f"No standing version of {work.remote!r} knows the person {person!r}, and none was taken down from it: "
            "there is nothing to take down."
        )
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


def _clear(store: Path, found: _Found, journal: Journal) -> None:
    """Clear the store; what goes is written down before it does."""
    block(store, found.doomed)
    journal.generations += purge_generations(store, found.doomed, frozenset(found.keys))
    places = to_clear(store, found.doomed)
    journal.store += places
    journal.save()
    clear_store(store, places)


def _succeed(work: _Work, which: tuple[str, str, str], doomed: Doomed) -> None:
    """Publish the successor of one version, revoke the old one, drop its files."""
    (name, number, digest), place = which, work.place
    new = _published_before(place, name, digest)
    if new is None:
        new = _next_free(number, place.versions(name))
        with tempfile.TemporaryDirectory(prefix="reidforge-") as folder, opened(f"{name}@{number}", work.remote) as old:
            made = _made(old, doomed, new, Path(folder), work.raw)
            place.put(name, made.manifest, made.data, made.contents)
        place.refer(name, new, made.digest)
    place.advance(name, new, place.versions(name)[new])
    before, after = (load_manifest(place.open(name, each).manifest()) for each in (digest, place.versions(name)[new]))
    facts = record(doomed.persons, len(doomed.images), before, after)
    why = f"{_REASON}{work.reason}"
    place.revoke(name, Revocation(digest=digest, version=number, reason=why, successor=new, takedown=facts))
    place.drop(name, digest)


def _made(version: VersionFolder, doomed: Doomed, new: str, folder: Path, raw: Path | None) -> Assembled:
    withheld = version.manifest.withheld
    if withheld and raw:
        return shared_successor(version, withheld, doomed, new, folder, raw)
    return successor(version, doomed, new, folder)


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


def _clear_loose(work: _Work, doomed: Doomed, receipt: Receipt) -> None:
    """Delete what shows the person and no standing version needs: unreferred or revoked versions, lost uploads."""
    place, journal = work.place, work.journal
    standing = {digest for _, _, digest in _standing(place)}

    def held(path: Path) -> bool:
        receipt.files_looked_at += 1
        return to_be_deleted(path, doomed)

    for name in place.holdings():
        dropped = {key for key, found in place.revocations(name).items() if found.reason.startswith(_REASON)}
        for digest in place.stored(name):
            if digest not in standing | dropped and _shows(place.open(name, digest), doomed):
                journal.loose.append(f"{name}/{digest[:12]}")
                place.drop(name, digest)
        journal.loose += place.purge(name, held)


def _shows(version: Version, doomed: Doomed) -> bool:
    """Whether a version that nobody may use any more holds anything doomed in a table that is still there."""
    try:
        tables = [entry for entry in load_manifest(version.manifest()).files if entry.table]
    except UnknownVersion:
        return False
    with tempfile.TemporaryDirectory(prefix="reidforge-") as folder:
        target = Path(folder) / "table.parquet"
        for entry in tables:
            try:
                version.fetch(entry, target)
            except DigestMismatch:  # missing, or never whole: `purge` looks at what there is of it
                continue
            if remains_in(target, doomed):
                return True
    return False


def _look_again(work: _Work, doomed: Doomed, receipt: Receipt) -> None:
    """Look through every table and text below the remote's folder, or of its standing versions, and of the store.

    What is found stands in the receipt.
    """
    roots = [] if is_shared(work.remote) else [Path(work.remote.removeprefix("file://"))]
    roots += [work.store] if work.store else []
    here = (path for root in roots for path in root.rglob("*") if path != work.journal.path)
    _look_through(((path, str(path)) for path in here), doomed, receipt)
    for name, number, _ in _standing(work.place) if is_shared(work.remote) else ():
        with opened(f"{name}@{number}", work.remote) as version:
            files = version.folder.rglob("*")
            _look_through(((path, f"{name}@{number}: {path.name}") for path in files), doomed, receipt)
    receipt.remedies = remedies(receipt.remains)


def _look_through(files: Iterable[tuple[Path, str]], doomed: Doomed, receipt: Receipt) -> None:
    named = {path: name for path, name in files if path.parent.name != "segments" and looked_at(path)}
    receipt.files_looked_at += len(named)
    receipt.remains += [named[path] for path in remains(sorted(named), doomed)]
