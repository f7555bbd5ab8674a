"""What a takedown that is under way must not forget: kept beside the cache of pulled files, deleted when it is done.

Once the versions that show a person are gone nothing else knows which pictures to look for, so a run that goes on
where another was cut off reads them here. It is done when every store that was ever named for it was looked through by
the run that found nothing left.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import BadTable
from schemas.keys import digest
from tasks.steps.store import write_record
from tasks.versions.cache import cache_folder
from tasks.versions.takedown.doomed import Doomed


@dataclass(slots=True)
class Journal:
    """What is to go, the keys of answers about it, what is gone from the store already, and the stores (`roots`)."""

    path: Path
    doomed: Doomed = field(default_factory=lambda: Doomed(frozenset()))
    keys: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    store: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    generations: int = 0
    pulled: int = 0
    roots: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, remote: str, person: str) -> "Journal":
        """The journal of a person's takedown from a remote. Raises BadTable when it is damaged."""
        where = remote if "://" in remote else str(Path(remote).absolute())
        path = cache_folder() / "takedowns" / f"{digest([where, person])[:24]}.json"
        try:
            found = json.loads(path.read_bytes())
            sets = (frozenset(found[name]) for name in ("persons", "images", "digests"))
            names = (set(found["keys"]), set(found["linked"]), list(found["store"]), list(found["loose"]))
            counts = (int(found["generations"]), int(found["pulled"]))
            return cls(path, Doomed(*sets), *names, *counts, set(found.get("roots", [])))
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError) as error:
            raise BadTable(
                f"The journal {str(path)!r} is damaged: delete it, and take the person down again."
            ) from error

    def save(self) -> None:
        """Write it down in one step."""
        facts = {"persons": self.doomed.persons, "images": self.doomed.images, "digests": self.doomed.digests}
        names = {"keys": self.keys, "linked": self.linked, "store": set(self.store), "loose": set(self.loose)}
        names["roots"] = self.roots
        sets = {name: sorted(values) for name, values in {**facts, **names}.items()}
        write_record(self.path, {**sets, "generations": self.generations, "pulled": self.pulled})

    def unseen(self, store: Path | None) -> list[str]:
        """The stores of this takedown, beside the one that is looked through now, that are still there."""
        return sorted(root for root in self.roots - _named(store) if Path(root).is_dir())

    def names(self, store: Path | None) -> None:
        """Add a store to those of this takedown."""
        self.roots |= _named(store)

    def close(self) -> None:
        """Forget everything: the takedown is done."""
        self.path.unlink(missing_ok=True)


def _named(store: Path | None) -> set[str]:
    return {str(store.absolute())} if store else set()
