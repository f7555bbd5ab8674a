"""What a store must not read again: persons who were taken down, and their pictures, by name."""

import json
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import BadTable

BLOCKED = "takedowns.json"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Person keys and image ids. It holds no digest of a picture."""

    persons: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is blocked."""
        return bool(self.persons or self.images)


def blocked(store: Path) -> Blocked:
    """The list of a store. Raises BadTable when it is damaged."""
    path = store / BLOCKED
    if not path.is_file():
        return Blocked()
    try:
        record = json.loads(path.read_bytes())
        return Blocked(frozenset(record["persons"]), frozenset(record["images"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BadTable(f"The list {str(path)!r} is damaged: restore it, or take the persons down again.") from error
