"""What a takedown did, and how a remote remembers it: with the revocation of each version, by marks of the persons."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from schemas.keys import canonical_json, digest
from schemas.manifest import Manifest, Revocation, Takedown, TouchedFile
from tasks.versions.remote import Remote
from tasks.versions.withholding import label


@dataclass(slots=True)
class Receipt:
    """What a takedown did, to be signed and kept: files and rows, never a digest of a picture.

    It tells the whole takedown, whatever part of it an earlier run had done; `already` when all of it was. `loose` are
    unreferenced files that were deleted, `remains` files that still hold something, `unseen` stores that an earlier run
    was given and this one was not, `remedies` what to do about both.
    """

    persons: list[str]
    reason: str
    signed_by: str
    date: str
    already: bool = False
    pictures: int = 0
    linked: list[str] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    store: list[str] = field(default_factory=list)
    generations: int = 0
    pulled: int = 0
    loose: list[str] = field(default_factory=list)
    files_looked_at: int = 0
    remains: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    remedies: list[str] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether nothing of the person is left wherever it was to be looked for."""
        return not (self.remains or self.unseen)

    def as_json(self) -> dict[str, Any]:
        """The receipt with its own sha256, so that a later change of it shows."""
        facts = asdict(self)
        return {**facts, "sha256": hashlib.sha256(canonical_json(facts)).hexdigest()}


def mark(person: str) -> str:
    """What stands for a person key where everybody may read."""
    return digest(["taken down", person])


def record(persons: Iterable[str], pictures: int, old: Manifest, new: Manifest) -> Takedown:
    """What a successor lacks of the version before it, from both manifests."""
    after = {_slot(path): (path, rows) for path, rows in _tables(new)}
    pairs = [(path, rows, *after.get(_slot(path), ("", 0))) for path, rows in _tables(old)]
    files = [TouchedFile(old=a, new=b, rows=rows - left) for a, rows, b, left in pairs if a != b]
    return Takedown(persons=sorted(mark(person) for person in persons), pictures=pictures, files=files)


def _tables(manifest: Manifest) -> list[tuple[str, int]]:
    return [(entry.path, entry.rows or 0) for entry in manifest.files if entry.table]


def _slot(path: str) -> tuple[str, str]:
    """The folder and the name without the digest: what a file and its successor have in common."""
    return path.rpartition("/")[0], label(path)


def taken(place: Remote, person: str) -> list[tuple[str, Revocation, Takedown]]:
    """The versions that this person was taken down from, with their dataset."""
    known = [
        (name, revocation, revocation.takedown)
        for name in place.names()
        for _, revocation in sorted(place.revocations(name).items())
        if revocation.takedown and mark(person) in revocation.takedown.persons
    ]
    return sorted(known, key=lambda each: (each[0], [int(part) for part in each[1].version.split(".")]))


def described(name: str, revocation: Revocation, facts: Takedown) -> dict[str, Any]:
    """One version of the receipt."""
    return {
        "name": name,
        "old": revocation.version,
        "old_digest": revocation.digest,
        "new": revocation.successor,
        "files": [file.model_dump() for file in facts.files],
    }
