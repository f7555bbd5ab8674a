"""Whether rows stand in the order of their key and each key on one row only, within files and across them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.hashing import Hashes, hash_rows
from tasks.contracts.parts import Part
from tasks.contracts.paths import counted, labels


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is kept of the keys of a part: whether they ascend, the first and the last, a hash of each.

    `read` reads them again, in the order of the key; that is done where two hashes are equal, or keys out of order.
    Hashes are kept of those parts only that may have a key in common with another.
    """

    read: Callable[[], pa.Table]
    ascends: bool
    span: tuple[tuple[Any, ...], tuple[Any, ...]] | None
    kept: Hashes | None = None

    def hashes(self) -> Hashes:
        """A hash of each key."""
        if self.kept is not None:
            return self.kept
        table = self.read()
        return hash_rows(table, table.column_names)


def shared(held: Sequence[Part], column: str) -> list[bool]:
    """For each part, whether by the footers its values of a column may lie between those of another."""
    said = [part.stated(column) for part in held]
    found = [one.least is None for one in said]
    if any(found):
        return [True] * len(said)
    reach = -1
    for n in sorted(range(len(said)), key=lambda n: said[n].least):
        if reach >= 0 and said[n].least <= said[reach].most:
            found[n] = found[reach] = True
        if reach < 0 or said[n].most > said[reach].most:
            reach = n
    return found


def stretch_of(table: pa.Table, read: Callable[[], pa.Table], keep: bool) -> Stretch:
    """The stretch of a table that holds the columns of a key and no others, in their order; `keep` its hashes."""
    key = table.column_names
    span = (_key_at(table, key, 0), _key_at(table, key, table.num_rows - 1)) if table.num_rows else None
    ascends = not any(column.null_count for column in table.columns) and _ascends(table, key)
    return Stretch(read, ascends, span, hash_rows(table, key) if keep else None)


def check_keys(name: str, key: Sequence[str], stretches: Sequence[Stretch], pool: Executor) -> Iterator[Finding]:
    """Findings about the key of a table; parts whose keys do not overlap are not compared with each other."""
    for stretch in stretches:
        if not stretch.ascends:
            yield from _disorder(name, stretch.read(), key)
    groups = _overlapping(stretches) if all(stretch.ascends for stretch in stretches) else [stretches]
    found = [table for table in pool.map(partial(_repeated, key), groups) if table is not None]
    twice = pa.concat_tables(found) if found else None
    if twice is not None and twice.num_rows:
        first = twice.sort_by([(column, "ascending") for column in key])
        ids = tuple(sorted(labels(first, tuple(key), counted(min(twice.num_rows, SHOWN)))))
        words = f"{twice.num_rows} keys ({', '.join(key)}) stand on more than one row"
        yield Finding(table=name, check="key", summary=words, count=twice.num_rows, failing=ids)


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


def _overlapping(stretches: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    """Those groups of ascending stretches whose keys overlap: a key that stands twice does so within one of them."""
    held = sorted(
        ((*stretch.span, n) for n, stretch in enumerate(stretches) if stretch.span), key=lambda each: each[:2]
    )
    groups: list[list[Stretch]] = []
    latest: tuple[Any, ...] | None = None
    for first, last, n in held:
        if latest is None or first > latest:
            groups.append([])
        groups[-1].append(stretches[n])
        latest = last if latest is None else max(latest, last)
    return (group for group in groups if len(group) > 1)


def _repeat(hashes: Sequence[Hashes]) -> bool:
    """Whether a hash stands there twice."""
    ordered = np.sort(np.concatenate(hashes)) if hashes else np.empty(0, np.uint64)
    return bool((ordered[1:] == ordered[:-1]).any())


def _key_at(table: pa.Table, key: Sequence[str], row: int) -> tuple[Any, ...]:
    return tuple(table.column(name)[row].as_py() for name in key)


def _repeated(key: Sequence[str], stretches: Sequence[Stretch]) -> pa.Table | None:
    """The keys that stand more than once, and how often; None where no two hashes are the same."""
    if not _repeat([stretch.hashes() for stretch in stretches]):
        return None
    counts = (
        pa.concat_tables([stretch.read() for stretch in stretches]).group_by(list(key)).aggregate([([], "count_all")])
    )
    return counts.filter(pc.greater(counts.column("count_all"), 1))
