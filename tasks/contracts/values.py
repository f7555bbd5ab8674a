"""The rules of one column as masks over its values, and whether a footer already proves them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tasks.contracts.hashing import Named
from tasks.contracts.load import Column
from tasks.contracts.parts import Stated
from tasks.contracts.paths import Cells

Passes = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule in the words of a finding; `passes` gives a mask, null where there is no value to judge.

    `ordered`: when the smallest and the largest value pass, all between them do. `implied`: it holds for
    every value that the rule before it, of the same column, lets pass.
    """

    words: str
    passes: Passes | None
    ordered: bool = False
    implied: bool = False

    def proven(self, stated: Stated) -> bool:
        """Whether the footer leaves no doubt."""
        if self.passes is None:
            return stated.nulls == 0
        if stated.values is not None and stated.values == stated.nulls:
            return True
        if stated.least is None or isinstance(stated.least, float):
            return False
        ends = pa.array([stated.least, stated.most])
        return (self.ordered or stated.least == stated.most) and bool(pc.all(self.passes(ends)).as_py())

    def broken(self, found: Cells) -> pa.Array:
        """The mask of the cells that break the rule."""
        if self.passes is None:
            return pc.and_(pc.is_null(found.values), found.held)
        if not pa.types.is_dictionary(found.values.type):
            return pc.fill_null(pc.invert(self.passes(found.values)), False)
        outside = pc.invert(self.passes(found.values.dictionary))
        if not pc.any(outside).as_py():
            return pa.repeat(pa.scalar(False), len(found.values))
        return pc.fill_null(outside.take(found.values.indices), False)


class Known(Protocol):
    """What is known of the `table.column` that a foreign key leads to."""

    def named(self, to: str) -> Named:
        """Its values."""
        ...

    def pattern(self, to: str) -> str | None:
        """What its own contract says that they match."""
        ...


def checks_of(column: Column, known: Known) -> Iterator[Check]:
    """Every rule of a column, foreign keys before what follows from them."""
    if column.required:
        yield Check("is null where a value is promised", None)
    for link in column.relationships:
        yield Check(f"has no row in {link.to}", known.named(link.to).hold)
    pattern = column.logical_type_options.pattern
    if pattern is not None:
        matches = Check(f"does not match {pattern}", lambda values: pc.match_substring_regex(values, pattern))
        yield replace(matches, implied=any(known.pattern(link.to) == pattern for link in column.relationships))
    yield from _limits(column)
    for rule in column.quality:
        allowed = rule.arguments["validValues"]
        yield Check(f"is none of {', '.join(str(value) for value in allowed[:8])}", partial(_among, allowed))


def _among(allowed: list[object], values: pa.Array) -> pa.Array:
    """Whether values are of a closed list; a missing value is not judged."""
    return pc.or_(pc.is_in(values, value_set=pa.array(allowed, values.type)), pc.is_null(values))


def _limits(column: Column) -> Iterator[Check]:
    limits = column.logical_type_options
    if limits.minimum is not None:
        yield Check(f"is below {limits.minimum:g}", lambda v: pc.greater_equal(v, _like(v, limits.minimum)), True)
    if limits.maximum is not None:
        yield Check(f"is above {limits.maximum:g}", lambda v: pc.less_equal(v, _like(v, limits.maximum)), True)
    sizes = (pc.utf8_length, limits.min_length, limits.max_length, ("shorter than {}", "longer than {}"), "is")
    items = (
        pc.list_value_length,
        limits.min_items,
        limits.max_items,
        ("fewer than {} items", "more than {} items"),
        "has",
    )
    for size, least, most, words, verb in (sizes, items):
        if least is not None:
            some = size is pc.utf8_length and least <= 1  # nothing sorts before the empty string
            yield Check(f"{verb} {words[0].format(least)}", partial(_at_least, size, least), some)
        if most is not None:
            yield Check(f"{verb} {words[1].format(most)}", partial(_at_most, size, most))


def _at_least(size: Passes, least: int, values: pa.Array) -> pa.Array:
    return pc.greater_equal(size(values), least)


def _at_most(size: Passes, most: int, values: pa.Array) -> pa.Array:
    return pc.less_equal(size(values), most)


def _like(values: pa.Array, limit: float | None) -> pa.Scalar:
    """A limit in the type of the values."""
    number = limit if pa.types.is_floating(values.type) or limit is None else int(limit)
    return pa.scalar(number, values.type)
