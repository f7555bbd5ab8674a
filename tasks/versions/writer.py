"""The canonical Parquet writer: one byte form per table content, whatever the order rows arrived in.

Rows are sorted by the table's key, chunks combined, row groups cut at a fixed size, JPEG bytes left uncompressed and
text put through zstd level 3. Schema metadata is ours alone: the table's name, the format version, and the
`huggingface` features that let plain `datasets` show an image column as images.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.errors import BadTable
from schemas.later import Later
from schemas.tables import FORMAT_VERSION, Table

pc = Later("pyarrow.compute")
pq = Later("pyarrow.parquet")

_LEVEL = 3
_PAGE_BYTES = 64 << 20
ROWS_PER_HASH = 8_192
_HF_IMAGE = pa.field("image", pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())]))


def from_rows(spec: Table, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows as the table's Arrow form; columns a row lacks become null. Raises BadTable when a value does not fit."""
    listed = list(rows)
    try:
        arrays = [pa.array([row.get(f.name) for row in listed], type=f.type) for f in spec.schema]
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise BadTable(f"A row does not fit the table {spec.name!r}: {error}.") from error
    return pa.Table.from_arrays(arrays, schema=spec.schema)


def canonical(spec: Table, table: pa.Table) -> pa.Table:
    """The table with the promised columns in order, sorted by key. Raises BadTable for a missing column or a null.

    Rows that share a key (a broken promise that the gates report) are ordered by their other values, so that the
    result never depends on the order of arrival.
    """
    return in_one_chunk(_in_order(spec, table))


def _in_order(spec: Table, table: pa.Table) -> pa.Table:
    """The canonical table, in as many chunks as it came in when it came in order."""
    missing = [name for name in spec.schema.names if name not in table.column_names]
    if missing:
        raise BadTable(f"The table {spec.name!r} lacks the column {missing[0]!r}; it has {table.column_names}.")
    table = table.select(spec.schema.names)
    for field in spec.schema:
        _refuse_nulls(spec.name, field.name, field, table.column(field.name))
    try:
        table = table.cast(spec.schema)
    except (pa.ArrowException, ValueError) as error:
        raise BadTable(f"The table {spec.name!r} cannot be cast to its promised types: {error}.") from error
    return _sorted(table, spec.key)


def _refuse_nulls(table: str, place: str, field: pa.Field, column: Any) -> None:
    """Raise BadTable for a null where none is promised, also inside structs and lists."""
    if not field.nullable and column.null_count:
        raise BadTable(f"The column {place!r} of {table!r} is never null, but a row has no value there.")
    if pa.types.is_list(field.type) and pa.types.is_list(column.type):
        _refuse_nulls(table, f"{place}[]", field.type.value_field, pc.list_flatten(column))
    elif pa.types.is_struct(field.type) and pa.types.is_struct(column.type):
        present = column.drop_null() if column.null_count else column
        for child in field.type:
            if present.type.get_field_index(child.name) >= 0:
                _refuse_nulls(table, f"{place}.{child.name}", child, pc.struct_field(present, child.name))


def _sorted(table: pa.Table, key: Sequence[str]) -> pa.Table:
    if table.num_rows < 2:
        return table
    if not _ascends(table, key):
        table = table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in key]))
    ties = _ties(table, key)
    return table.take(_by_value(table, key, ties)) if ties.size else table


def _ascends(table: pa.Table, key: Sequence[str]) -> bool:
    """Whether a single-column key already ascends; a composite key is always sorted."""
    if len(key) > 1:
        return False
    column = table.column(key[0])
    return bool(pc.all(pc.less_equal(column.slice(0, len(column) - 1), column.slice(1))).as_py())


def _ties(table: pa.Table, key: Sequence[str]) -> npt.NDArray[np.int64]:
    """The rows of a sorted table that share their key with a neighbour."""
    equal = [_same_as_next(table.column(name)) for name in key]
    same = reduce(pc.and_, equal)
    if not pc.any(same).as_py():  # nearly always; going on would import pandas for nothing
        return np.empty(0, dtype=np.int64)
    shared = same.to_numpy()
    return np.flatnonzero(np.append(shared, False) | np.insert(shared, 0, False))


