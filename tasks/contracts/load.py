"""Reading the promises: `data_contracts/<table>.odcs.yaml` as checked values (Open Data Contract Standard 3.1).

Only the part of the standard that we use is accepted, so that a misspelt key is an error and not a silent hole.

    contracts = load_contracts()
    arrow_schema(contracts["images"])
    gate_rules(contracts)["balance"].parameters["min_rows"]
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from schemas.errors import BadContract

SUFFIX = ".odcs.yaml"
# A physical type and what Parquet holds. The names are SQL's wherever it has one, so that other tools of the standard
# can test a version; it has none for an unsigned integer, which they see as the number that holds it.
PHYSICAL_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "binary": pa.binary(),
    "boolean": pa.bool_(),
    "float": pa.float32(),
    "double": pa.float64(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "numeric(20,0)": pa.uint64(),
}
# The names that versions published before 0.2 say, which stay readable.
_EARLIER = {"bool": "boolean", "int8": "tinyint", "int16": "smallint", "uint64": "numeric(20,0)"}


class _Odcs(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Options(_Odcs):
    """Bounds of a value: `pattern` and lengths of strings, limits of numbers, sizes of lists."""

    pattern: str | None = None
    format: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_items: int | None = None
    max_items: int | None = None


class Relationship(_Odcs):
    """A foreign key; `to` is `table.column`."""

    type: Literal["foreignKey"] = "foreignKey"
    to: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")


class Rule(_Odcs):
    """One quality rule: a metric of the standard's library, or a check of one of our two engines."""

    name: str | None = None
    description: str | None = None
    type: Literal["library", "custom"] = "library"
    dimension: str | None = None
    severity: Literal["error", "warning"] = "error"
    metric: Literal["invalidValues", "rowCount"] | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    must_be: float | None = None
    must_be_greater_or_equal_to: float | None = None
    engine: Literal["reidforge", "greatExpectations"] | None = None
    implementation: dict[str, Any] = Field(default_factory=dict)


class Column(_Odcs):
    """One column, struct child or list item; list items have no name."""

    name: str = ""
    description: str
    logical_type: Literal["string", "number", "integer", "object", "array", "boolean"]
    physical_type: str
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    primary_key_position: int = -1
    classification: Literal["public", "personal", "sensitive-personal"] = "public"
    logical_type_options: Options = Options()
    examples: list[Any] = Field(default_factory=list)
    relationships: list[Relationship] = Field(default_factory=list)
    quality: list[Rule] = Field(default_factory=list)
    properties: list["Column"] = Field(default_factory=list)
    items: "Column | None" = None


class TableSchema(_Odcs):
    """The one table of a contract."""

    name: str
    physical_name: str | None = None
    logical_type: Literal["object"] = "object"
    physical_type: str | None = None
    description: str
    data_granularity_description: str
    properties: list[Column] = Field(min_length=1)
    quality: list[Rule] = Field(default_factory=list)


class CustomProperty(_Odcs):
    """A named value that the standard has no place for."""

    property: str
    value: Any


class Server(_Odcs):
    """Where the files of the table lie in a pulled version."""

    server: str
    description: str
    type: Literal["local"]
    path: str
    format: Literal["parquet"]


class ServiceLevel(_Odcs):
    """What users may count on, in words."""

    property: Literal["frequency", "retention"]
    value: str


class Contract(_Odcs):
    """One table's contract."""

    api_version: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str
    name: str
    version: str
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    domain: str
    data_product: str
    description: dict[Literal["purpose", "usage", "limitations"], str]
    team: dict[str, Any]
    custom_properties: list[CustomProperty]
    servers: list[Server] = Field(default_factory=list)
    sla_properties: list[ServiceLevel] = Field(default_factory=list)
    tables: list[TableSchema] = Field(alias="schema", min_length=1, max_length=1)

    @property
    def table(self) -> TableSchema:
        """The table that is promised."""
        return self.tables[0]

    @property
    def required(self) -> bool:
        """Whether a version without this table is no version."""
        return any(item.property == "presence" and item.value == "required" for item in self.custom_properties)


@dataclass(frozen=True, slots=True)
class GateRule:
    """A gate as a contract names it: its thresholds and the table whose contract states them."""

    table: str
    severity: str
    parameters: Mapping[str, Any]


def load_contracts(folder: Path | None = None) -> dict[str, Contract]:
    """Every contract of a folder by table name, sorted; without a folder, those this package ships.

    Raises BadContract when one cannot be used, or when there is none.
    """
    return dict(_shipped() if folder is None else _read(folder))


@cache
def _shipped() -> dict[str, Contract]:
    return _read(files("data_contracts"))


