"""Named tuples to Arrow columns, a thousand rows at a time, without a dictionary per row.

Columns are made from buffers rather than with `pa.array` or `pa.scalar`, which import pandas on their first call: that
is 60 MB and a third of a second in a step that has no use for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.errors import BadTable
from schemas.later import Later
from schemas.tables import Table

pc = Later("pyarrow.compute")

COLUMNS_AT_ONCE = 1_024  # few enough to stay in the caches of a core
_SHARED = 32  # so many columns of one value are kept, each of a thousand rows


def table_of(
    spec: Table,
    rows: Iterable[Any],
    derived: Mapping[str, Callable[[Any], Any]] | None = None,
    constant: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Named tuples as a table: a column is a `constant`, is `derived` from a row, or is the field of its name.

    Raises BadTable when a value does not fit its column.
    """
    return pa.Table.from_batches(batches_of(spec, rows, derived, constant), schema=spec.schema)


def batches_of(
    spec: Table,
    rows: Iterable[Any],
    derived: Mapping[str, Callable[[Any], Any]] | None = None,
    constant: Mapping[str, Any] | None = None,
) -> Iterator[pa.RecordBatch]:
    """What `table_of` puts together, as it comes."""
    for chunk in _chunks(rows):
        yield _batch(spec, chunk, derived or {}, constant or {})


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    stream = iter(rows)
    while chunk := list(islice(stream, COLUMNS_AT_ONCE)):
        yield chunk


def _batch(
    spec: Table, rows: list[Any], derived: Mapping[str, Callable[[Any], Any]], constant: Mapping[str, Any]
) -> pa.RecordBatch:
    values: dict[str, Sequence[Any]] = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    values |= {name: [value] * len(rows) for name, value in constant.items()}
    values |= {name: list(map(derive, rows)) for name, derive in derived.items()}
    return batch_of(spec, values)


def batch_of(spec: Table, values: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
    """Columns of Python values as Arrow columns. Raises BadTable when a value does not fit its column."""
    columns = []
    made: dict[tuple[pa.DataType, int], pa.Array] = {}  # two columns may be one list
    for field in spec.schema:
        same = (field.type, id(values[field.name]))
        try:
            if same not in made:
                made[same] = column(field.type, values[field.name])
            columns.append(made[same])
        except (TypeError, ValueError, OverflowError, UnicodeEncodeError) as error:
            raise BadTable(f"A row does not fit the column {field.name!r} of {spec.name!r}: {error}.") from error
    return pa.RecordBatch.from_arrays(columns, schema=spec.schema)


def column(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """Python values as one Arrow column; kinds are text, bytes, booleans, numbers and lists of text.

    Raises TypeError, ValueError or OverflowError for a value of another kind.
    """
    if values and values[0] is None and values.count(None) == len(values):
        return _nothing(kind, len(values))
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return _texts(kind, values)
    if pa.types.is_list(kind):
        return _lists(kind, values)
    return _numbers(kind, values)


def texts(values: Sequence[str]) -> pa.Array:
    """A text column."""
    return column(pa.string(), values)


def prefixed(prefix: str, values: Sequence[str]) -> pa.Array:
    """A text column of values that all get one prefix, put together in one go."""
    if not values:
        return texts([])
    joined = prefix + prefix.join(values)
    lengths = list(map(len, values if joined.isascii() else [value.encode() for value in values]))
    offsets = _offsets(lengths, len(prefix.encode()))
    return pa.Array.from_buffers(pa.string(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(joined.encode())])


def packed(data: Any, sizes: Sequence[int]) -> pa.Array:
    """A column of bytes whose values lie end to end in one buffer (bytes or a memory view), which is not copied."""
    buffers = [None, pa.py_buffer(_offsets(sizes)), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(sizes), buffers)


def is_text(values: pa.Array | pa.ChunkedArray, wanted: str) -> pa.Array | pa.ChunkedArray:
    """Which values are the wanted text; never null."""
    return pc.is_in(values, value_set=texts([wanted]))


def _texts(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    empty: Any = "" if pa.types.is_string(kind) else b""
    if values and values.count(values[0]) == len(values):
        return _repeated(kind, empty.join(values[:1]), len(values))
    filled = [empty if value is None else value for value in values] if None in values else values
    joined = empty.join(filled)
    if isinstance(joined, str) and not joined.isascii():
        filled = [value.encode() for value in filled]
        joined = b"".join(filled)
    data = joined.encode() if isinstance(joined, str) else joined
    return pa.Array.from_buffers(
        kind, len(values), [_validity(values), pa.py_buffer(_offsets(list(map(len, filled)))), pa.py_buffer(data)]
    )


@lru_cache(maxsize=_SHARED)
def _nothing(kind: pa.DataType, count: int) -> pa.Array:
    return pa.nulls(count, kind)


@lru_cache(maxsize=_SHARED)
def _repeated(kind: pa.DataType, value: str | bytes, count: int) -> pa.Array:
    """One text in every row: most columns of a dataset are like that for thousands of rows, and share their memory."""
    data = value.encode() if isinstance(value, str) else value
    offsets = np.arange(count + 1, dtype=np.int64) * len(data)
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(_as_offsets(offsets)), pa.py_buffer(data * count)])


def _lists(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    filled = [() if value is None else value for value in values]
    inner = column(kind.value_type, list(chain.from_iterable(filled)))
    return pa.Array.from_buffers(
        kind, len(values), [_validity(values), pa.py_buffer(_offsets(list(map(len, filled))))], children=[inner]
    )


def _numbers(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    filled = [0 if value is None else value for value in values] if None in values else values
    allowed = {bool, int} if pa.types.is_boolean(kind) else {int, float} if pa.types.is_floating(kind) else {int}
    if strange := set(map(type, filled)) - allowed:
        raise TypeError(f"a value of type {strange.pop().__name__} in a column of {kind}")
    if pa.types.is_boolean(kind):
        data = np.packbits(np.asarray(filled, dtype=np.bool_), bitorder="little")
    else:
        data = np.array(filled, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [_validity(values), pa.py_buffer(data)])


def _validity(values: Sequence[Any]) -> pa.Buffer | None:
    if None not in values:
        return None
    return pa.py_buffer(np.packbits([value is not None for value in values], bitorder="little"))


def _offsets(sizes: Sequence[int], more: int = 0) -> npt.NDArray[np.int32]:
    """Where values of these sizes begin and end when they lie end to end, each `more` larger than its size."""
    offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(sizes, np.int64, len(sizes)) + more, out=offsets[1:])
    return _as_offsets(offsets)


def _as_offsets(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    if offsets[-1] > np.iinfo(np.int32).max:
        raise OverflowError("more than 2 GB of text in one batch")
    return offsets.astype(np.int32)
