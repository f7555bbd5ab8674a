"""The manifest on disk: its one byte form, its digest, and reading it back with care.

>>> data = dump_manifest(manifest)
>>> load_manifest(data) == manifest
True
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from schemas.errors import BadTable, FormatTooNew, UnknownVersion
from schemas.manifest import FileEntry, Manifest
from schemas.tables import FORMAT_VERSION

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 64 << 20


def dump_manifest(manifest: Manifest) -> bytes:
    """The byte form of a manifest: sorted keys, one value a line; its sha256 is the version's identity."""
    value = manifest.model_dump(mode="json", exclude_none=True)
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def digest_of(data: bytes) -> str:
    """sha256 (hex) of some bytes."""
    return hashlib.sha256(data).hexdigest()


def read_bounded(path: Path) -> bytes:
    """The bytes of a manifest file. Raises UnknownVersion when absent, BadTable when larger than 64 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise UnknownVersion(
            f"There is no version at {str(path.parent)!r}: its {path.name} cannot be read ({error.strerror})."
        ) from error
    if len(data) > MAX_MANIFEST_BYTES:
        raise BadTable(f"The manifest of {path.parent.name!r} is larger than {MAX_MANIFEST_BYTES >> 20} MiB.")
    return data


def load_manifest(data: bytes) -> Manifest:
    """A manifest from its bytes. Raises FormatTooNew, or BadTable with the first fault."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadTable(f"The manifest is not JSON: {error}.") from error
    refuse_newer(value.get("format_version") if isinstance(value, dict) else None, "This version")
    try:
        manifest = Manifest.model_validate(value)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise BadTable(f"The manifest is not one of format {FORMAT_VERSION}: {place}: {fault['msg']}.") from error
    _refuse_bad_paths(manifest.files)
    return manifest


def refuse_newer(found: object, what: str) -> None:
    """Raise FormatTooNew when what was found states a format that only a newer reidforge reads."""
    if isinstance(found, int) and found > FORMAT_VERSION:
        raise FormatTooNew(
            f"{what} has format {found}; this reidforge reads formats up to {FORMAT_VERSION}. "
            "Run `pip install --upgrade reidforge`."
        )


def _refuse_bad_paths(entries: Iterable[FileEntry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        parts = entry.path.split("/")
        if entry.path in seen or entry.path == MANIFEST or any(part in {"", ".", ".."} for part in parts):
            raise BadTable(f"The manifest lists the path {entry.path!r}, which is not a file of a version.")
        seen.add(entry.path)
