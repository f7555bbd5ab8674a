"""Whether the rows of a version keep what its contracts say: counts, keys, nulls, closed lists, bounds, foreign keys.

It answers with findings and never raises on bad data. Of files, only the leaves that a rule is about are read, and
those not where the footer proves the rule; the footer's own truth is a matter of the deep check.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pyarrow.compute as pc

from schemas.errors import BadTable
from schemas.gate import Staged
from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.load import Contract, leaves, primary_key
from tasks.contracts.ordering import check_keys
from tasks.contracts.parts import Part, parts
from tasks.contracts.paths import cells, labels
from tasks.contracts.values import Check, Named, checks_of

Known = Callable[[str], Named]


def check_tables(staged: Staged, contracts: Mapping[str, Contract], besides: Sequence[Finding] = ()) -> list[Finding]:
    """Whether the rows keep what the contracts say of them, leaving out tables that are `besides` found broken."""
    left_out = {finding.table for finding in besides}
    found: list[Finding] = []
    known = _known(staged)
    for name, contract in sorted(contracts.items()):
        if name not in left_out and staged.has(name):
            try:
                found.extend(_table(parts(staged, name), contract, known))
            except BadTable as error:
                found.append(Finding(table=name, check="readable", summary=str(error).removesuffix(".")))
    return found


def _known(staged: Staged) -> Known:
    """The values of `table.column` that may be named, each read once."""

    @cache
    def values(to: str) -> Named:
        table, column = to.split(".")
        held = parts(staged, table) if staged.has(table) else []
        return Named(chunk for part in held for chunk in part.columns([column]).column(0).chunks)

    return values


def _table(held: Sequence[Part], contract: Contract, known: Known) -> Iterator[Finding]:
    yield from _row_count(held, contract)
    yield from check_keys(contract, held)
    tallies = [_Tally(path, check) for path, check in _checks(contract, known)]
    for part in held:
        _judge(part, [tally for tally in tallies if not tally.check.proven(part.stated(tally.path))], contract)
    for tally in tallies:
        if tally.count:
            words = f"{tally.path} {tally.check.words}"
            ids = tuple(tally.ids)
            yield Finding(table=contract.name, check=tally.path, summary=words, count=tally.count, failing=ids)


@dataclass(slots=True)
class _Tally:
    """A rule at a path, with the rows found so far that break it."""

    path: str
    check: Check
    count: int = 0
    ids: list[str] = field(default_factory=list)


def _checks(contract: Contract, known: Known) -> Iterator[tuple[str, Check]]:
    for path, column in leaves(contract):
        if column.physical_type == "binary" or (column.physical_type == "struct" and not column.required):
            continue
        for check in checks_of(column, known):
            yield path, check


def _judge(part: Part, tallies: Sequence[_Tally], contract: Contract) -> None:
    """Count the rows of a part that break each rule."""
    key, start = primary_key(contract), 0
    for stretch in part.stretches([tally.path for tally in tallies]) if tallies else ():
        for tally in tallies:
            found = cells(stretch, tally.path)
            broken = tally.check.broken(found)
            if not broken.true_count:
                continue
            rows = pc.unique(found.rows.filter(broken))
            tally.count += len(rows)
            if len(tally.ids) < SHOWN:
                first = pc.add(rows.slice(0, SHOWN - len(tally.ids)), start)
                tally.ids += labels(part.columns(key), key, first)
        start += stretch.num_rows


def _row_count(held: Sequence[Part], contract: Contract) -> Iterator[Finding]:
    for rule in contract.table.quality:
        least = rule.must_be_greater_or_equal_to
        if rule.metric == "rowCount" and least is not None:
            rows = sum(part.rows for part in held)
            if rows < least:
                words = f"{rows} rows, promised are at least {least:g}"
                yield Finding(table=contract.name, check="row_count", summary=words, severity=rule.severity)