def _same_as_next(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether each value but the last equals the one after it; false where either is null."""
    equal = pc.equal(column.slice(0, len(column) - 1), column.slice(1))
    known = pc.is_valid(equal)
    return pc.if_else(known, equal, known)


def _by_value(table: pa.Table, key: Sequence[str], ties: npt.NDArray[np.int64]) -> pa.Array:
    """A row order that sorts tied rows, which already lie together, by all their values."""
    rows = table.take(pa.array(ties))
    values = rows.to_pylist()
    rank = {name: pc.rank(rows.column(name), tiebreaker="dense").to_pylist() for name in key}
    ranked = sorted(range(len(ties)), key=lambda n: ([rank[name][n] for name in key], repr(values[n])))
    order = np.arange(table.num_rows)
    order[ties] = ties[ranked]
    return pa.array(order)


def write(spec: Table, table: pa.Table, path: Path) -> None:
    """Write a table in its canonical form; the same rows give the same bytes."""
    ready = _in_order(spec, table)
    starts = range(0, ready.num_rows, spec.rows_per_group)
    _write_groups(spec, (in_one_chunk(ready.slice(start, spec.rows_per_group)) for start in starts), path)


def write_groups(spec: Table, groups: Iterable[pa.Table], path: Path) -> None:
    """Write a table that comes in order, one row group (`spec.rows_per_group` rows, the last perhaps fewer) at a time.

    The bytes are those of `write` where each column of a group is one chunk, or chunks of few values: what a page and a
    dictionary hold of many values follows from the chunks.
    """
    _write_groups(spec, map(partial(_in_order, spec), groups), path)


def _write_groups(spec: Table, groups: Iterable[pa.Table], path: Path) -> None:
    schema = stored_schema(spec)
    with pq.ParquetWriter(path, schema, **profile(spec)) as writer:
        for group in groups:
            writer.write_table(group.cast(schema), spec.rows_per_group)
            del group  # it is to be gone before the next one is put together


def in_one_chunk(table: pa.Table) -> pa.Table:
    """The table with one chunk a column, copied only where a column has several."""
    return table.combine_chunks() if any(column.num_chunks > 1 for column in table.columns) else table


def stored_schema(spec: Table) -> pa.Schema:
    """The schema as it stands in a file: with our metadata, and an image column whose fields may be null.

    Plain `datasets` shows a column as images only when its type is exactly that of its own Image feature, which lets
    every field be null; that ours never are is checked before they are written.
    """
    fields = [_HF_IMAGE if field.name == _HF_IMAGE.name else field for field in spec.schema]
    return pa.schema(fields, metadata=_metadata(spec))


def profile(spec: Table) -> dict[str, Any]:
    """How the Parquet writer stores a table: version, compression by column, pages, dictionaries."""
    compression: Any = "zstd"
    level: Any = _LEVEL
    if isinstance(spec.compression, dict):
        leaves = _leaves(spec.schema)
        compression = {leaf: spec.compression.get(leaf, "zstd").upper() for leaf in leaves}
        level = {leaf: _LEVEL for leaf in leaves if leaf not in spec.compression}
    return {
        "version": "2.6",
        "compression": compression,
        "compression_level": level,
        "data_page_size": _PAGE_BYTES,
        "write_page_index": True,
        "use_dictionary": True if not isinstance(spec.compression, dict) else _dictionary_columns(spec),
    }


def _dictionary_columns(spec: Table) -> list[str]:
    return [leaf for leaf in _leaves(spec.schema) if leaf not in spec.compression]


def _leaves(schema: pa.Schema) -> list[str]:
    names: list[str] = []
    for field in schema:
        if pa.types.is_struct(field.type):
            names.extend(f"{field.name}.{child.name}" for child in field.type)
        else:
            names.append(field.name)
    return names


def _metadata(spec: Table) -> dict[bytes, bytes]:
    ours = {"table": spec.name, "format_version": FORMAT_VERSION}
    metadata = {b"reidforge": json.dumps(ours, sort_keys=True).encode()}
    if _HF_IMAGE.name in spec.schema.names:
        metadata[b"huggingface"] = json.dumps({"info": {"features": _features(spec.schema)}}, sort_keys=True).encode()
    return metadata


def _features(schema: pa.Schema) -> dict[str, Any]:
    features: dict[str, Any] = {}
    for field in schema:
        dtype = "string" if pa.types.is_string(field.type) else str(field.type)
        features[field.name] = {"_type": "Image"} if field.name == "image" else {"dtype": dtype, "_type": "Value"}
    return features


def logical_digest(table: pa.Table) -> str:
    """sha256 over column names, types and typed values in row order: equal across writer versions and chunk layouts."""
    hasher = hashlib.sha256()
    for field in table.schema:
        hasher.update(f"{field.name}\0{type_name(field.type)}\0".encode())
    for start in range(0, table.num_rows, ROWS_PER_HASH):
        for column in table.slice(start, ROWS_PER_HASH).columns:
            hash_values(hasher, one_array(column))
    return hasher.hexdigest()


def type_name(kind: pa.DataType) -> str:
    """A type in words, without what storage may change: nullability, and how a list names its elements."""
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{child.name}: {type_name(child.type)}' for child in kind)}>"
    return f"list<{type_name(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    joined = column.combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined


def hash_values(hasher: "hashlib._Hash", column: pa.Array) -> None:
    """Feed an array's typed values: validity, then lengths and children, or bytes; never what lies under a null."""
    hasher.update(column.is_valid().to_numpy(zero_copy_only=False).tobytes())
    if pa.types.is_struct(column.type):
        for child in column.flatten():
            hash_values(hasher, child)
    elif pa.types.is_list(column.type):
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        hasher.update(lengths.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
        hash_values(hasher, column.flatten())
    elif pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        _hash_bytes(hasher, column)
    else:
        filled = pc.fill_null(column, False if pa.types.is_boolean(column.type) else 0)
        hasher.update(filled.to_numpy(zero_copy_only=False).tobytes())


def _hash_bytes(hasher: "hashlib._Hash", column: pa.Array) -> None:
    """Feed the lengths of strings, then their bytes straight from the Arrow buffer."""
    filled = pc.fill_null(column, "" if pa.types.is_string(column.type) else b"")
    _, places, data = filled.buffers()
    if not len(filled):
        return
    offsets = np.frombuffer(places, dtype=np.int32)[filled.offset : filled.offset + len(filled) + 1]
    hasher.update(np.diff(offsets).astype("<i8").tobytes())
    if offsets[-1] > offsets[0]:
        hasher.update(memoryview(data)[int(offsets[0]) : int(offsets[-1])])
