"""What a comparison of two versions finds. Lists of ids are whole; how many are shown is the reader's choice."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that both versions hold in different words: its id, the old and the new, and why it changed."""

    id: str
    old: str
    new: str
    reason: str
    image_id: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The changes of one kind of thing: what came, what went, what changed, in the order of ids."""

    title: str
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    changed: Sequence[Change] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.added or self.removed or self.changed)

    @property
    def summary(self) -> str:
        """The counts in a few words."""
        counts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        return ", ".join(f"{len(found):,} {word}" for word, found in counts.items() if found) or "nothing"


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a distribution moved: total variation distance in [0, 1], and the values that moved most.

    `rows` are those of the version that has fewer of them; `source` is the source whose rows alone were counted.
    """

    what: str
    distance: float
    moved: Mapping[str, tuple[float, float]]
    rows: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between an old and a new version; `needs` is the least semantic version step."""

    old: str
    new: str
    old_digest: str
    new_digest: str
    needs: str
    why: str
    sections: Sequence[Section]
    drifts: Sequence[Drift]
    causes: Sequence[str]
    shared_bytes: int
    new_bytes: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def section(self, title: str) -> Section:
        """The section of that title; an empty one when nothing of the kind was compared."""
        return next((found for found in self.sections if found.title == title), Section(title))

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)
