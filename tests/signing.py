"""The manifest that a folder of tables deserves: what tests write beside a toy version, damaged or not."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.keys import file_sha256
from schemas.manifest import FileEntry, Manifest
from tasks.checking.placing import table_of
from tasks.versions.manifest import dump_manifest
from tasks.versions.writer import logical_digest


def entries_of(folder: Path) -> Iterator[FileEntry]:
    """Every Parquet file as a manifest lists it."""
    for path in sorted(folder.rglob("*.parquet")):
        name = path.relative_to(folder).as_posix()
        rows, logical = None, None
        try:
            table = pq.read_table(path, partitioning=None).replace_schema_metadata(None)
            rows, logical = table.num_rows, logical_digest(table)
        except (pa.ArrowException, OSError):
            pass  # a damage that is no Parquet any more
        size, table_name = path.stat().st_size, table_of(name) or None
        yield FileEntry(path=name, size=size, sha256=file_sha256(path), rows=rows, logical=logical, table=table_name)


def sign(folder: Path) -> None:
    """Write the manifest that the files now deserve."""
    signed = Manifest(
        format_version=1,
        name="toy",
        version="0.1.0",
        title="Toy",
        seed=7,
        recipe={},
        recipe_digest="0" * 64,
        sources=[],
        gates=[],
        steps={},
        models={},
        parents=[],
        writer="test",
        files=list(entries_of(folder)),
    )
    (folder / "manifest.json").unlink(missing_ok=True)
    (folder / "manifest.json").write_bytes(dump_manifest(signed))
