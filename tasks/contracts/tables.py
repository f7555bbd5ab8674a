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
        tables = {table.contract.name: table for table in _begun([contracts[name] for name in held], known, found)}
        for name in sorted(tables):
            with _readable(name, found):
                found[name] = list(_findings(tables[name], pool))
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
    """A table whose parts are being looked at."""

    contract: Contract
    rules: list[Rule]
    held: list[Part]
    looked: dict[int, Future[Looked]]


def _begun(contracts: Sequence[Contract], known: _Known, found: Found) -> Iterator[_Table]:
    """Tables whose parts are being looked at; the largest begin first, so that all cores end together."""
    held: dict[str, list[Part]] = {}
    for contract in contracts:
        with _readable(contract.name, found):
            held[contract.name] = known.parts(contract.name)
    for contract in sorted(contracts, key=lambda contract: -sum(part.rows for part in held.get(contract.name, ()))):
        if contract.name in held:
            with _readable(contract.name, found):
                yield _table(contract, held[contract.name], known)


def _table(contract: Contract, held: list[Part], known: _Known) -> _Table:
    key, rules = primary_key(contract), list(_rules(contract, known))
    still_open, keep = _still_open(held, rules), shared(held, key[0])
    looked = {
        n: known.pool.submit(look, held[n], key, still_open[n], keep[n])
        for n in sorted(range(len(held)), key=lambda n: -held[n].rows)
    }
    return _Table(contract, rules, held, looked)


def _still_open(held: Sequence[Part], rules: Sequence[Rule]) -> list[list[Numbered]]:
    """Of each part, the rules that its footer does not prove."""
    found: list[list[Numbered]] = [[] for _ in held]
    for number, rule in enumerate(rules):
        path, check = rule
        for still_open, proven in zip(found, check.proven([part.stated(path) for part in held]), strict=True):
            if not proven:
                still_open.append((number, rule))
    return found


def _rules(contract: Contract, known: _Known) -> Iterator[Rule]:
    for path, column in leaves(contract):
        if column.physical_type == "binary" or (column.physical_type == "struct" and not column.required):
            continue
        for check in checks_of(column, known):
            yield path, check


def _findings(table: _Table, pool: ThreadPoolExecutor) -> Iterator[Finding]:
    name, looked = table.contract.name, [table.looked[n].result() for n in range(len(table.held))]
    yield from _row_count(table.held, table.contract)
    yield from check_keys(name, primary_key(table.contract), [each.keys for each in looked], pool)
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
