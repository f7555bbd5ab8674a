"""Following a contract's path into a table: `answer.kind`, `images[].image_id` as a flat array with its row numbers."""

import re
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_STEPS = re.compile(r"[^.\[\]]+|\[\]")


@dataclass(frozen=True, slots=True)
class Cells:
    """The values at a path, with the struct that they are children of, and the lists that lead to their rows."""

    values: pa.Array
    parent: pa.Array | None
    lists: tuple[pa.Array, ...]

    @property
    def held(self) -> pa.Array:
        """`held[i]` is whether the parent of `values[i]` is there."""
        return pa.repeat(pa.scalar(True), len(self.values)) if self.parent is None else pc.is_valid(self.parent)

    @property
    def held_count(self) -> int:
        """How many parents are there."""
        return len(self.values) - (0 if self.parent is None else int(self.parent.null_count))

    @property
    def rows(self) -> pa.Array:
        """`rows[i]` is the table row of `values[i]`."""
        if not self.lists:
            return counted(len(self.values))
        return reduce(lambda rows, places: rows.take(places), map(pc.list_parent_indices, self.lists))


def counted(n: int) -> pa.Array:
    """The numbers 0..n-1, without the detour that would load pandas."""
    return pa.Array.from_buffers(pa.int64(), n, [None, pa.py_buffer(np.arange(n, dtype=np.int64))])


def cells(table: pa.Table, path: str) -> Cells:
    """The values at a path. The table must have the columns of the contract; lists are flattened."""
    name, *steps = _STEPS.findall(path)
    values, parent, lists = _whole(table.column(name)), None, []
    for step in steps:
        if step == "[]":
            lists.append(values)
            values, parent = pc.list_flatten(values), None
        else:
            values, parent = pc.struct_field(values, step), values
    return Cells(values, parent, tuple(lists))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def labels(table: pa.Table, key: tuple[str, ...], rows: pa.Array) -> list[str]:
    """The key of rows as text; the parts of a composite key are joined by ` | `."""
    found = table.select(list(key)).take(rows).to_pylist()
    return [" | ".join(str(row[name]) for name in key) for row in found]


def lenient(kind: pa.DataType) -> pa.DataType:
    """The type with every child nullable: files may be laxer than the promise (plain readers of an image column want
    that), the rows may not, and those are looked at one by one."""
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(child.name, lenient(child.type)) for child in kind])
    return pa.list_(lenient(kind.value_type)) if pa.types.is_list(kind) else kind
