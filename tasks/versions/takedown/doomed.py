"""Who and what is to be taken down: a person's keys, and every picture of them, under whatever name it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.versions.reader import VersionFolder


@dataclass(frozen=True, slots=True)
class Doomed:
    """What must go: person keys, image ids, and the sha256 of the pictures, which other names may stand for too."""

    persons: frozenset[str]
    images: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()

    def __or__(self, other: "Doomed") -> "Doomed":
        """Everything that either names."""
        return Doomed(self.persons | other.persons, self.images | other.images, self.digests | other.digests)

    @property
    def has_pictures(self) -> bool:
        """Whether there is any picture to take down."""
        return bool(self.images)


def doomed_in(version: VersionFolder, persons: Iterable[str], digests: Iterable[str] = ()) -> Doomed:
    """The person's pictures in a version, and every other picture that is the same file."""
    keys, known = frozenset(persons), frozenset(digests)
    people = version.table("person_images", ["image_id", "person_key"])
    own = people.filter(among(people.column("person_key"), keys)).column("image_id").to_pylist()
    stored = version.table("images", ["image_id", "sha256"])
    named = stored.filter(among(stored.column("image_id"), frozenset(own))).column("sha256").to_pylist()
    same = stored.filter(among(stored.column("sha256"), known | frozenset(named)))
    return Doomed(keys, frozenset(own) | frozenset(same.column("image_id").to_pylist()), known | frozenset(named))


def linked_to(version: VersionFolder, person: str) -> list[str]:
    """Other person keys that the version knows or suspects to be this person, sorted."""
    links = version.table("identity_links", ["person_a", "person_b"])
    found = {person}
    while True:
        near = links.filter(
            pc.or_(among(links.column("person_a"), frozenset(found)), among(links.column("person_b"), frozenset(found)))
        )
        reached = found | set(near.column("person_a").to_pylist()) | set(near.column("person_b").to_pylist())
        if reached == found:
            return sorted(found - {person})
        found = reached


def among(column: Any, values: frozenset[str]) -> Any:
    """Which values of an Arrow string column are among `values`; a null never is."""
    return pc.is_in(column, value_set=pa.array(sorted(values), pa.string()))
