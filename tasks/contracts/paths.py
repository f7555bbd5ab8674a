"""Following a contract's path into a table: `answer.kind`, `images[].image_id` as a flat array with its row numbers."""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_STEPS = re.compile(r"[^.\[\]]+|\[\]")


@dataclass(frozen=True, slots=True)
class Cells:
    """The values at a path: `rows[i]` is the table row of `values[i]`; `held[i]` is whether its parent is there."""

    values: pa.Array
    rows: pa.Array
    held: pa.Array


def cells(table: pa.Table, path: str) -> Cells:
    """The values at a path. The table must have the columns of the contract; lists are flattened."""
    name, *steps = _STEPS.findall(path)
    values = _whole(table.column(name))
    rows = pa.array(range(len(values)), pa.int64())
    held = pa.repeat(pa.scalar(True), len(values))
    for step in steps:
        if step == "[]":
            places = pc.list_parent_indices(values)
            rows, values = rows.take(places), pc.list_flatten(values)
            held = pa.repeat(pa.scalar(True), len(values))
        else:
            held, values = pc.is_valid(values), pc.struct_field(values, step)
    return Cells(values, rows, held)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def labels(table: pa.Table, key: tuple[str, ...], rows: pa.Array) -> list[str]:
    """The key of rows as text; the parts of a composite key are joined by ` | `."""
    found = table.select(list(key)).take(rows).to_pylist()
    return [" | ".join(str(row[name]) for name in key) for row in found]
