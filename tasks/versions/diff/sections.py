"""The kinds of things that are compared: persons, pictures, captions, attributes, and the rows of every family.

Only files that differ are read: a file that both manifests list is the same rows.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.manifest import FileEntry
from schemas.tables import TABLES
from tasks.versions.diff.difference import Change, Section
from tasks.versions.diff.keyed import Matched, joined, match
from tasks.versions.diff.ranges import KeyedFiles, in_ranges
from tasks.versions.reader import VersionFolder

_LINE = "\n"


def sections(old: VersionFolder, new: VersionFolder) -> list[Section]:
    """Every kind of thing, in the order of the pipeline."""
    return [*_people(old, new), _images(old, new), _captions(old, new), _attributes(old, new), *_families(old, new)]


def differing(old: VersionFolder, new: VersionFolder, table: str) -> tuple[list[FileEntry], list[FileEntry]]:
    """The files of a table that only the old, and only the new version has."""
    mine, theirs = ({e.sha256: e for e in v.manifest.files if e.table == table} for v in (old, new))
    return (
        [entry for sha256, entry in mine.items() if sha256 not in theirs],
        [entry for sha256, entry in theirs.items() if sha256 not in mine],
    )


def _section(
    title: str,
    old: KeyedFiles,
    new: KeyedFiles,
    changes: Callable[[Matched], list[Change]],
    flat: Callable[[pa.Table], pa.Table] = lambda table: table,
) -> Section:
    """What came, went and changed, range by range of the key, so in its order."""
    added: list[str] = []
    removed: list[str] = []
    changed: list[Change] = []
    for before, after in in_ranges(old, new):
        found = match(flat(before), flat(after), old.schema.names[0])
        added += found.added
        removed += found.removed
        changed += changes(found)
    return Section(title, added, removed, changed)


def _files(version: VersionFolder, entries: Sequence[FileEntry], table: str, columns: Sequence[str]) -> KeyedFiles:
    schema = pa.schema([TABLES[table].schema.field(name) for name in columns])
    return KeyedFiles([version.folder / entry.path for entry in entries], schema)


def _sides(old: VersionFolder, new: VersionFolder, table: str, columns: Sequence[str]) -> tuple[KeyedFiles, KeyedFiles]:
    mine, theirs = differing(old, new, table)
    return _files(old, mine, table, columns), _files(new, theirs, table, columns)


def _people(old: VersionFolder, new: VersionFolder) -> Iterator[Section]:
    found = [_persons(version) for version in (old, new)]
    changed = [
        Change(person, found[0][person], found[1][person], "split")
        for person in sorted(found[0].keys() & found[1].keys())
        if found[0][person] != found[1][person]
    ]
    added, removed = found[1].keys() - found[0].keys(), found[0].keys() - found[1].keys()
    yield Section("persons", sorted(added), sorted(removed), changed)


def _persons(version: VersionFolder) -> dict[str, str]:
    """The splits that each person key has pictures in."""
    table = version.table("person_images", ["person_key", "split"]).filter(pc.field("person_key").is_valid())
    pairs = table.group_by(["person_key", "split"]).aggregate([]).to_pydict()
    found: dict[str, list[str]] = {}
    for person, split in zip(pairs["person_key"], pairs["split"], strict=True):
        found.setdefault(person, []).append(split)
    return {person: ", ".join(sorted(splits)) for person, splits in found.items()}


def _images(old: VersionFolder, new: VersionFolder) -> Section:
    def changes(found: Matched) -> list[Change]:
        rows = found.where(["sha256"])
        return _changes(found, rows, "image_id", "sha256", ["bytes"], rows * 0)

    return _section("images", *_sides(old, new, "images", ("image_id", "sha256")), changes)


_CAPTION = ("caption_id", "image_id", "text", "text_raw", "caption_source", "style", "model", "generation_key", "valid")


def _captions(old: VersionFolder, new: VersionFolder) -> Section:
    def changes(found: Matched) -> list[Change]:
        rows = found.where(["text", "valid"])
        names = ("prompt or image", "model", "style", "source", "parser")
        return _changes(found, rows, "image_id", "text", names, _why(found, rows))

    return _section("captions", *_sides(old, new, "captions", _CAPTION), changes)


def _why(
    found: Matched, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Why captions changed, as places in the names above: the first cause that explains it."""
    causes = (["model"], ["style"], ["caption_source", "text_raw"])
    why = np.full(len(rows), 4, dtype=np.int64)
    why[np.isin(rows, found.where(["generation_key"]))] = 0
    for place, columns in reversed(list(enumerate(causes, start=1))):
        unexplained = why != 0 if place == 3 else np.ones(len(rows), dtype=np.bool_)
        why[np.isin(rows, found.where(columns)) & unexplained] = place
    return why


def _attributes(old: VersionFolder, new: VersionFolder) -> Section:
    def changes(found: Matched) -> list[Change]:
        rows = found.where(["value", "visible"])
        return _changes(found, rows, "image_id", "value", ["labels"], rows * 0)

    columns = ("attribute_id", "image_id", "value", "attribute_source", "visible")
    return _section("attributes", *_sides(old, new, "attributes", columns), changes)


_CONVERSATION = ("sample_id", "turns", "images", "texts", "template")


def _families(old: VersionFolder, new: VersionFolder) -> Iterator[Section]:
    def changes(found: Matched) -> list[Change]:
        rows = found.where(["said", "shown"])
        why = np.select([np.isin(rows, found.where([name])) for name in ("wording", "captions", "shown")], [0, 1, 2], 3)
        return _changes(found, rows, "image_id", "said", ("wording", "caption", "pictures", "labels"), why)

    both = differing(old, new, "conversations")
    for family in sorted({entry.family for entries in both for entry in entries}):
        mine, theirs = ([entry for entry in entries if entry.family == family] for entries in both)
        before, after = (_files(v, e, "conversations", _CONVERSATION) for v, e in ((old, mine), (new, theirs)))
        yield _section(family, before, after, changes, _flat)


def _flat(table: pa.Table) -> pa.Table:
    """Conversations as flat columns: what is said, which pictures are shown, captions quoted, and the wording."""
    template = pc.struct_field(table.column("template"), [1]), pc.struct_field(table.column("template"), [2])
    shown = joined(table.column("images"), "image_id", _LINE)
    return pa.table(
        {
            "sample_id": table.column("sample_id"),
            "said": joined(table.column("turns"), "text", _LINE),
            "shown": shown,
            "captions": joined(table.column("texts"), "text", _LINE),
            "wording": pc.add(pc.multiply(pc.cast(template[0], pa.int32()), 1_000), pc.cast(template[1], pa.int32())),
            "image_id": pc.list_element(pc.split_pattern(shown, _LINE, max_splits=1), 0),
        }
    )


def _changes(
    found: Matched,
    rows: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    image: str,
    shown: str,
    names: Sequence[str],
    why: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> list[Change]:
    places = pa.array(rows)
    old, new = found.old.take(places), found.new.take(places)
    key = found.old.column_names[0]
    columns = [old.column(key), old.column(shown), new.column(shown), new.column(image)]
    values = zip(*(column.to_pylist() for column in columns), why.tolist(), strict=True)
    made = [Change(str(name), str(was), str(now), names[cause], picture) for name, was, now, picture, cause in values]
    return sorted(made, key=lambda change: change.id)
