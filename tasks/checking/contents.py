"""Whether tables hold the content that was published, whatever wrote their bytes: their logical digests."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.manifest import FileEntry
from tasks.contracts.finding import Finding
from tasks.versions.writer import logical_digest


def check_contents(folder: Path, entries: Sequence[FileEntry]) -> Iterator[Finding]:
    """One finding per table file whose content has another logical digest than its entry; reads every row."""
    for entry in entries:
        if entry.logical and entry.table and (reason := _fault(folder / entry.path, entry.logical)):
            summary = f"the file {entry.path!r} {reason}"
            yield Finding(table=entry.table, check="content", summary=summary, failing=(entry.path,))


def _fault(path: Path, logical: str) -> str:
    try:
        found = pq.read_table(path, partitioning=None).replace_schema_metadata(None)
    except (pa.ArrowException, OSError, ValueError) as error:
        return f"cannot be read to its end: {str(error).splitlines()[0][:160]}"
    actual = logical_digest(found)
    return "" if actual == logical else f"holds content {actual[:12]}…; {logical[:12]}… was published"
