"""Reading a staged or published version folder: its tables, and image bytes by id.

data/<table>/*.parquet holds each table; data/stage1..3/<split>-<family>-<sha12>.parquet together are `conversations`.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable, UnknownVersion
from schemas.manifest import Manifest
from schemas.tables import TABLES
from tasks.versions.manifest import MANIFEST, digest_of, load_manifest, read_bounded, refuse_newer
from tasks.versions.pictures import StoredPictures

_BLOCK = 8_192
_SHOWN = ("image_id", "region")


class VersionFolder:
    """A version on disk; implements schemas.gate.Staged. Raises UnknownVersion when the folder holds no data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._among: pa.Array | None = None
        if not (folder / "data").is_dir():
            away = (
                "" if folder.exists() else " There is no such folder; `reidforge pull` brings a version from a remote."
            )
            raise UnknownVersion(f"The folder {str(folder)!r} is not a version: it has no data/ folder.{away}")

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest of a published version. Raises UnknownVersion for a folder that was never published."""
        return load_manifest(self._manifest_bytes)

    @cached_property
    def digest(self) -> str:
        """The identity of a published version: the sha256 of its manifest."""
        return digest_of(self._manifest_bytes)

    @cached_property
    def _manifest_bytes(self) -> bytes:
        path = self.folder / MANIFEST
        if not path.is_file():
            raise UnknownVersion(f"The folder {str(self.folder)!r} has no {MANIFEST}: it is not a whole version.")
        return read_bounded(path)

    def files(self, table: str) -> list[Path]:
        """The shards of a table, sorted by name."""
        pattern = "stage[123]/*.parquet" if table == "conversations" else f"{table}/*.parquet"
        return sorted((self.folder / "data").glob(pattern))

    def has(self, table: str) -> bool:
        """Whether the version holds any shard of that table."""
        return bool(self.files(table))

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One table, its shards joined in name order; an absent table is empty. Raises BadTable when unreadable."""
        return _join(table, self.files(table), columns)

    def rows(
        self,
        table: str,
        column: str,
        wanted: Sequence[str],
        columns: Sequence[str],
        among: Sequence[Path] | None = None,
    ) -> pa.Table:
        """The rows of a table, or `among` some of its files, whose `column` holds one of `wanted`.

        Of row groups without such a row only that column is read, and no two groups lie in memory together. Raises
        BadTable when a file is unreadable.
        """
        schema, values = _schema(table, columns), pa.array(wanted, pa.string())
        paths = self.files(table) if among is None else among
        return pa.concat_tables([schema.empty_table(), *(_matching(path, schema, column, values) for path in paths)])

    def families(self) -> dict[tuple[int, str], dict[str, list[Path]]]:
        """The files of every stage and family of conversations, by split, as their names tell them."""
        found: dict[tuple[int, str], dict[str, list[Path]]] = {}
        for path in self.files("conversations"):
            split, family = path.stem.split("-")[:2]
            found.setdefault((int(path.parent.name[-1]), family), {}).setdefault(split, []).append(path)
        return found

    def told(self, paths: Sequence[Path], columns: Sequence[str]) -> pa.Table:
        """Some columns of some files of conversations. Raises BadTable when one is unreadable."""
        return _join("conversations", paths, columns)

    def conversations(self, stage: int, split: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The conversations of one stage and split, families in name order."""
        return _join("conversations", self._of_stage(stage, split), columns)

    def conversation_blocks(self, stage: int, split: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The same a block at a time, at most 8,192 rows of one file each; of `images` only what rows show of which.

        That is their image_id and region. Raises BadTable when a file is unreadable.
        """
        schema = _shown(_schema("conversations", columns))
        for path in self._of_stage(stage, split):
            with _read_as_table(path), pq.ParquetFile(path) as file:
                refuse_newer(_format(file.schema_arrow), f"The file {path.parent.name + '/' + path.name!r}")
                for batch in file.iter_batches(_BLOCK, columns=_leaves(file, schema.names)):
                    block = pa.Table.from_batches([batch]).select(schema.names)
                    yield block.replace_schema_metadata(None).cast(schema)

    def conversation_count(self, stage: int, split: str) -> int:
        """How many conversations a stage and split have, from what their files tell of themselves. Raises BadTable."""
        count = 0
        for path in self._of_stage(stage, split):
            with _read_as_table(path):
                count += pq.read_metadata(path).num_rows
        return count

    def _of_stage(self, stage: int, split: str) -> list[Path]:
        return sorted((self.folder / "data" / f"stage{stage}").glob(f"{split}-*.parquet"))

    def image_bytes(self, image_ids: Sequence[str]) -> list[bytes]:
        """The bytes of images, read from disk in the order asked. Raises BadTable for one that the version lacks."""
        return [bytes(encoded) for encoded in self.each_image(image_ids)]

    def each_image(self, image_ids: Sequence[str]) -> Iterator[bytes | memoryview]:
        """The same one after the other, each read when it is its turn and gone when the next one is asked for."""
        self.refuse_lost(image_ids)
        for image_id, encoded in zip(image_ids, self._pictures.each(image_ids), strict=True):
            if not encoded:
                raise BadTable(
                    f"{self.folder.name!r} was shared without the picture of {image_id!r}: pull it with --join and "
                    "your raw data to put the pictures back."
                )
            yield encoded

    def refuse_lost(self, image_ids: Iterable[str]) -> None:
        """Raise BadTable for an image that the version lacks."""
        lost = self._pictures.lacking(image_ids)
        if lost is not None:
            raise BadTable(f"The image {lost!r} is not in the images table of {self.folder.name!r}.")

    @cached_property
    def _pictures(self) -> StoredPictures:
        """Where each picture stands; none is read before it is asked for."""
        schema = _schema("images", ["image_id", "n_bytes"])
        return StoredPictures(((path, _read(path, schema)) for path in self.files("images")), self._among)

    def showing(self, image_ids: pa.Array) -> "VersionFolder":
        """The same version with the pictures of some images alone; it holds nothing about the others."""
        narrowed = VersionFolder(self.folder)
        narrowed._among = image_ids
        return narrowed

    @cached_property
    def image_ids(self) -> list[str]:
        """Every stored image id, in shard order."""
        return [str(value) for value in np.asarray(self.table("images", ["image_id"]).column(0).to_numpy())]


def _schema(table: str, columns: Sequence[str] | None) -> pa.Schema:
    promised = TABLES[table].schema
    return pa.schema([promised.field(name) for name in columns]) if columns else promised


def _shown(schema: pa.Schema) -> pa.Schema:
    """Columns of conversations, a reference to an image no more than what is shown."""
    place = schema.get_field_index("images")
    if place < 0:
        return schema
    images = schema.field(place)
    narrow = pa.struct([images.type.value_type.field(name) for name in _SHOWN])
    return schema.set(place, images.with_type(pa.list_(narrow)))


def _leaves(file: pq.ParquetFile, names: Sequence[str]) -> list[str]:
    """The leaf columns of a file of conversations that `_shown` keeps of some columns, by their paths."""
    paths = [str(file.schema.column(at).path).split(".") for at in range(len(file.schema))]
    kept = [path for path in paths if path[0] in names and (path[0] != "images" or set(_SHOWN) & set(path[3:4]))]
    return [".".join(path) for path in kept]


def _join(table: str, paths: Sequence[Path], columns: Sequence[str] | None) -> pa.Table:
    schema = _schema(table, columns)
    parts = [_read(path, schema) for path in paths]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    with _read_as_table(path):
        found = pq.read_table(path, columns=schema.names, partitioning=None)
        refuse_newer(_format(found.schema), f"The file {path.parent.name + '/' + path.name!r}")
        return found.select(schema.names).replace_schema_metadata(None).cast(schema)


def _matching(path: Path, schema: pa.Schema, column: str, values: pa.Array) -> pa.Table:
    """The rows of a file whose `column` holds one of some values."""
    found = [schema.empty_table()]
    with _read_as_table(path), pq.ParquetFile(path) as file:
        refuse_newer(_format(file.schema_arrow), f"The file {path.parent.name + '/' + path.name!r}")
        for group in range(file.num_row_groups):
            mine = pc.is_in(file.read_row_group(group, columns=[column]).column(column), value_set=values)
            if pc.any(mine).as_py():
                rows = file.read_row_group(group, columns=schema.names).filter(mine)
                found.append(rows.select(schema.names).replace_schema_metadata(None).cast(schema))
    return pa.concat_tables(found)


@contextlib.contextmanager
def _read_as_table(path: Path) -> Iterator[None]:
    """Faults of a file that is no table of ours become BadTable and name it."""
    try:
        yield
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        place = f"{path.parent.name}/{path.name}"
        raise BadTable(f"The file {place!r} cannot be read as its table: {str(error).splitlines()[0]}") from error


def _format(schema: pa.Schema) -> object:
    """The format version that a file states in our own metadata."""
    said = json.loads((schema.metadata or {}).get(b"reidforge", b"{}"))
    return said.get("format_version") if isinstance(said, dict) else None
