"""A version without the pictures that may not be passed on: the same rows, and what is needed to put the bytes back.

withhold(whole, work) -> data/images packs of such sources with empty bytes, whole/manifest.json and whole/README.md of
the whole version, and `withheld` in the manifest. `tasks.versions.joining` is the way back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable
from schemas.keys import file_sha256
from schemas.manifest import FileEntry, SourceEntry, Withheld
from schemas.tables import IMAGES
from tasks.versions.assemble import Assembled, kept_here
from tasks.versions.card import CardFacts, render_card
from tasks.versions.manifest import MANIFEST, digest_of, dump_manifest
from tasks.versions.selecting import source_of
from tasks.versions.writer import logical_digest, write

CARD = "README.md"
WHOLE = "whole"
_PLACE = IMAGES.schema.get_field_index("image")
_OTHERS = [name for name in IMAGES.schema.names if name != "image"]


def withhold(whole: Assembled, work: Path) -> Assembled:
    """The version as it may be shared; the same one when every source may be passed on. Thin packs go below `work`."""
    bound = [source for source in whole.manifest.sources if not source.release_allowed]
    names = {source.name for source in bound}
    packs = [
        entry
        for entry in whole.manifest.files
        if entry.table == "images" and entry.rows and source_of(entry, whole.manifest) in names
    ]
    if not packs:
        return whole
    thin = {entry.path: _thin(entry, whole.contents[entry.path], work) for entry in packs}
    card = render_card(_facts(whole.facts, bound, thin)).encode()
    small: dict[str, bytes] = {
        CARD: card,
        f"{WHOLE}/{CARD}": _bytes(whole.contents[CARD]),
        f"{WHOLE}/{MANIFEST}": whole.data,
    }
    kept = [entry for entry in whole.manifest.files if entry.path not in thin and entry.path != CARD]
    files = [*kept, *thin.values(), *(FileEntry(path=p, size=len(d), sha256=digest_of(d)) for p, d in small.items())]
    left_out = Withheld(digest=whole.digest, sources=sorted(names), packs=packs)
    changes = {"files": sorted(files, key=lambda entry: entry.path), "withheld": left_out}
    manifest = whole.manifest.model_copy(update=changes)
    contents: dict[str, Path | bytes] = {
        **{entry.path: whole.contents[entry.path] for entry in kept},
        **{entry.path: work / entry.path for entry in thin.values()},
        **small,
    }
    return Assembled(manifest, dump_manifest(manifest), contents, whole.facts)


def label(path: str) -> str:
    """The name of a data file without its digest: what a thin pack and the pack it stands for have in common."""
    return Path(path).stem.rpartition("-")[0]


def _facts(facts: CardFacts, bound: Sequence[SourceEntry], thin: Mapping[str, FileEntry]) -> CardFacts:
    gone = {kept_here(s): f"{s.title} may not be redistributed: its pictures are not in this version." for s in bound}
    return replace(
        facts,
        files=[thin.get(entry.path, entry) for entry in facts.files],
        limits=[gone.get(limit, limit) for limit in facts.limits],
        withheld=[source.title for source in bound],
    )


def _thin(entry: FileEntry, pack: Path | bytes, work: Path) -> FileEntry:
    """A pack with the same rows and empty bytes, written below `work`."""
    if isinstance(pack, bytes):
        raise BadTable(f"The pack {entry.path!r} of a version is no file.")
    table = without_bytes(pack)
    draft = work / "draft.parquet"
    write(IMAGES, table, draft)
    sha256 = file_sha256(draft)
    path = f"data/images/{label(entry.path)}-{sha256[:12]}.parquet"
    (work / path).parent.mkdir(parents=True, exist_ok=True)
    size = draft.rename(work / path).stat().st_size
    stored = pq.read_table(work / path, partitioning=None).replace_schema_metadata(None)
    return entry.model_copy(update={"path": path, "size": size, "sha256": sha256, "logical": logical_digest(stored)})


def without_bytes(pack: Path) -> pa.Table:
    """The rows of a pack with empty bytes; the bytes are never read."""
    with pq.ParquetFile(pack) as file:
        found = file.read(columns=[*_OTHERS, "image.path"])
    return with_bytes(found, [b""] * found.num_rows, pc.struct_field(found.column("image"), "path"))


def with_bytes(rows: pa.Table, encoded: Sequence[bytes], paths: pa.ChunkedArray) -> pa.Table:
    """Rows of the table `images` without their pictures, with these pictures."""
    kind = IMAGES.schema.field("image").type
    pictures = pa.StructArray.from_arrays(
        [pa.array(encoded, pa.binary()), pa.concat_arrays(paths.chunks)], fields=list(kind)
    )
    return rows.select(_OTHERS).add_column(_PLACE, IMAGES.schema.field("image"), pictures)


def _bytes(content: Path | bytes) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content
