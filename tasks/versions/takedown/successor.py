"""The version that takes the place of one from which a person was taken down."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from schemas.manifest import FileEntry, Manifest, SourceEntry
from schemas.recipe import Recipe
from tasks.steps.store import StepOutput
from tasks.steps.validate import validate
from tasks.versions.assemble import Assembled, assemble
from tasks.versions.manifest import dump_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.selecting import source_of
from tasks.versions.takedown.doomed import Doomed
from tasks.versions.takedown.rewriting import Rewriting


def successor(old: VersionFolder, doomed: Doomed, version: str, place: Path) -> Assembled:
    """The version without what is doomed, in the folder `place`. Its gates are run again, for its card.

    It is made from the old version alone, so its steps are the old ones, and the old version is its parent.
    """
    entries = Rewriting(old, doomed, place / "new").entries()
    folder = place / "whole"
    for entry in entries:
        _take(entry, [place / "new", old.folder], folder)
    manifest = old.manifest
    recipe = Recipe.model_validate(
        {**manifest.recipe, "name": manifest.name, "version": version, "seed": manifest.seed}
    )
    if (old.folder / "contracts").is_dir():
        shutil.copytree(old.folder / "contracts", folder / "contracts")
    staged = StepOutput("stage", manifest.steps.get("stage", ""), folder, False, _facts(old, folder, entries))
    validated = validate(place / "store", staged, recipe)
    ingests = [_ingest(source) for source in manifest.sources]
    ready = assemble(recipe, staged, validated, ingests, _contracts(folder))
    followed = ready.manifest.model_copy(update={"parents": [old.digest], "steps": manifest.steps})
    return replace(ready, manifest=followed, data=dump_manifest(followed))


def _contracts(folder: Path) -> dict[str, bytes]:
    found = sorted((folder / "contracts").glob("*.yaml"))
    return {f"contracts/{path.name}": path.read_bytes() for path in found}


def _take(entry: FileEntry, places: Sequence[Path], folder: Path) -> None:
    source = next(place / entry.path for place in places if (place / entry.path).is_file())
    target = folder / entry.path
    target.parent.mkdir(parents=True, exist_ok=True)
    link_or_copy(source, target)


def link_or_copy(source: Path, target: Path) -> None:
    """One file with two names where the disk allows it, else two files."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _facts(old: VersionFolder, folder: Path, entries: Sequence[FileEntry]) -> dict[str, Any]:
    """What staging would have recorded of these files; shortfalls and overlaps are those of the old build."""
    report = old.folder / "report" / "build.json"
    built = json.loads(report.read_bytes()) if report.is_file() else {}
    counts = dict.fromkeys(sorted({str(entry.table) for entry in entries}), 0)
    for entry in entries:
        counts[str(entry.table)] += entry.rows or 0
    kept = {name: built[name] for name in ("composed", "overlaps") if name in built}
    if old.manifest.asked is not None:
        kept["asked"] = [entry.model_dump(exclude={"cost", "currency"}) for entry in old.manifest.asked]
    return {
        "composed": {},
        **kept,
        "files": [entry.model_dump(exclude_none=True) for entry in entries],
        "counts": counts,
        "sources": {
            source.name: _source_counts(folder, source, old.manifest, entries) for source in old.manifest.sources
        },
        "steps": old.manifest.steps,
        "models": old.manifest.models,
    }


def _source_counts(
    folder: Path, source: SourceEntry, manifest: Manifest, entries: Sequence[FileEntry]
) -> Mapping[str, int]:
    own = dict.fromkeys(("images", "captions", "rejects"), 0)
    for entry in entries:
        if entry.table in own and source_of(entry, manifest) == source.name:
            own[entry.table] += entry.rows or 0
    people = VersionFolder(folder).table("person_images", ["source", "person_key"])
    persons = people.filter(pc.equal(people.column("source"), source.name)).column("person_key")
    return {**own, "persons": pc.count_distinct(persons, mode="only_valid").as_py()}


def _ingest(source: SourceEntry) -> StepOutput:
    facts = {
        "source": source.name,
        **source.model_dump(exclude={"name", "images", "persons", "rejects"}, exclude_none=True),
    }
    return StepOutput("ingest", "", Path(), True, facts)
