"""Whether the rows of a version keep what its contracts say: counts, keys, nulls, closed lists, bounds, foreign keys.

It answers with findings and never raises on bad data. Of files, only the leaves that a rule is about are read, and
those not where the footer proves the rule; the footer's own truth is a matter of the deep check.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadTable
from schemas.gate import Staged
from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.hashing import Hashes, Named, hash_all
from tasks.contracts.load import Contract, leaves, primary_key
from tasks.contracts.ordering import Stretch, check_keys, shared, stretch_of
from tasks.contracts.parts import Part, parts
from tasks.contracts.paths import cells, labels
from tasks.contracts.values import Check, checks_of

AT_ONCE = 4  # files; what is kept of a file that was looked at is little
Rule = tuple[str, Check]


def check_tables(staged: Staged, contracts: Mapping[str, Contract], besides: Sequence[Finding] = ()) -> list[Finding]:
    """Whether the rows keep what the contracts say of them, leaving out tables that are `besides` found broken."""
    left_out = {finding.table for finding in besides}
    found: list[Finding] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        known = _Known(staged, contracts, pool)
        for name, contract in sorted(contracts.items()):
            if name not in left_out and staged.has(name):
                try:
                    found.extend(_table(parts(staged, name), contract, known))
                except BadTable as error:
                    found.append(Finding(table=name, check="readable", summary=str(error).removesuffix(".")))
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What foreign keys may lead to; every column of theirs is read once."""

    staged: Staged
    contracts: Mapping[str, Contract]
    pool: ThreadPoolExecutor
    read: dict[str, Named] = field(default_factory=dict)

    def named(self, to: str) -> Named:
        """The values of `table.column`; none where there is no such table."""
        if to not in self.read:
            table, column = to.split(".")
            held = parts(self.staged, table) if self.staged.has(table) else []
            self.read[to] = Named(self.pool.map(partial(_hashed, column), held))
        return self.read[to]

    def pattern(self, to: str) -> str | None:
        """The pattern of `table.column` in the contract that the table is held against."""
        table, column = to.split(".")
        held = leaves(self.contracts[table]) if table in self.contracts else ()
        return next((one.logical_type_options.pattern for path, one in held if path == column), None)


def _hashed(column: str, part: Part) -> Hashes:
    return hash_all(part.columns([column]).column(0))


def _table(held: Sequence[Part], contract: Contract, known: _Known) -> Iterator[Finding]:
    yield from _row_count(held, contract)
    rules, key = list(_rules(contract, known)), primary_key(contract)
    looked = list(known.pool.map(partial(_looked, key, rules), held, shared(held, key[0])))
    yield from check_keys(contract.name, key, [each.keys for each in looked])
    for number, (path, check) in enumerate(rules):
        broken = [each.broken[number] for each in looked if number in each.broken]
        if broken:
            count, ids = sum(one.rows for one in broken), chain.from_iterable(one.ids for one in broken)
            words = f"{path} {check.words}"
            yield Finding(table=contract.name, check=path, summary=words, count=count, failing=tuple(ids)[:SHOWN])


def _rules(contract: Contract, known: _Known) -> Iterator[Rule]:
    for path, column in leaves(contract):
        if column.physical_type == "binary" or (column.physical_type == "struct" and not column.required):
            continue
        for check in checks_of(column, known):
            yield path, check


@dataclass(slots=True)
class _Broken:
    """How many rows of a part break a rule, and the keys of the first of them."""

    rows: int = 0
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look at one part found: its keys, and what breaks each rule by the rule's number."""

    keys: Stretch
    broken: dict[int, _Broken]


def _looked(key: tuple[str, ...], rules: Sequence[Rule], part: Part, keep: bool) -> _Looked:
    """Read the key once, then of each stretch of rows what rules are about that the footer does not prove."""
    keys = _keys(part, key)
    open_rules = [(n, rule) for n, rule in enumerate(rules) if not rule[1].proven(part.stated(rule[0]))]
    broken: dict[int, _Broken] = {}
    of_key = [(n, rule) for n, rule in open_rules if rule[0] in key]
    _judge(keys, keys, 0, of_key, broken)
    others = [(n, rule) for n, rule in open_rules if rule[0] not in key]
    start = 0
    for rows in part.stretches([path for _, (path, _) in others]) if others else ():
        _judge(rows, keys, start, others, broken)
        start += rows.num_rows
    return _Looked(stretch_of(keys, lambda: _keys(part, key), keep), broken)


def _keys(part: Part, key: Sequence[str]) -> pa.Table:
    """The columns of a key in its order, whatever a file says of their nulls."""
    read = part.columns(key)
    return pa.table({name: read.column(name) for name in key})


def _judge(
    rows: pa.Table, keys: pa.Table, start: int, rules: Sequence[tuple[int, Rule]], broken: dict[int, _Broken]
) -> None:
    """Count the rows that break each rule; the first of them is row `start` of the part."""
    for path, group in groupby(rules, key=lambda rule: rule[1][0]):
        found, before = cells(rows, path), False
        for number, (_, check) in group:
            wrong = None if check.implied and not before else check.broken(found)
            before = wrong is not None and wrong.true_count > 0
            if wrong is not None and before:
                _count(broken.setdefault(number, _Broken()), pc.unique(found.rows.filter(wrong)), keys, start)


def _count(broken: _Broken, rows: pa.Array, keys: pa.Table, start: int) -> None:
    broken.rows += len(rows)
    first = pc.add(rows.slice(0, SHOWN - len(broken.ids)), start)
    broken.ids += labels(keys, tuple(keys.column_names), first)


def _row_count(held: Sequence[Part], contract: Contract) -> Iterator[Finding]:
    for rule in contract.table.quality:
        least = rule.must_be_greater_or_equal_to
        if rule.metric == "rowCount" and least is not None:
            rows = sum(part.rows for part in held)
            if rows < least:
                words = f"{rows} rows, promised are at least {least:g}"
                yield Finding(table=contract.name, check="row_count", summary=words, severity=rule.severity)
