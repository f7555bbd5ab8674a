"""The canonical Parquet writer: one byte form per table content, whatever the order rows arrived in.

Rows are sorted by the table's key, chunks combined, row groups cut at a fixed size, JPEG bytes left uncompressed and
text put through zstd level 3. Schema metadata is ours alone: the table's name, the format version, and the
`huggingface` features that let plain `datasets` show an image column as images.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable
from schemas.tables import FORMAT_VERSION, Table

_LEVEL = 3
_PAGE_BYTES = 64 << 20


def from_rows(spec: Table, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows as the table's Arrow form; columns a row lacks become null. Raises BadTable when a value does not fit."""
    listed = list(rows)
    try:
        arrays = [pa.array([row.get(f.name) for row in listed], type=f.type) for f in spec.schema]
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise BadTable(f"A row does not fit the table {spec.name!r}: {error}.") from error
    return pa.Table.from_arrays(arrays, schema=spec.schema)


def canonical(spec: Table, table: pa.Table) -> pa.Table:
    """The table with the promised columns in order, sorted by key. Raises BadTable for a missing column or a null."""
    missing = [name for name in spec.schema.names if name not in table.column_names]
    if missing:
        raise BadTable(f"The table {spec.name!r} lacks the column {missing[0]!r}; it has {table.column_names}.")
    table = table.select(spec.schema.names).cast(spec.schema)
    for field in spec.schema:
        if not field.nullable and table.column(field.name).null_count:
            raise BadTable(f"The column {field.name!r} of {spec.name!r} is never null, but a row has no value there.")
    if not _is_sorted(table, spec.key):
        table = table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in spec.key]))
    return table.combine_chunks()


def _is_sorted(table: pa.Table, key: Sequence[str]) -> bool:
    """Whether a single-column key already ascends; composite keys are always sorted."""
    if len(key) > 1 or table.num_rows < 2:
        return bool(table.num_rows < 2)
    column = table.column(key[0]).combine_chunks()
    return bool(pc.all(pc.less_equal(column.slice(0, len(column) - 1), column.slice(1))).as_py())


def write(spec: Table, table: pa.Table, path: Path) -> None:
    """Write a table in its canonical form; the same rows give the same bytes."""
    ready = canonical(spec, table)
    schema = ready.schema.with_metadata(_metadata(spec))
    with pq.ParquetWriter(path, schema, **_profile(spec)) as writer:
        for start in range(0, ready.num_rows, spec.rows_per_group):
            group = ready.slice(start, spec.rows_per_group).combine_chunks().replace_schema_metadata(schema.metadata)
            writer.write_table(group, row_group_size=spec.rows_per_group)


def _profile(spec: Table) -> dict[str, Any]:
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
    if any(f.name == "image" for f in spec.schema):
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
        hasher.update(f"{field.name}\0{field.type}\0".encode())
    for batch in table.combine_chunks().to_batches(max_chunksize=8_192):
        for column in batch.columns:
            hasher.update(_values(column))
    return hasher.hexdigest()


def _values(column: pa.Array) -> bytes:
    """The typed values of an array, without offsets of its buffers: validity, then lengths and children, or bytes."""
    valid = pc.is_valid(column).cast(pa.uint8()).to_numpy(zero_copy_only=False).tobytes()
    if pa.types.is_struct(column.type):
        return bytes(valid + b"".join(_values(child) for child in column.flatten()))
    if pa.types.is_list(column.type):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        return bytes(valid + lengths.astype("<i8").tobytes() + _values(column.flatten()))
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        joined = b"".join(v if isinstance(v, bytes) else v.encode() for v in column.drop_null().to_pylist())
        return bytes(valid + lengths.astype("<i8").tobytes() + joined)
    filled = pc.fill_null(column, False if pa.types.is_boolean(column.type) else 0)
    return bytes(valid + filled.to_numpy(zero_copy_only=False).tobytes())
