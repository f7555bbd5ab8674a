"""Following a contract's path into a table: `answer.kind`, `images[].image_id` as a flat array with its row numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_LARGEST = np.iinfo(np.int64).max
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
        return plain(np.ones(len(self.values), np.bool_)) if self.parent is None else pc.is_valid(self.parent)

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
    """The numbers 0..n-1."""
    return plain(np.arange(n, dtype=np.int64))


def plain(numbers: npt.NDArray[Any]) -> pa.Array:
    """Numbers or truths as an array, without the detour of Arrow's own way that would load pandas."""
    truths = numbers.dtype == np.bool_
    held = np.packbits(numbers, bitorder="little") if truths else np.ascontiguousarray(numbers)
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, pa.py_buffer(held)])


def listed(values: Sequence[Any]) -> pa.Array:
    """Python values as an array, for strings, numbers and truths without that detour."""
    if values and all(isinstance(value, str) for value in values):
        encoded = [value.encode() for value in values]
        ends = pa.py_buffer(np.cumsum([0, *map(len, encoded)], dtype=np.int32))
        return pa.Array.from_buffers(pa.string(), len(values), [None, ends, pa.py_buffer(b"".join(encoded))])
    for kind, held in ((bool, np.bool_), (int, np.int64), (float, np.float64)):
        if values and all(type(value) is kind for value in values):
            return plain(np.array(values, np.uint64 if kind is int and max(values) > _LARGEST else held))
    return pa.array(values)


def scalar(value: Any, kind: pa.DataType) -> pa.Scalar:
    """One value of a type, without that detour."""
    return listed([value]).cast(kind)[0]


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
