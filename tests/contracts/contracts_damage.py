"""Ways to damage a version: each is a function of its folder, in which files are hard links that others share."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.checking.toy import Row
from tasks.versions.reader import VersionFolder

Damage = Callable[[Path], object]


@dataclass(frozen=True)
class Mutation:
    """`by`: the rule, the gate, or the error that notices; `signed`: whether the forger signs the result."""

    by: str
    words: str
    damage: Damage
    signed: bool = True


def place(folder: Path, what: str) -> Path:
    """The file of a table; of conversations, the one that is named after a colon."""
    table, _, name = what.partition(":")
    return next(path for path in VersionFolder(folder).files(table) if path.stem.startswith(name))


def put(path: Path, data: bytes) -> None:
    """New bytes under a name that other copies share."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def lenient(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(child.name, lenient(child.type)) for child in kind])
    return pa.list_(lenient(kind.value_type)) if pa.types.is_list(kind) else kind


def arrow(what: str, change: Callable[[pa.Table], pa.Table]) -> Damage:
    """A file's table, changed, written with its metadata."""

    def damage(folder: Path) -> None:
        path = place(folder, what)
        table = pq.read_table(path, partitioning=None)
        changed = change(table)
        path.unlink()
        pq.write_table(changed.replace_schema_metadata(changed.schema.metadata or table.schema.metadata), path)

    return damage


def rows(what: str, change: Callable[[list[Row]], object]) -> Damage:
    """A file's rows, changed, written in the types that they had, every one now nullable."""

    def changed(table: pa.Table) -> pa.Table:
        listed = table.to_pylist()
        change(listed)
        schema = pa.schema([pa.field(field.name, lenient(field.type)) for field in table.schema])
        return pa.Table.from_pylist(listed, schema.with_metadata(table.schema.metadata))

    return arrow(what, changed)


def cell(what: str, column: str, value: Any, number: int = 0) -> Damage:
    return rows(what, lambda listed: listed[number].update({column: value}))


def inner(what: str, column: str, **values: Any) -> Damage:
    """Children of a struct, or of the first item of a list, in the first row."""

    def change(listed: list[Row]) -> None:
        held = listed[0][column]
        (held[0] if isinstance(held, list) else held).update(values)

    return rows(what, change)


def cast(what: str, column: str, kind: pa.DataType, value: Any = None) -> Damage:
    def change(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index(column)
        new = table.column(at).cast(kind) if value is None else pa.array([value] * len(table), kind)
        return table.set_column(at, pa.field(column, kind), new)

    return arrow(what, change)


def renamed(old: str, new: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)

    return damage


def swapped(first: str, second: str) -> Damage:
    def damage(folder: Path) -> None:
        renamed(first, "kept")(folder)
        renamed(second, first)(folder)
        renamed("kept", second)(folder)

    return damage


def manifest(change: Callable[[dict[str, Any]], object]) -> Damage:
    def damage(folder: Path) -> None:
        value = json.loads((folder / "manifest.json").read_bytes())
        change(value)
        put(folder / "manifest.json", json.dumps(value).encode())

    return damage


def entry(**values: Any) -> Damage:
    return manifest(lambda value: value["files"][0].update(values))


def tail(what: str, cut: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        path = place(folder, what)
        put(path, cut(path.read_bytes()))

    return damage


def metadata(value: dict[bytes, bytes] | None) -> Damage:
    return arrow("captions", lambda table: table.replace_schema_metadata(value or {b"other": b"1"}))


def format_of(version: int) -> dict[bytes, bytes]:
    return {b"reidforge": json.dumps({"table": "captions", "format_version": version}).encode()}
