"""Whether the rows of a version keep what its contracts say: counts, keys, nulls, closed lists, bounds, foreign keys.

It answers with findings and never raises on bad data. Of files, only the leaves that a rule is about are read, and
those not where the footer proves the rule; the footer's own truth is a matter of the deep check.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from schemas.errors import BadTable
from schemas.gate import Staged
from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.hashing import Hashes, Named, hash_all
from tasks.contracts.load import Contract, leaves, primary_key
from tasks.contracts.looking import Looked, Numbered, Rule, look
from tasks.contracts.ordering import check_keys, shared
from tasks.contracts.parts import InFile, Part, parts
from tasks.contracts.values import checks_of

AT_ONCE = min(4, os.cpu_count() or 1)  # files; what is kept of a file that was looked at is little
Found = dict[str, list[Finding]]


def check_tables(
    staged: Staged,
    contracts: Mapping[str, Contract],
    besides: Sequence[Finding] = (),
    opened: Callable[[Path], InFile] = InFile,
) -> list[Finding]:
    """Whether the rows keep what the contracts say of them, leaving out tables that are `besides` found broken.

    The parts of all tables are looked at side by side, the largest first; `opened` opens a file.
    """
    left_out = {finding.table for finding in besides}
    held = [name for name in sorted(contracts) if name not in left_out and staged.has(name)]
    found: Found = {name: [] for name in held}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        known = _Known(staged, contracts, pool, opened)
        tables: list[_Table] = []
        for name in held:
            with _readable(name, found):
                tables.append(_table(contracts[name], known))
        looked = _begun(tables, pool)
        for table in tables:
            with _readable(table.contract.name, found):
                each = [future.result() for future in looked[table.contract.name]]
                found[table.contract.name] = list(_findings(table, each, pool))
    return [finding for name in held for finding in found[name]]


@contextmanager
def _readable(name: str, found: Found) -> Iterator[None]:
    """A table that cannot be read is a finding."""
    try:
        yield
    except BadTable as error:
        found[name] = [Finding(table=name, check="readable", summary=str(error).removesuffix("."))]


@dataclass(frozen=True, slots=True)
class _Known:
    """The parts of every table, and what foreign keys may lead to: each column of those is read once."""

    staged: Staged
    contracts: Mapping[str, Contract]
    pool: ThreadPoolExecutor
    opened: Callable[[Path], InFile]
    read: dict[str, Named] = field(default_factory=dict)

    def parts(self, table: str) -> list[Part]:
        """The parts of a table; none where there is no such table."""
        return parts(self.staged, table, self.opened) if self.staged.has(table) else []

    def named(self, to: str) -> Named:
        """The values of `table.column`."""
        if to not in self.read:
            table, column = to.split(".")
            self.read[to] = Named(self.pool.map(partial(_hashed, column), self.parts(table)))
        return self.read[to]

    def pattern(self, to: str) -> str | None:
        """The pattern of `table.column` in the contract that the table is held against."""
        table, column = to.split(".")
        held = leaves(self.contracts[table]) if table in self.contracts else ()
        return next((one.logical_type_options.pattern for path, one in held if path == column), None)


def _hashed(column: str, part: Part) -> Hashes:
    return hash_all(part.columns([column]).column(0))


@dataclass(frozen=True, slots=True)
class _Table:
    """A table to look at: its parts, of each the rules that its footer leaves open and whether hashes are kept."""

    contract: Contract
    key: tuple[str, ...]
    rules: list[Rule]
    held: list[Part]
    still_open: list[list[Numbered]]
    keep: list[bool]


def _table(contract: Contract, known: _Known) -> _Table:
    held, key, rules = known.parts(contract.name), primary_key(contract), list(_rules(contract, known))
    still_open: list[list[Numbered]] = [[] for _ in held]
    for number, rule in enumerate(rules):
        path, check = rule
        for left, proven in zip(still_open, check.proven([part.stated(path) for part in held]), strict=True):
            if not proven:
                left.append((number, rule))
    return _Table(contract, key, rules, held, still_open, shared(held, key[0]))


def _rules(contract: Contract, known: _Known) -> Iterator[Rule]:
    for path, column in leaves(contract):
        if column.physical_type == "binary" or (column.physical_type == "struct" and not column.required):
            continue
        for check in checks_of(column, known):
            yield path, check


def _begun(tables: Sequence[_Table], pool: ThreadPoolExecutor) -> dict[str, list[Future[Looked]]]:
    """A look at every part of every table; those begin first that take longest, so that all cores end together."""
    every = [(table, n) for table in tables for n in range(len(table.held))]
    begun = {
        (table.contract.name, n): pool.submit(look, table.held[n], table.key, table.still_open[n], table.keep[n])
        for table, n in sorted(every, key=lambda each: -each[0].held[each[1]].rows)
    }
    return {table.contract.name: [begun[table.contract.name, n] for n in range(len(table.held))] for table in tables}


def _findings(table: _Table, looked: Sequence[Looked], pool: ThreadPoolExecutor) -> Iterator[Finding]:
    name = table.contract.name
    yield from _row_count(table.held, table.contract)
    yield from check_keys(name, table.key, [each.keys for each in looked], pool)
    for number, (path, check) in enumerate(table.rules):
        broken = [each.broken[number] for each in looked if number in each.broken]
        if broken:
            count, ids = sum(one.rows for one in broken), chain.from_iterable(one.ids for one in broken)
            words = f"{path} {check.words}"
            yield Finding(table=name, check=path, summary=words, count=count, failing=tuple(ids)[:SHOWN])


def _row_count(held: Sequence[Part], contract: Contract) -> Iterator[Finding]:
    for rule in contract.table.quality:
        least = rule.must_be_greater_or_equal_to
        if rule.metric == "rowCount" and least is not None:
            rows = sum(part.rows for part in held)
            if rows < least:
                words = f"{rows} rows, promised are at least {least:g}"
                yield Finding(table=contract.name, check="row_count", summary=words, severity=rule.severity)
