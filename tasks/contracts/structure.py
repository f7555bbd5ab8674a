"""The fast half of a contract: what Arrow alone can tell about a version, before any slower check is started.

`check_files` looks at every Parquet file (readable, promised columns and types); `check_tables` at the rows (no null
where none may be, keys, closed lists, bounds, patterns, foreign keys). Both answer with findings and never raise on bad
data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadTable
from schemas.gate import Staged
from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.load import Column, Contract, arrow_schema, leaves, primary_key
from tasks.contracts.paths import Cells, cells, labels


class Filed(Protocol):
    """A version on disk: it knows the files of each table."""

    def files(self, table: str) -> list[Path]:
        """The shards of a table, sorted by name."""
        ...


def check_files(version: Filed, contracts: Mapping[str, Contract]) -> list[Finding]:
    """Whether every file of every table can be read and has the promised columns; absent required tables too."""
    found: list[Finding] = []
    for name, contract in sorted(contracts.items()):
        paths = version.files(name)
        if not paths and contract.required:
            found.append(Finding(table=name, check="present", summary=f"the table {name} is not there"))
        promised = arrow_schema(contract)
        found.extend(finding for path in paths for finding in _file(name, path, promised))
    return found


def _file(table: str, path: Path, promised: pa.Schema) -> Iterator[Finding]:
    place = f"{path.parent.name}/{path.name}"
    try:
        actual = pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:160]
        yield Finding(table=table, check="readable", summary=f"{place} is not Parquet: {reason}", failing=(place,))
        return
    for problem in _differences(promised, actual):
        yield Finding(table=table, check="columns", summary=f"{place}: {problem}", failing=(place,))


def _differences(promised: pa.Schema, actual: pa.Schema) -> Iterator[str]:
    for field in promised:
        if field.name not in actual.names:
            yield f"the column {field.name} is missing"
            continue
        there = actual.field(field.name).type
        if not _lenient(there).equals(_lenient(field.type)):
            yield f"the column {field.name} is {there}, promised is {field.type}"
    for name in actual.names:
        if name not in promised.names:
            yield f"the column {name} is not promised"
    if set(actual.names) == set(promised.names) and actual.names != promised.names:
        yield f"the columns stand in the order {', '.join(actual.names)}"


def _lenient(kind: pa.DataType) -> pa.DataType:
    """The type with every child nullable: files may be laxer than the promise (plain readers of an image column want
    that), the rows may not, and those are looked at one by one."""
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(child.name, _lenient(child.type)) for child in kind])
    return pa.list_(_lenient(kind.value_type)) if pa.types.is_list(kind) else kind


def check_tables(staged: Staged, contracts: Mapping[str, Contract], besides: Sequence[Finding] = ()) -> list[Finding]:
    """Whether the rows keep what the contracts say of them, leaving out tables that are `besides` found broken."""
    left_out = {finding.table for finding in besides}
    found: list[Finding] = []
    for name, contract in sorted(contracts.items()):
        if name not in left_out and staged.has(name):
            try:
                found.extend(_table(staged.table(name), contract, staged))
            except BadTable as error:
                found.append(Finding(table=name, check="readable", summary=str(error).removesuffix(".")))
    return found


def _table(table: pa.Table, contract: Contract, staged: Staged) -> Iterator[Finding]:
    yield from _row_count(table, contract)
    yield from _unique(table, contract)
    for path, column in leaves(contract):
        if column.physical_type == "binary" or (column.physical_type == "struct" and not column.required):
            continue
        found = cells(table, path)
        for check, broken in _column_checks(found, column, staged):
            yield from _finding(table, contract, path, check, found.rows.filter(broken))


def _row_count(table: pa.Table, contract: Contract) -> Iterator[Finding]:
    for rule in contract.table.quality:
        least = rule.must_be_greater_or_equal_to
        if rule.metric == "rowCount" and least is not None and table.num_rows < least:
            words = f"{table.num_rows} rows, promised are at least {least:g}"
            yield Finding(table=contract.name, check="row_count", summary=words, severity=rule.severity)


def _unique(table: pa.Table, contract: Contract) -> Iterator[Finding]:
    key = primary_key(contract)
    counts = table.select(list(key)).group_by(list(key)).aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts.column("count_all"), 1))
    if twice.num_rows:
        rows = pa.array(range(min(twice.num_rows, SHOWN)))
        ids = tuple(sorted(labels(twice.sort_by([(name, "ascending") for name in key]), key, rows)))
        words = f"{twice.num_rows} keys ({', '.join(key)}) stand on more than one row"
        yield Finding(table=contract.name, check="key", summary=words, count=twice.num_rows, failing=ids)


Check = tuple[str, pa.Array]


def _column_checks(found: Cells, column: Column, staged: Staged) -> Iterator[Check]:
    """Each broken promise of a column as its name and a mask over the cells."""
    if column.required:
        yield "is null where a value is promised", pc.and_(pc.is_null(found.values), found.held)
    for name, passes in _limits(column):
        yield name, pc.fill_null(pc.invert(passes(found.values)), False)
    for rule in column.quality:
        allowed = pa.array(rule.arguments["validValues"], found.values.type)
        outside = pc.and_(pc.is_valid(found.values), pc.invert(pc.is_in(found.values, value_set=allowed)))
        yield f"is none of {', '.join(str(v) for v in rule.arguments['validValues'][:8])}", outside
    for link in column.relationships:
        known = _targets(staged, link.to)
        lost = pc.and_(pc.is_valid(found.values), pc.invert(pc.is_in(found.values, value_set=known)))
        yield f"has no row in {link.to}", lost


def _targets(staged: Staged, to: str) -> pa.Array:
    table, column = to.split(".")
    if not staged.has(table):
        return pa.array([], pa.string())
    return staged.table(table, [column]).column(0).combine_chunks()


Passes = Callable[[pa.Array], pa.Array]


def _limits(column: Column) -> Iterator[tuple[str, Passes]]:
    limits = column.logical_type_options
    if limits.pattern is not None:
        yield f"does not match {limits.pattern}", lambda v: pc.match_substring_regex(v, limits.pattern)
    if limits.minimum is not None:
        yield f"is below {limits.minimum:g}", lambda v: pc.greater_equal(v, _like(v, limits.minimum))
    if limits.maximum is not None:
        yield f"is above {limits.maximum:g}", lambda v: pc.less_equal(v, _like(v, limits.maximum))
    if limits.min_length is not None:
        yield f"is shorter than {limits.min_length}", lambda v: pc.greater_equal(pc.utf8_length(v), limits.min_length)
    if limits.max_length is not None:
        yield f"is longer than {limits.max_length}", lambda v: pc.less_equal(pc.utf8_length(v), limits.max_length)
    if limits.min_items is not None:
        few = f"has fewer than {limits.min_items} items"
        yield few, lambda v: pc.greater_equal(pc.list_value_length(v), limits.min_items)
    if limits.max_items is not None:
        many = f"has more than {limits.max_items} items"
        yield many, lambda v: pc.less_equal(pc.list_value_length(v), limits.max_items)


def _like(values: pa.Array, limit: float | None) -> pa.Scalar:
    """A limit in the type of the values."""
    number = limit if pa.types.is_floating(values.type) or limit is None else int(limit)
    return pa.scalar(number, values.type)


def _finding(table: pa.Table, contract: Contract, path: str, check: str, rows: pa.Array) -> Iterator[Finding]:
    if not len(rows):
        return
    places = pc.unique(rows)
    ids = tuple(labels(table, primary_key(contract), places.slice(0, SHOWN)))
    words = f"{path} {check}"
    yield Finding(table=contract.name, check=f"{path}", summary=words, count=len(places), failing=ids)
