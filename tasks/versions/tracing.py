"""Where a row came from and where it went: back to raw files, models and steps, forward to the versions that hold it.

>>> trace(VersionFolder(folder), "same_yn-0123456789abcdef")["pictures"][0]["raw_file"]
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from schemas.errors import UnknownVersion
from schemas.manifest import FileEntry, Manifest
from tasks.versions.cache import through_cache
from tasks.versions.folders import FolderVersion
from tasks.versions.manifest import load_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import Remote, Version
from tasks.versions.selecting import source_of

KINDS = {"conversation": "conversations", "caption": "captions", "picture": "person_images", "attribute": "attributes"}
_KEYS = {
    "conversations": "sample_id",
    "captions": "caption_id",
    "person_images": "image_id",
    "attributes": "attribute_id",
    "images": "image_id",
}
_PICTURE = ("source_split", "split", "person_key", "cam_key", "clothes_key", "modality", "role_flag", "license_id")
_STORED = ("sha256", "n_bytes", "width", "height", "format")


def trace(version: VersionFolder, name: str) -> dict[str, Any]:
    """Everything that a version knows of the row `name`: a sample id, caption id, image id or attribute id.

    Raises UnknownVersion when the version holds no such row.
    """
    for kind, table in KINDS.items():
        for entry, row in _find(version, table, [name]):
            found = {"id": name, "kind": kind, "version": _name(version), "file": entry.path, "sha256": entry.sha256}
            return found | _Tracer(version).of(kind, entry, row) | {"gates": _gates(version.manifest)}
    raise UnknownVersion(
        f"{_name(version)} holds no row {name!r}. Give a sample id, a caption id, an image id or an attribute id."
    )


def holders(remote: Remote, name: str, kind: str, key: str) -> list[str]:
    """The versions of a dataset, oldest first, that hold a row of that kind. Of a URL the files of that table come."""
    return [number for number, digest in remote.versions(name).items() if _holds(remote, name, digest, kind, key)]


def _holds(remote: Remote, name: str, digest: str, kind: str, key: str) -> bool:
    try:
        stored = remote.open(name, digest)
        entries = _entries(load_manifest(stored.manifest()), KINDS[kind])
    except UnknownVersion:  # dropped
        return False
    if isinstance(stored, FolderVersion):
        return any(True for _ in _rows(stored.folder, entries, KINDS[kind], [key]))
    return any(_fetched_holds(stored, entry, KINDS[kind], key) for entry in entries)


def _fetched_holds(stored: Version, entry: FileEntry, table: str, key: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="reidforge-") as place:
        through_cache(entry, Path(place) / entry.path, stored.fetch)
        return any(True for _ in _rows(Path(place), [entry], table, [key]))


def _name(version: VersionFolder) -> str:
    return f"{version.manifest.name}@{version.manifest.version}"


def _gates(manifest: Manifest) -> list[dict[str, Any]]:
    return [gate.model_dump(include={"name", "passed", "severity", "summary"}) for gate in manifest.gates]


def _entries(manifest: Manifest, table: str) -> list[FileEntry]:
    return [entry for entry in manifest.files if entry.table == table and entry.rows]


def _find(version: VersionFolder, table: str, keys: Sequence[str]) -> Iterator[tuple[FileEntry, dict[str, Any]]]:
    return _rows(version.folder, _entries(version.manifest, table), table, keys)


def _rows(
    folder: Path, entries: Sequence[FileEntry], table: str, keys: Sequence[str]
) -> Iterator[tuple[FileEntry, dict[str, Any]]]:
    """The rows with these keys; files are sorted by key, so row groups without them are not read."""
    for entry in entries if keys else ():
        path = folder / entry.path
        columns = [name for name in pq.read_schema(path).names if name != "image"]
        found = pq.read_table(path, columns=columns, filters=[(_KEYS[table], "in", list(keys))], partitioning=None)
        yield from ((entry, row) for row in found.to_pylist())


class _Tracer:
    """What lies behind the rows of one version."""

    def __init__(self, version: VersionFolder) -> None:
        self.version = version
        self.manifest = version.manifest

    def of(self, kind: str, entry: FileEntry, row: dict[str, Any]) -> dict[str, Any]:
        """What is behind a row, by its kind."""
        if kind == "conversation":
            return self._conversation(entry, row)
        if kind == "caption":
            return {"text": row["text"], "made": self._made(row), **self._shows([row["image_id"]])}
        if kind == "attribute":
            said = {name: row[name] for name in ("key", "value", "level", "attribute_source", "person_key")}
            return {**said, **self._shows([row["image_id"]] if row["image_id"] else [])}
        return self._shows([row["image_id"]])

    def _conversation(self, entry: FileEntry, row: dict[str, Any]) -> dict[str, Any]:
        family = entry.family
        quoted = [text["text_id"] for text in row["texts"]]
        return {
            "family": family,
            "stage": row["stage"],
            "split": row["split"],
            "turns": row["turns"],
            "template": row["template"],
            "step": self.manifest.steps.get(f"compose/{family}"),
            "captions": [self._caption(found) for _, found in _find(self.version, "captions", quoted)],
            **self._shows([image["image_id"] for image in row["images"]]),
        }

    def _caption(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"id": row["caption_id"], "text": row["text"], "made": self._made(row)}

    def _made(self, row: dict[str, Any]) -> dict[str, Any]:
        """How a caption came about: who worded it, and the generation that a store can be asked for."""
        return {name: row[name] for name in ("caption_source", "style", "model", "generation_key") if row.get(name)}

    def _shows(self, image_ids: Sequence[str]) -> dict[str, Any]:
        stored = {row["image_id"]: (entry, row) for entry, row in _find(self.version, "images", image_ids)}
        people = {row["image_id"]: row for _, row in _find(self.version, "person_images", image_ids)}
        return {"pictures": [self._picture(each, people.get(each), stored.get(each)) for each in image_ids]}

    def _picture(
        self, image_id: str, person: dict[str, Any] | None, stored: tuple[FileEntry, dict[str, Any]] | None
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"image_id": image_id}
        if person:
            found |= {"raw_file": person["relpath"], "reader_version": person["reader_version"]}
            found |= {name: person[name] for name in _PICTURE if person[name] is not None}
        if stored:
            entry, row = stored
            found |= {"pack": entry.path, **{name: row[name] for name in _STORED}, **self._source(entry)}
        return found

    def _source(self, entry: FileEntry) -> dict[str, Any]:
        name = source_of(entry, self.manifest)
        source = next((source for source in self.manifest.sources if source.name == name), None)
        if source is None:
            return {}
        step = self.manifest.steps.get(f"ingest/{source.name}")
        return {"source": source.name, "raw_digest": source.raw_digest, "licence": source.licence, "step": step}