def _read(place: Traversable) -> dict[str, Contract]:
    found = sorted((p for p in place.iterdir() if p.name.endswith(SUFFIX)), key=lambda path: path.name)
    if not found:
        raise BadContract(f"The folder {place.name!r} holds no contract (*{SUFFIX}).")
    contracts = [load_contract(path) for path in found]
    return {contract.table.name: contract for contract in contracts}


def load_contract(path: Traversable) -> Contract:
    """One contract. Raises BadContract with every fault: its place, what is wrong, and the value."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadContract(
            f"The contract {path.name!r} cannot be read as YAML: {' '.join(str(error).split())}"
        ) from error
    try:
        contract = Contract.model_validate(raw)
    except ValidationError as error:
        problems = [_problem(fault) for fault in error.errors()]
        raise BadContract(f"The contract {path.name!r} cannot be used:", problems) from error
    if path.name != contract.table.name + SUFFIX:
        raise BadContract(f"The contract {path.name!r} is about {contract.table.name!r}: its file name must say so.")
    return contract


def _problem(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"]) or "the file"
    return f"{place}: {fault['msg']} (found {str(fault['input'])[:80]!r})."


def arrow_schema(contract: Contract) -> pa.Schema:
    """The Arrow schema that the contract promises. Raises BadContract for a physical type we do not write."""
    return pa.schema([_field(column, contract.name) for column in contract.table.properties])


def _field(column: Column, where: str) -> pa.Field:
    return pa.field(column.name or "item", _type(column, where), nullable=not column.required)


def _type(column: Column, where: str) -> pa.DataType:
    if column.physical_type == "struct":
        return pa.struct([_field(child, where) for child in column.properties])
    if column.physical_type == "list" and column.items is not None:
        return pa.list_(_field(column.items, where))
    name = physical_type(column.physical_type)
    if name not in PHYSICAL_TYPES:
        known = ", ".join([*sorted(PHYSICAL_TYPES), "struct", "list"])
        raise BadContract(
            f"The contract {where!r} gives {column.name!r} the physical type {column.physical_type!r}; known: {known}."
        )
    return PHYSICAL_TYPES[name]


def physical_type(name: str) -> str:
    """The name that we give a physical type today, when contracts gave it another before."""
    return _EARLIER.get(name, name)


def primary_key(contract: Contract) -> tuple[str, ...]:
    """The key columns in the order of their positions."""
    keys = [column for column in contract.table.properties if column.primary_key]
    return tuple(column.name for column in sorted(keys, key=lambda column: column.primary_key_position))


def leaves(contract: Contract) -> Iterator[tuple[str, Column]]:
    """Every column, struct child and list item with its path: `answer.kind`, `images[].image_id`."""
    for column in contract.table.properties:
        yield from _leaves(column.name, column)


def _leaves(path: str, column: Column) -> Iterator[tuple[str, Column]]:
    yield path, column
    for child in column.properties:
        yield from _leaves(f"{path}.{child.name}", child)
    if column.items is not None:
        yield from _leaves(f"{path}[]", column.items)


def gate_rules(contracts: Mapping[str, Contract]) -> dict[str, GateRule]:
    """Every gate that the contracts ask for, by name, with its thresholds."""
    rules: dict[str, GateRule] = {}
    for name in sorted(contracts):
        for rule in contracts[name].table.quality:
            if rule.engine == "reidforge" and "gate" in rule.implementation:
                gate = str(rule.implementation["gate"])
                rules[gate] = GateRule(name, rule.severity, rule.implementation.get("parameters", {}))
    return dict(sorted(rules.items()))


class DriftLimit(NamedTuple):
    """How far shares may move from the parent version, in [0, 1]; of a single source, where both have so many rows."""

    max_distance: float
    min_rows_per_source: int


def drift_limits(contracts: Mapping[str, Contract]) -> dict[str, DriftLimit]:
    """The limit of each table whose contract asks for one."""
    return {
        name: DriftLimit(
            float(rule.implementation["parameters"]["max_distance"]),
            int(rule.implementation["parameters"].get("min_rows_per_source", 0)),
        )
        for name in sorted(contracts)
        for rule in contracts[name].table.quality
        if rule.engine == "reidforge" and rule.implementation.get("check") == "drift"
    }


def with_links_into(contract: Contract, tables: Container[str]) -> Contract:
    """The contract with only those foreign keys that lead into some tables: for parts of a version."""
    held = [_linked(column, tables) for column in contract.table.properties]
    return contract.model_copy(update={"tables": [contract.table.model_copy(update={"properties": held})]})


def _linked(column: Column, tables: Container[str]) -> Column:
    links = [link for link in column.relationships if link.to.split(".")[0] in tables]
    children = [_linked(child, tables) for child in column.properties]
    items = None if column.items is None else _linked(column.items, tables)
    return column.model_copy(update={"relationships": links, "properties": children, "items": items})
