"""One look at a part of a table: its keys, and which of its rows break the rules that its footer leaves open."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from tasks.contracts.finding import SHOWN
from tasks.contracts.ordering import Stretch, stretch_of
from tasks.contracts.parts import Part
from tasks.contracts.paths import cells, labels, scalar
from tasks.contracts.values import Check

Rule = tuple[str, Check]
Numbered = tuple[int, Rule]


@dataclass(slots=True)
class Broken:
    """How many rows of a part break a rule, and the keys of the first of them."""

    rows: int = 0
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one part found: its keys, and what breaks each rule by the rule's number."""

    keys: Stretch
    broken: dict[int, Broken]


def look(part: Part, key: Sequence[str], rules: Sequence[Numbered], keep: bool) -> Looked:
    """Read the key once, then of each stretch of rows what `rules` are about; `keep` hashes of the keys."""
    judged = _Judged(_keys(part, key))
    judged.judge(judged.keys, 0, [rule for rule in rules if rule[1][0] in key])
    others = [rule for rule in rules if rule[1][0] not in key]
    led = dict(_led(part, others))
    judged.read(part, [rule for rule in others if rule[0] not in led])
    judged.read(
        part, [rule for rule in others if rule[0] in led and not judged.settles(part, rule[1][0], led[rule[0]])]
    )
    return Looked(stretch_of(judged.keys, lambda: _keys(part, key), keep), judged.broken)


def _keys(part: Part, key: Sequence[str]) -> pa.Table:
    """The columns of a key in its order, whatever a file says of their nulls."""
    read = part.columns(key)
    return pa.table({name: read.column(name) for name in key})


def _led(part: Part, rules: Sequence[Numbered]) -> Iterator[tuple[int, str]]:
    """Rules against nulls among the children of list items that need no reading of their own, by number, each with the
    path that leads: once that is read, how many items there are is known, and the footer tells the nulls."""
    paths = Counter(path for _, (path, _) in rules)
    alone = {
        path: number
        for number, (path, check) in rules
        if check.passes is None and paths[path] == 1 and _item(path) and part.stated(path).values is not None
    }
    for item, group in groupby(sorted(alone, key=lambda path: alone[path]), key=_item):
        first, *rest = group
        leader = next((path for path in paths if _item(path) == item and path not in alone), None)
        for path in rest if leader is None else (first, *rest):
            yield alone[path], leader or first


def _item(path: str) -> str:
    """The list item that a path is a child of; empty where it is none's."""
    parent = path.rpartition(".")[0]
    return parent if parent.endswith("[]") else ""


@dataclass(slots=True)
class _Judged:
    """The rows of a part that break each rule so far, and how many parents there are of the values at each path."""

    keys: pa.Table
    broken: dict[int, Broken] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)

    def read(self, part: Part, rules: Sequence[Numbered]) -> None:
        """Judge each stretch of rows."""
        start = 0
        for rows in part.stretches([path for _, (path, _) in rules]) if rules else ():
            self.judge(rows, start, rules)
            start += rows.num_rows

    def judge(self, rows: pa.Table, start: int, rules: Sequence[Numbered]) -> None:
        """Count the rows that break each rule; the first of them is row `start` of the part."""
        for path, group in groupby(rules, key=lambda rule: rule[1][0]):
            found, before = cells(rows, path), False
            self.held[path] += found.held_count
            for number, (_, check) in group:
                wrong = None if check.implied and not before else check.broken(found)
                before = wrong is not None
                if wrong is not None:
                    self._count(number, pc.unique(found.rows.filter(wrong)), start)

    def _count(self, number: int, rows: pa.Array, start: int) -> None:
        broken = self.broken.setdefault(number, Broken())
        broken.rows += len(rows)
        first = pc.add(rows.slice(0, SHOWN - len(broken.ids)), scalar(start, pa.int64()))
        broken.ids += labels(self.keys, tuple(self.keys.column_names), first)

    def settles(self, part: Part, path: str, leader: str) -> bool:
        """Whether as many values are stated to be there as there are items."""
        said = part.stated(path)
        filled = None if said.values is None or said.nulls is None else said.values - said.nulls
        return said.values == part.stated(leader).values and filled == self.held[leader]
