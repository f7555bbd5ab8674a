"""Which rows the expectations are shown: every rule is judged on all that could break it, block by block.

A rule about single values that holds for each value of a column holds for every row: where a column has few values they
are shown once. Keys are shown where their hashes meet, columns of a record where two of them may be equal. What is
then found broken is looked at row by row, so that it can be counted and named.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from schemas.keys import mix
from tasks.checking.blocks import Block, Keys, Slice
from tasks.contracts.compiling import Expectation
from tasks.contracts.load import Contract, arrow_schema, leaves, primary_key

FEW = 4_096
"""How many values of a column are few."""
ROWS, RECORDS, KEYS, WHOLE = "rows", "records", "keys", "whole"
ON_SOME_ROWS = (RECORDS, KEYS)
"""The ways that show only some rows of those that are judged."""
_OF_VALUES = {
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_be_between",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_match_regex",
    "expect_column_value_lengths_to_be_between",
}
Held = Callable[[], Iterator[Block]]
Frames = Callable[[Held, Contract, Sequence[Expectation]], Iterator[pd.DataFrame]]


def way_of(rule: Expectation) -> str:
    """How a rule may be judged: on blocks of rows, on rows that may break it, or on its whole columns only."""
    if "mostly" in rule.arguments:
        return WHOLE
    if rule.kind.endswith("_within_record"):
        return RECORDS
    if "unique" in rule.kind:
        return KEYS
    return ROWS if is_about_values(rule) or rule.kind.startswith("expect_column_pair_values") else WHOLE


def is_about_values(rule: Expectation) -> bool:
    """Whether a rule says something of every value of one column, whatever stands in other rows."""
    return rule.kind in _OF_VALUES and "mostly" not in rule.arguments


@dataclass(frozen=True, slots=True)
class Few:
    """The values of a column, null once where it stands; of how many rows they are, and how many of these lack one."""

    values: pa.Array
    rows: int
    missing: int

    def and_those_of(self, values: pa.Array) -> "Few":
        """The same with another block's values."""
        known = pc.unique(pa.concat_arrays([self.values, _plain(pc.unique(values))]))
        return Few(known, self.rows + len(values), self.missing + pc.is_null(values, nan_is_null=True).true_count)


def few_values(held: Held, contract: Contract, columns: Iterable[str]) -> dict[str, Few]:
    """The values of those columns that have few; one that turns out to have many is read no further."""
    names, few = list(dict.fromkeys(columns)), dict[str, Few]()
    for block in held():
        for name in names:
            values = _values(block, contract, name)
            few[name] = few.get(name, Few(_plain(values.slice(0, 0)), 0, 0)).and_those_of(values)
        names = [name for name in names if len(few[name].values) <= FEW]
    return {name: few[name] for name in names}


def frame_of_values(few: dict[str, Few]) -> pd.DataFrame:
    """All values of some columns side by side; those of a column with fewer are repeated."""
    longest = max(len(one.values) for one in few.values())
    columns = [one.values.take(pa.array(np.resize(np.arange(len(one.values)), longest))) for one in few.values()]
    found: pd.DataFrame = pa.table([_wide(column) for column in columns], names=list(few)).to_pandas()
    return found


def _blocks(held: Held, contract: Contract, suite: Sequence[Expectation]) -> Iterator[pd.DataFrame]:
    """The columns of some rules, block by block; one frame without rows for an empty table."""
    columns = [*primary_key(contract), *_columns(suite)]
    for block in _or_empty(held, contract):
        yield frame(block, contract, columns)


def _or_empty(held: Held, contract: Contract) -> Iterator[Block]:
    found = held()
    return chain([next(found, Block([Slice(arrow_schema(contract).empty_table())], 0))], found)


