"""The files of a version without the rows that show, describe or name what was taken down.

A file without such a row keeps its bytes and its digest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.keys import file_sha256
from schemas.manifest import FileEntry
from schemas.tables import TABLES
from tasks.versions.reader import VersionFolder
from tasks.versions.takedown.doomed import Doomed, among
from tasks.versions.takedown.lost import lost_rows, without_members
from tasks.versions.writer import logical_digest, write


@dataclass(slots=True)
class Rewriting:
    """One version, rewritten without what is doomed; new files lie below `out`, others stay where they are."""

    version: VersionFolder
    doomed: Doomed
    out: Path

    def entries(self) -> list[FileEntry]:
        """Every data file of the rewritten version."""
        captions = self._captions()
        pairs = [(entry, self._rewritten(entry, captions)) for entry in self.version.manifest.files if entry.table]
        return [new for _, new in self._counted(pairs)]

    def _captions(self) -> frozenset[str]:
        """The captions of doomed pictures: rows that quote them go as well."""
        table = self.version.table("captions", ["caption_id", "image_id"])
        about = table.filter(among(table.column("image_id"), self.doomed.images))
        return frozenset(about.column("caption_id").to_pylist())

    def _rewritten(self, entry: FileEntry, captions: frozenset[str]) -> FileEntry:
        """The file without the doomed rows; the same entry when it has none of them."""
        path, schema = self.version.folder / entry.path, TABLES[str(entry.table)].schema
        flat = [name for name in schema.names if name != "image"]
        lost = lost_rows(pq.read_table(path, columns=flat, partitioning=None), self.doomed, captions)
        if not lost.any():
            return entry
        kept = _read(path, schema).filter(pa.array(~lost))
        if entry.table == "protocol_members":
            kept = without_members(kept, self.doomed.images | captions)
        return self._put(kept, entry)

    def _counted(self, pairs: Sequence[tuple[FileEntry, FileEntry]]) -> list[tuple[FileEntry, FileEntry]]:
        """The protocols' own counts of queries and gallery members, made true again where members went."""
        changed = [new for old, new in pairs if old.table == "protocol_members" and old != new]
        if not changed:
            return list(pairs)
        counts = _member_counts([self.out / entry.path for entry in changed])
        return [(old, self._recounted(new, counts) if old.table == "protocols" else new) for old, new in pairs]

    def _recounted(self, entry: FileEntry, counts: Mapping[tuple[str, str], int]) -> FileEntry:
        table = _read(self.version.folder / entry.path, TABLES["protocols"].schema)
        ids = table.column("protocol_id").to_pylist()
        for column, role in (("n_query", "query"), ("n_gallery", "gallery")):
            place, old = table.schema.get_field_index(column), table.column(column).to_pylist()
            values = [counts.get((name, role), was) for name, was in zip(ids, old, strict=True)]
            table = table.set_column(place, table.schema.field(place), pa.array(values, pa.int32()))
        return self._put(table, entry)

    def _put(self, kept: pa.Table, entry: FileEntry) -> FileEntry:
        """Write a table in the canonical form, named by its content, and describe it."""
        self.out.mkdir(parents=True, exist_ok=True)
        draft = self.out / "draft.parquet"
        write(TABLES[str(entry.table)], kept, draft)
        sha256, old = file_sha256(draft), Path(entry.path)
        place = old.parent / f"{old.stem.rsplit('-', 1)[0]}-{sha256[:12]}.parquet"
        (self.out / place).parent.mkdir(parents=True, exist_ok=True)
        draft.rename(self.out / place)
        content = pq.read_table(self.out / place, partitioning=None).replace_schema_metadata(None)
        facts = {"path": place.as_posix(), "size": (self.out / place).stat().st_size, "sha256": sha256}
        counted = {"rows": content.num_rows, "logical": logical_digest(content)}
        return entry.model_copy(update={**facts, **counted})


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    return (
        pq.read_table(path, columns=schema.names, partitioning=None).select(schema.names).replace_schema_metadata(None)
    )


def _member_counts(paths: Sequence[Path]) -> Mapping[tuple[str, str], int]:
    """(protocol, role) to the number of members in its first trial."""
    columns = ["protocol_id", "trial", "role"]
    table = pa.concat_tables([pq.read_table(path, columns=columns, partitioning=None) for path in paths])
    counted = table.group_by(columns).aggregate([([], "count_all")]).to_pylist()
    last_first = sorted(counted, key=lambda row: int(row["trial"]), reverse=True)
    return {(row["protocol_id"], row["role"]): int(row["count_all"]) for row in last_first}
