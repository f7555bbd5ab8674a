"""Whether rows stand in the order of their key and each key on one row only, within files and across them."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.load import Contract, primary_key
from tasks.contracts.parts import Part
from tasks.contracts.paths import counted, labels

_RUN = 1 << 17


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The keys of a part, which is read anew when they are asked for: whether they ascend, the first and the last."""

    part: Part
    key: Sequence[str]
    ascends: bool
    span: tuple[tuple[Any, ...], tuple[Any, ...]] | None

    def table(self) -> pa.Table:
        """The columns of the key, in its order."""
        return _keys(self.part, self.key)


def check_keys(contract: Contract, held: Sequence[Part]) -> Iterator[Finding]:
    """Findings about the key of a table; files whose keys do not overlap are not compared with each other.

    One part is held at a time; more only where they overlap or are out of order.
    """
    key = primary_key(contract)
    stretches: list[_Stretch] = []
    for part in held:
        table = _keys(part, key)
        ascends = _ascends(table, key)
        if not ascends:
            yield from _disorder(contract.name, table, key)
        stretches.append(_Stretch(part, key, ascends, _span(table, key) if table.num_rows else None))
    yield from _twice(contract.name, _suspects(stretches, key), key)


def _keys(part: Part, key: Sequence[str]) -> pa.Table:
    read = part.columns(key)
    return pa.table({name: read.column(name) for name in key})


def _ascends(table: pa.Table, key: Sequence[str]) -> bool:
    """Whether each key is greater than the one before it."""
    return bool(pc.all(_less(table, key)).as_py()) if table.num_rows > 1 else True


def _less(table: pa.Table, key: Sequence[str]) -> pa.ChunkedArray:
    """For every row but the last: whether its key is less than that of the next row."""
    whole = table.combine_chunks()
    before, after = whole.slice(0, len(whole) - 1), whole.slice(1)
    pairs = [(before.column(name), after.column(name)) for name in reversed(key)]
    (last, next_last), *others = pairs
    return reduce(
        lambda found, pair: pc.or_(pc.less(*pair), pc.and_(pc.equal(*pair), found)), others, pc.less(last, next_last)
    )


def _disorder(name: str, table: pa.Table, key: Sequence[str]) -> Iterator[Finding]:
    turned = table.slice(1).take(pc.indices_nonzero(_greater(table, key)))
    if turned.num_rows:
        ids = tuple(labels(turned, tuple(key), counted(min(turned.num_rows, SHOWN))))
        words = f"the rows do not stand in the order of their key ({', '.join(key)})"
        yield Finding(table=name, check="order", summary=words, count=turned.num_rows, failing=ids)


def _greater(table: pa.Table, key: Sequence[str]) -> pa.ChunkedArray:
    """For every row but the first: whether its key is less than that of the row before."""
    same = reduce(pc.and_, [_same(table.column(name)) for name in key])
    return pc.and_(pc.invert(_less(table, key)), pc.invert(same))


def _same(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    whole = pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
    return pc.equal(whole.slice(0, len(whole) - 1), whole.slice(1))


def _suspects(stretches: Sequence[_Stretch], key: Sequence[str]) -> Iterator[pa.Table]:
    """The tables that may hold a key twice: all of them when one is out of order, else those whose keys overlap."""
    if not all(stretch.ascends for stretch in stretches):
        yield pa.concat_tables([stretch.table() for stretch in stretches])
        return
    spans = sorted((*stretch.span, n) for n, stretch in enumerate(stretches) if stretch.span)
    groups: list[list[int]] = []
    latest: tuple[Any, ...] | None = None
    for first, last, n in spans:
        if latest is None or first > latest:
            groups.append([])
        groups[-1].append(n)
        latest = last if latest is None else max(latest, last)
    for group in groups:
        if len(group) > 1:
            yield from _runs([stretches[n].table() for n in group], key)


def _runs(tables: Sequence[pa.Table], key: Sequence[str]) -> Iterator[pa.Table]:
    """Ascending tables, joined and cut at common keys: small runs are counted several times faster than the whole."""
    pieces = max(1, sum(table.num_rows for table in tables) // _RUN)
    largest = max(tables, key=lambda table: table.num_rows)
    cuts = [_key_at(largest, key, largest.num_rows * n // pieces) for n in range(1, pieces)]
    ends = [[bisect_left(range(t.num_rows), cut, key=partial(_key_at, t, key)) for t in tables] for cut in cuts]
    for start, end in pairwise([[0] * len(tables), *ends, [table.num_rows for table in tables]]):
        yield pa.concat_tables([t.slice(a, b - a) for t, a, b in zip(tables, start, end, strict=True)])


def _key_at(table: pa.Table, key: Sequence[str], row: int) -> tuple[Any, ...]:
    return tuple(table.column(name)[row].as_py() for name in key)


def _span(table: pa.Table, key: Sequence[str]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    return _key_at(table, key, 0), _key_at(table, key, table.num_rows - 1)


def _twice(name: str, suspects: Iterator[pa.Table], key: Sequence[str]) -> Iterator[Finding]:
    found = [_repeated(table, key) for table in suspects if len(key) > 1 or _repeats(table.column(key[0]))]
    twice = pa.concat_tables(found) if found else None
    if twice is not None and twice.num_rows:
        first = twice.sort_by([(name, "ascending") for name in key])
        ids = tuple(sorted(labels(first, tuple(key), counted(min(twice.num_rows, SHOWN)))))
        words = f"{twice.num_rows} keys ({', '.join(key)}) stand on more than one row"
        yield Finding(table=name, check="key", summary=words, count=twice.num_rows, failing=ids)


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether any value stands there twice: cheaper to know than which."""
    return bool(pc.count_distinct(column, mode="all").as_py() < len(column))


def _repeated(table: pa.Table, key: Sequence[str]) -> pa.Table:
    counts = table.group_by(list(key)).aggregate([([], "count_all")])
    return counts.filter(pc.greater(counts.column("count_all"), 1))