def _records(held: Held, contract: Contract, suite: Sequence[Expectation]) -> Iterator[pd.DataFrame]:
    """The rows in which two columns of a rule may hold the same, or nothing."""
    columns = [*primary_key(contract), *_columns(suite)]
    pairs = sorted({pair for rule in suite for pair in combinations(rule.columns, 2)})
    for block in _or_empty(held, contract):
        alike = [_alike(_flat(block, contract, one), _flat(block, contract, other)) for one, other in pairs]
        rows = np.flatnonzero(np.logical_or.reduce(alike))
        if len(rows) or not block.start:
            yield frame(block, contract, columns).take(rows)


def _alike(one: pa.Array, other: pa.Array) -> npt.NDArray[np.bool_]:
    if one.type != other.type:
        return np.ones(len(one), dtype=bool)
    same = pc.or_(pc.fill_null(pc.equal(one, other), True), pc.is_null(one, nan_is_null=True))
    return np.asarray(same.to_numpy(zero_copy_only=False), dtype=bool)


def _suspects(held: Held, contract: Contract, suite: Sequence[Expectation]) -> Iterator[pd.DataFrame]:
    """The rows whose keys may stand more than once, all whose 64-bit hash does; and those without a key."""
    key = list(primary_key(contract))
    hashes = [_hashed(block, key) for block in held()]
    found, counts = np.unique(np.concatenate(hashes), return_counts=True)
    twice = [np.flatnonzero(np.isin(one, found[(counts > 1) | (found == 0)])) for one in hashes]
    parts = [
        frame(block, contract, key).take(rows)
        for block, rows in zip(held(), twice, strict=True)
        if len(rows) or not block.start
    ]
    yield pd.concat(parts, ignore_index=True)


def _hashed(block: Block, key: Sequence[str]) -> Keys:
    words = [block.hashes(name) if _worded(block, name) else block.numbers(name, -1).astype(np.uint64) for name in key]
    lacking = [block.values(name).is_null().to_numpy(zero_copy_only=False) for name in key]
    return np.where(np.logical_or.reduce(lacking), np.uint64(0), mix(*words))


def _worded(block: Block, name: str) -> bool:
    kind = block.values(name).type
    return bool(pa.types.is_dictionary(kind) or pa.types.is_string(kind))


def _whole(held: Held, contract: Contract, suite: Sequence[Expectation]) -> Iterator[pd.DataFrame]:
    """Whole columns, no more than some rules are about: none at all for a number of rows."""
    columns = _columns(suite)
    if not columns:
        yield pd.DataFrame(index=range(sum(block.rows for block in held())))
        return
    columns = [*primary_key(contract), *columns]
    yield pd.concat([frame(block, contract, columns) for block in held()], ignore_index=True)


FRAMES: dict[str, Frames] = {ROWS: _blocks, RECORDS: _records, KEYS: _suspects, WHOLE: _whole}
"""The frames of each way."""


def _columns(suite: Sequence[Expectation]) -> list[str]:
    return [name for expectation in suite for name in expectation.columns]


def frame(block: Block, contract: Contract, columns: Sequence[str]) -> pd.DataFrame:
    """Named columns of a block as pandas: `answer.kind` is a struct child, `n_images` the length of a list."""
    wanted = list(dict.fromkeys(columns))
    found: pd.DataFrame = pa.table([_wide(_flat(block, contract, name)) for name in wanted], names=wanted).to_pandas()
    return found


def _flat(block: Block, contract: Contract, name: str) -> pa.Array:
    return _plain(_values(block, contract, name))


def _values(block: Block, contract: Contract, name: str) -> pa.Array:
    """A column of a block, words as dictionaries where the file has them so."""
    counted, known = name.removeprefix("n_"), [column.name for column in contract.table.properties]
    if name not in known and counted in known:
        below = next(path for path, _ in leaves(contract) if path.startswith(f"{counted}[]"))
        return block.lengths(counted, below)
    return block.values(name)


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _wide(values: pa.Array) -> pa.Array:
    """Numbers as the library compares them all at once; of other widths it takes them one by one."""
    if pa.types.is_floating(values.type):
        return values.cast(pa.float64())
    return values.cast(pa.int64()) if pa.types.is_integer(values.type) and values.type != pa.uint64() else values
