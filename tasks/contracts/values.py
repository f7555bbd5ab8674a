"""The rules of one column as masks over its values, and whether a footer already proves them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tasks.contracts.hashing import Named
from tasks.contracts.load import Column
from tasks.contracts.parts import Stated
from tasks.contracts.paths import Cells, listed, scalar

Passes = Callable[[pa.Array], pa.Array]
_FALSE = scalar(False, pa.bool_())


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

    def proven(self, said: Sequence[Stated]) -> list[bool]:
        """Of each footer's word on a part, whether it leaves no doubt."""
        if self.passes is None:
            return [one.nulls == 0 for one in said]
        found = [one.values is not None and one.values == one.nulls for one in said]
        ends = [n for n, one in enumerate(said) if not found[n] and self._speaks(one)]
        if ends:
            passed = self.passes(listed([end for n in ends for end in (said[n].least, said[n].most)])).to_pylist()
            for place, n in enumerate(ends):
                found[n] = False not in passed[2 * place : 2 * place + 2]
        return found

    def _speaks(self, said: Stated) -> bool:
        """Whether what holds for the smallest and the largest value holds for all."""
        known = said.least is not None and not isinstance(said.least, float)
        return known and (self.ordered or bool(said.least == said.most))

    def broken(self, found: Cells) -> pa.Array | None:
        """The mask of the cells that break the rule; None where no cell does."""
        mask = self._nulls(found) if self.passes is None else _outside(self.passes, found.values)
        return mask if mask is not None and mask.true_count else None

    def _nulls(self, found: Cells) -> pa.Array | None:
        return pc.and_(pc.is_null(found.values), found.held) if found.values.null_count else None


def _outside(passes: Passes, values: pa.Array) -> pa.Array | None:
    """The mask of values that do not pass; of words in a dictionary, each is judged once."""
    if not pa.types.is_dictionary(values.type):
        return pc.fill_null(pc.invert(passes(values)), _FALSE)
    wrong = pc.invert(passes(values.dictionary))
    return pc.fill_null(wrong.take(values.indices), _FALSE) if pc.any(wrong).as_py() else None


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
    return pc.or_(pc.is_in(values, value_set=listed(allowed).cast(values.type)), pc.is_null(values))


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
    sizes = size(values)
    return pc.greater_equal(sizes, _like(sizes, least))


def _at_most(size: Passes, most: int, values: pa.Array) -> pa.Array:
    sizes = size(values)
    return pc.less_equal(sizes, _like(sizes, most))


def _like(values: pa.Array, limit: float | None) -> pa.Scalar:
    """A limit in the type of the values."""
    number = limit if pa.types.is_floating(values.type) or limit is None else int(limit)
    return scalar(number, values.type)
