"""Looking for what must not be there any more: digests and bytes of pictures, their names, the person's keys."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable
from tasks.versions.takedown.doomed import Doomed, among
from tasks.versions.takedown.lost import flags, lost_rows

_DIGEST = re.compile(rb"[0-9a-f]{64}")


_TEXTS = {".json", ".jsonl", ".md", ".html", ".yaml", ".csv", ".txt"}


def looked_at(path: Path) -> bool:
    """Whether a file is one that `remains` looks into: a table or a text."""
    return path.suffix in _TEXTS | {".parquet"} and path.is_file()


def remains(paths: Iterable[Path], doomed: Doomed) -> list[Path]:
    """The tables that still hold something doomed, and the texts with a doomed digest."""
    return [path for path in paths if (told_in if path.suffix in _TEXTS else remains_in)(path, doomed)]


def remains_in(path: Path, doomed: Doomed) -> bool:
    """Whether a Parquet file holds a doomed digest, the bytes of a doomed picture, its name or the person's key.

    Raises BadTable for a file that cannot be read: then nothing is proven.
    """
    try:
        file = pq.ParquetFile(path)
        batches = (pa.Table.from_batches([batch]) for batch in file.iter_batches(8_192))
        return any(_held(table, path.stem, doomed) for table in batches)
    except (pa.ArrowException, OSError) as error:
        raise BadTable(f"The file {str(path)!r} cannot be read, so nothing can be said of it: {error}.") from error


def told_in(path: Path, doomed: Doomed) -> bool:
    """Whether a file of text, such as a report, holds a doomed digest."""
    with path.open("rb") as file:
        return any(found.decode() in doomed.digests for line in file for found in _DIGEST.findall(line))


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def to_be_deleted(path: Path, doomed: Doomed) -> bool:
    """Whether a file that nobody needs must go: it holds anything doomed, names included, or cannot be read."""
    if not is_parquet(path):
        names = sorted(doomed.persons | doomed.images)
        with path.open("rb") as file:
            return told_in(path, doomed) or any(name.encode() in line for line in file for name in names)
    try:
        return remains_in(path, doomed)
    except BadTable:
        return True


def _held(table: pa.Table, stem: str, doomed: Doomed) -> bool:
    names = table.column_names
    if lost_rows(table, doomed, frozenset()).any():
        return True
    if "relpath" in names and "image_id" not in names and _cached(table, stem, doomed):
        return True
    if "sha256" in names and pa.types.is_string(table.schema.field("sha256").type):
        return bool(flags(among(table.column("sha256"), doomed.digests)).any())
    return "image" in names and _bytes(table, doomed)


def _cached(table: pa.Table, source: str, doomed: Doomed) -> bool:
    """The cache of a source, named after it, names pictures by their place in the source."""
    return any(f"{source}/{place}" in doomed.images for place in table.column("relpath").to_pylist())


def _bytes(table: pa.Table, doomed: Doomed) -> bool:
    stored = pc.struct_field(table.column("image"), "bytes")
    return any(hashlib.sha256(value.as_buffer()).hexdigest() in doomed.digests for value in stored)
