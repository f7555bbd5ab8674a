"""The person images of a source, squeezed, many names at a time where the source can read them so.

Rows and columns say the same of a name; where one of a thousand names is unusual, those are read row by row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from generators.raw_names import images_of
from schemas.later import Later
from schemas.rows import PersonImage, Reject
from schemas.source import RawFile, RawTree, Source
from schemas.tables import PERSON_IMAGES
from tasks.packs.columns import COLUMNS_AT_ONCE, batch_of, batches_of, texts
from tasks.packs.squeezed import Squeezed
from tasks.versions import writer

pc = Later("pyarrow.compute")


def person_images(source: Source, tree: RawTree, constant: Mapping[str, Any], rejects: list[Reject]) -> Squeezed:
    """What a source says of its images, by image id, with the columns that are `constant`; refusals go to `rejects`."""
    found = Squeezed.of(PERSON_IMAGES.schema, _batches(source, tree, constant, rejects))
    if all(map(_ascends, _with_the_last(found.parts("image_id")))):
        return found
    return Squeezed.of_table(writer.canonical(PERSON_IMAGES, found.table(PERSON_IMAGES.schema.names)))


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


def _with_the_last(parts: Iterable[pa.RecordBatch]) -> Iterator[pa.Array]:
    """The ids of each part, after the last one of the part before."""
    last = texts([])
    for part in parts:
        ids = part.column(0)
        yield pa.concat_arrays([last, ids])
        last = ids.slice(max(len(ids) - 1, 0))


def _ascends(ids: pa.Array) -> bool:
    """Whether each id is above the one before."""
    return bool(pc.all(pc.less(ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1))).as_py() or len(ids) < 2)
