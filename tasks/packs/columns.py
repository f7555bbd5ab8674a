"""Frozen rows to Arrow columns, a few thousand rows at a time, without a dictionary per row."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import Any

import pyarrow as pa

from schemas.errors import BadTable
from schemas.tables import Table

COLUMNS_AT_ONCE = 4_096


def table_of(
    spec: Table,
    rows: Iterable[Any],
    derived: Mapping[str, Callable[[Any], Any]] | None = None,
    constant: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Rows as a table: a column is a `constant`, is `derived` from a row, or is the row's attribute of its name.

    Raises BadTable when a value does not fit its column.
    """
    batches = [_batch(spec, chunk, derived or {}, constant or {}) for chunk in _chunks(rows)]
    return pa.Table.from_batches(batches, schema=spec.schema)


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    stream = iter(rows)
    while chunk := list(islice(stream, COLUMNS_AT_ONCE)):
        yield chunk


def _batch(
    spec: Table, rows: list[Any], derived: Mapping[str, Callable[[Any], Any]], constant: Mapping[str, Any]
) -> pa.RecordBatch:
    columns = []
    for field in spec.schema:
        if field.name in constant:
            columns.append(pa.repeat(pa.scalar(constant[field.name], field.type), len(rows)))
            continue
        values = map(derived.get(field.name) or attrgetter(field.name), rows)
        columns.append(_column(spec, field, list(values)))
    return pa.RecordBatch.from_arrays(columns, schema=spec.schema)


def _column(spec: Table, field: pa.Field, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values, type=field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
        raise BadTable(f"A row does not fit the column {field.name!r} of {spec.name!r}: {error}.") from error
