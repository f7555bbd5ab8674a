"""Compare two version folders: everything that differs, why, and which step of the version number it needs.

major = a table or a split changed · minor = rows came or went · patch = the words of rows that stayed, or a takedown:
whoever stays on 1.2 must get the version without the person, so rows that only went with one need no more than a patch
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from schemas.errors import BadContract
from schemas.manifest import Manifest
from tasks.contracts.load import physical_type
from tasks.versions.diff.difference import Change, Difference, Section
from tasks.versions.diff.drift import drifts
from tasks.versions.diff.sections import sections
from tasks.versions.reader import VersionFolder

STEPS = ("none", "patch", "minor", "major")


def compare(old: VersionFolder, new: VersionFolder) -> Difference:
    """What differs between two published versions. Raises UnknownVersion or BadTable for a folder that is none."""
    parts = [*sections(old, new), contracts(old, new)]
    needs, why = least_step(parts, bool(new.manifest.parents))
    held = {entry.sha256 for entry in old.manifest.files}
    return Difference(
        old=f"{old.manifest.name}@{old.manifest.version}",
        new=f"{new.manifest.name}@{new.manifest.version}",
        old_digest=old.digest,
        new_digest=new.digest,
        needs=needs,
        why=why,
        sections=[part for part in parts if not part.empty],
        drifts=drifts(old, new),
        causes=list(_causes(old.manifest, new.manifest)),
        shared_bytes=sum(entry.size for entry in new.manifest.files if entry.sha256 in held),
        new_bytes=sum(entry.size for entry in new.manifest.files if entry.sha256 not in held),
    )


def least_step(parts: Sequence[Section], follows: bool = False) -> tuple[str, str]:
    """The least step of the version number that the changes need, and the reason; `follows` when a takedown made it."""
    found = {part.title: part for part in parts}
    if schema := found.get("contracts", Section("contracts")):
        breaking = [change.id for change in schema.changed if change.reason == "breaking"]
        if breaking or schema.removed:
            return "major", f"the schema changed: {', '.join([*breaking, *schema.removed][:5])}"
    if moved := found.get("persons", Section("persons")).changed:
        return (
            "major",
            f"{len(moved)} persons moved between splits, such as {moved[0].id} ({moved[0].old} to {moved[0].new})",
        )
    came, went = ([part for part in parts if getattr(part, way)] for way in ("added", "removed"))
    if went and follows and not came:
        return "patch", f"rows went with a person who was taken down: {went[0].title} {went[0].summary}"
    if grown := [part for part in parts if part.added or part.removed]:
        return "minor", f"rows came or went: {grown[0].title} {grown[0].summary}"
    if changed := [part for part in parts if part.changed]:
        return "patch", f"rows changed: {changed[0].title} {changed[0].summary}"
    return "none", "the rows are the same"


def step_between(old: str, new: str) -> str:
    """The step that two semantic versions are apart: none, patch, minor or major; a lower number is `none`."""
    before, after = ([int(part) for part in version.split(".")] for version in (old, new))
    if after <= before:
        return "none"
    place = next(number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1])
    return ("major", "minor", "patch")[place]


def contracts(old: VersionFolder, new: VersionFolder) -> Section:
    """Tables and columns that came, went, or changed type or nullability."""
    before, after = _columns(old), _columns(new)
    changed = [
        Change(name, before[name], after[name], _severity(before[name], after[name]))
        for name in sorted(before.keys() & after.keys())
        if before[name] != after[name]
    ]
    added, removed = sorted(after.keys() - before.keys()), sorted(before.keys() - after.keys())
    return Section("contracts", added, removed, changed)


def _severity(before: str, after: str) -> str:
    """A column that may no longer be null is a stronger promise; any other change of type breaks readers."""
    return "stronger" if after == before.replace(" or null", "") else "breaking"


def _columns(version: VersionFolder) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((version.folder / "contracts").glob("*.odcs.yaml")):
        contract = _load(path.read_bytes(), path.name)
        for table in contract.get("schema") or []:
            for column in table.get("properties") or []:
                null = "" if column.get("required") else " or null"
                found[f"{table['name']}.{column['name']}"] = physical_type(str(column.get("physicalType"))) + null
    return found


def _load(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise BadContract(f"The contract {name!r} is not YAML.") from error
    if not isinstance(found, dict):
        raise BadContract(f"The contract {name!r} is not a data contract.")
    return found


def _causes(old: Manifest, new: Manifest) -> Iterator[str]:
    """What was put in differently: raw data, recipe, seed, models, code."""
    sources = {source.name: source for source in old.sources}
    for source in new.sources:
        before = sources.pop(source.name, None)
        if before is None:
            yield f"source {source.name} is new"
        elif before.raw_digest != source.raw_digest:
            yield f"raw data of {source.name} changed ({before.raw_digest[:12]} to {source.raw_digest[:12]})"
        elif before.reader_version != source.reader_version:
            yield f"reader of {source.name} changed ({before.reader_version} to {source.reader_version})"
    yield from (f"source {name} is gone" for name in sorted(sources))
    if old.seed != new.seed:
        yield f"seed {old.seed} became {new.seed}"
    yield from _changed_keys("recipe", old.recipe, new.recipe, {"name", "version", "seed"})
    yield from _changed_keys("model of", old.models, new.models, set())
    if old.writer != new.writer:
        yield f"writer {old.writer} became {new.writer}: bytes differ where rows do not"


def _changed_keys(what: str, old: Mapping[str, Any], new: Mapping[str, Any], but: set[str]) -> Iterator[str]:
    for key in sorted((old.keys() | new.keys()) - but):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _changed_keys(f"{what} {key}", before, after, set())
        elif before != after:
            yield f"{what} {key}: {before!r} became {after!r}"
