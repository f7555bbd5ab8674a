"""What a published table declares, and the columns that most of them have."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Table:
    """One published table: `key` names the columns that identify and sort its rows."""

    name: str
    grain: str
    schema: pa.Schema
    key: tuple[str, ...]
    rows_per_group: int = 65_536
    compression: str | dict[str, str] = "zstd"


def required(name: str, kind: pa.DataType) -> pa.Field:
    """A column that is never null."""
    return pa.field(name, kind, nullable=False)


def strings(*names: str) -> list[pa.Field]:
    """Text columns that may be null."""
    return [pa.field(name, pa.string()) for name in names]
