"""The person images of a source as a table, many names at a time where the source can read them so.

Rows and columns say the same of a name; where one of a thousand names is unusual, those are read row by row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from generators.raw_names import images_of
from schemas.later import Later
from schemas.rows import PersonImage, Reject
from schemas.source import RawFile, RawTree, Source
from schemas.tables import PERSON_IMAGES
from tasks.packs.columns import COLUMNS_AT_ONCE, batch_of, batches_of
from tasks.versions import writer

pc = Later("pyarrow.compute")


def person_images(source: Source, tree: RawTree, constant: Mapping[str, Any], rejects: list[Reject]) -> pa.Table:
    """What a source says of its images, by image id, with the columns that are `constant`; refusals go to `rejects`."""
    batches = _batches(source, tree, constant, rejects)
    table = pa.Table.from_batches(batches, schema=PERSON_IMAGES.schema)
    return table if _ascends(table.column("image_id")) else writer.canonical(PERSON_IMAGES, table)


@dataclass(slots=True)
class _Part:
    """Some files of a tree; implements schemas.source.RawTree."""

    tree: RawTree
    label: str
    some: Sequence[RawFile]

    def files(self) -> Sequence[RawFile]:
        return self.some

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        return self.tree.read(relpath, limit)


def _batches(
    source: Source, tree: RawTree, constant: Mapping[str, Any], rejects: list[Reject]
) -> Iterator[pa.RecordBatch]:
    for part in _parts(tree) if source.columns else (tree,):
        values = source.columns([file.relpath for file in part.files()]) if source.columns else None
        if values is None:
            yield from batches_of(PERSON_IMAGES, _rows(source, part, rejects), constant=constant)
        else:
            count = len(part.files())
            same = {**PersonImage._field_defaults, **constant}
            yield batch_of(PERSON_IMAGES, {**{name: [value] * count for name, value in same.items()}, **values})


def _parts(tree: RawTree) -> Iterator[_Part]:
    images = iter(images_of(tree))
    while some := list(islice(images, COLUMNS_AT_ONCE)):
        yield _Part(tree, tree.label, some)


def _rows(source: Source, tree: RawTree, rejects: list[Reject]) -> Iterator[PersonImage]:
    for row in source.read(tree):
        if isinstance(row, Reject):
            rejects.append(row)
        else:
            yield row


def _ascends(ids: pa.ChunkedArray) -> bool:
    """Whether each id is above the one before."""
    return bool(pc.all(pc.less(ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1))).as_py() or len(ids) < 2)
