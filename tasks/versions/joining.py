"""Put back the pictures that a shared version leaves out, from raw data: the whole version, byte for byte.

Every picture is compared with its published sha256, every pack with the digest of the pack that was left out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators.raw_places import find_tree
from schemas.discovery import find
from schemas.errors import BadRawData, DigestMismatch
from schemas.keys import file_sha256
from schemas.manifest import FileEntry, Manifest, Withheld
from schemas.source import RawTree, Source
from schemas.tables import IMAGES
from tasks.packs.decode import MAX_BYTES
from tasks.versions.manifest import MANIFEST, digest_of, load_manifest
from tasks.versions.selecting import source_of
from tasks.versions.verify import inside
from tasks.versions.withholding import CARD, WHOLE, label, with_bytes
from tasks.versions.writer import logical_digest, write

_SHOWN = 5


def join(
    folder: Path, manifest: Manifest, withheld: Withheld, raw: Path, without: frozenset[str] = frozenset()
) -> bytes:
    """Turn a fetched folder into the whole version, and return the bytes of that version's manifest.

    `raw` is the folder that holds the raw datasets, or one dataset's folder or archive. Pictures `without` are not
    looked for: their bytes stay empty. Raises BadRawData when a dataset is not there, DigestMismatch naming pictures
    that are missing or other ones.
    """
    data = (folder / WHOLE / MANIFEST).read_bytes()
    if digest_of(data) != withheld.digest:
        raise DigestMismatch(f"The file '{WHOLE}/{MANIFEST}' is not the manifest of the whole version.")
    thin = {label(entry.path): entry for entry in manifest.files if entry.table == "images"}
    present = [entry for entry in withheld.packs if (folder / thin[label(entry.path)].path).is_file()]
    whole = load_manifest(data)
    for source in sorted({str(source_of(entry, whole)) for entry in present}):
        mine = [entry for entry in present if source_of(entry, whole) == source]
        tree = _tree(source, raw)
        for entry in mine:
            _rebuild(folder, thin[label(entry.path)], entry, _Pictures(tree, without), whole.writer)
    (folder / WHOLE / CARD).replace(folder / CARD)
    (folder / WHOLE / MANIFEST).unlink()
    (folder / WHOLE).rmdir()
    return data


def _tree(source: str, raw: Path) -> RawTree:
    declared: Source = find("generators.sources", "SOURCE", source)
    try:
        tree = find_tree(source, declared, raw)
    except BadRawData as error:
        if raw.is_file():
            raise
        raise BadRawData(
            f"The pictures of {declared.title} cannot be joined from {str(raw)!r}: give --join its folder or archive, "
            "or the folder that holds all raw datasets of this version."
        ) from error
    return declared.unpack(tree) if declared.unpack else tree


def _rebuild(folder: Path, thin: FileEntry, full: FileEntry, pictures: "_Pictures", wrote: str) -> None:
    """One pack with its pictures, in the bytes it was published in elsewhere."""
    target = inside(folder, full.path)
    table = pq.read_table(inside(folder, thin.path), partitioning=None)
    ids, digests = table.column("image_id").to_pylist(), table.column("sha256").to_pylist()
    encoded = pictures.of(ids, digests)
    joined = with_bytes(table, encoded, pc.struct_field(table.column("image"), "path"))
    inside(folder, thin.path).unlink()
    write(IMAGES, joined, target)
    if b"" in encoded or file_sha256(target) == full.sha256:
        return
    same = logical_digest(pq.read_table(target, partitioning=None).replace_schema_metadata(None)) == full.logical
    why = f"the content is the same, but it was written by {wrote}: use that" if same else "its rows are others"
    raise DigestMismatch(f"The pack {full.path!r} could not be made again: {why}.")


@dataclass(frozen=True, slots=True)
class _Pictures:
    """The pictures of a raw dataset, but those that nobody may look for."""

    tree: RawTree
    without: frozenset[str]

    def of(self, ids: Sequence[str], digests: Sequence[str]) -> list[bytes]:
        """Raw bytes, each of its sha256. Raises DigestMismatch that names those which are missing or other ones."""
        found: list[bytes] = []
        wrong: list[str] = []
        for image_id, sha256 in zip(ids, digests, strict=True):
            try:
                found.append(self._one(image_id, sha256))
            except BadRawData as error:
                wrong.append(f"{image_id}: {error}")
        if wrong:
            more = [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
            count = "1 picture" if len(wrong) == 1 else f"{len(wrong)} pictures"
            raise DigestMismatch(f"{count} of the raw data differ from this version.", [*wrong[:_SHOWN], *more])
        return found

    def _one(self, image_id: str, sha256: str) -> bytes:
        if image_id in self.without:
            return b""
        data = self.tree.read(image_id.partition("/")[2], MAX_BYTES)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BadRawData("other bytes than those that were published")
        return data
