"""Which files of a version somebody wants: all of them, or those of some stages, splits and sources."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import BadTable, WrongUse
from schemas.manifest import FileEntry, Manifest
from schemas.tables import SPLITS

SELECTION = "selection.json"
"""The file of a pulled folder that says which part of the version it holds; a whole version has none."""

_SHOWN_WITH_ROWS = {"images", "person_images"}


class Selection(BaseModel):
    """A part of a version; nothing chosen means everything.

    With stages or splits, rows of other stages and splits stay away, and of the tables only the pictures are needed.
    With sources, the tables of other sources stay away; stage rows are kept whole, whatever pictures they name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stages: tuple[Annotated[int, Field(ge=1, le=3)], ...] = ()
    splits: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.stages or self.splits or self.sources)

    def of(self, manifest: Manifest) -> list[FileEntry]:
        """The entries to fetch. Raises WrongUse for a stage, split or source that the version does not have."""
        self._refuse_unknown(manifest)
        return [entry for entry in manifest.files if entry.table is None or self._wants(entry, manifest)]

    def _wants(self, entry: FileEntry, manifest: Manifest) -> bool:
        if entry.table == "conversations":
            return entry.stage in (self.stages or (1, 2, 3)) and entry.split in (self.splits or SPLITS)
        if (self.stages or self.splits) and entry.table not in _SHOWN_WITH_ROWS:
            return False
        owner = source_of(entry, manifest)
        return not self.sources or owner is None or owner in self.sources

    def _refuse_unknown(self, manifest: Manifest) -> None:
        held: dict[str, tuple[Sequence[int | str], Collection[int | str]]] = {
            "stage": (self.stages, {entry.stage for entry in manifest.files if entry.stage}),
            "split": (self.splits, {entry.split for entry in manifest.files if entry.split}),
            "source": (self.sources, {source.name for source in manifest.sources}),
        }
        for what, (asked, known) in held.items():
            for each in asked:
                if each not in known:
                    names = ", ".join(str(name) for name in sorted(known, key=str))
                    raise WrongUse(f"{manifest.name}@{manifest.version} has no {what} {each!r}. It has: {names}.")


def source_of(entry: FileEntry, manifest: Manifest) -> str | None:
    """The source whose table an entry holds; None for what belongs to all of them."""
    label = Path(entry.path).name
    fitting = [source.name for source in manifest.sources if label.startswith(f"{source.name}-")]
    return max(fitting, key=len, default=None)


def held_entries(folder: Path, entries: Sequence[FileEntry], manifest: Manifest) -> list[FileEntry]:
    """The entries that a pulled folder promises to hold. Raises BadTable when its selection cannot be read."""
    path = folder / SELECTION
    if not path.is_file():
        return list(entries)
    try:
        selection = Selection.model_validate(json.loads(path.read_bytes()[:65_536]))
    except (ValueError, ValidationError) as error:
        raise BadTable(f"The file {SELECTION!r} of {folder.name!r} cannot be read: pull into a new folder.") from error
    return selection.of(manifest)
