"""The thorough half of a contract: its rules run by Great Expectations on a pandas frame, failing ids included.

The only module that loads Great Expectations, inside functions because it takes seconds. Nothing is written to disk and
nothing leaves the machine: an ephemeral context, analytics off, progress bars off. Image bytes never enter a frame.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from schemas.errors import BadContract, BadTable
from schemas.gate import Staged
from schemas.keys import mix
from tasks.checking.blocks import Block, Keys, Slice, blocks, shares
from tasks.contracts.compiling import Expectation, compile_contract
from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.load import Contract, arrow_schema, leaves, primary_key

AT_ONCE = 131_072
"""How many rows a suite is run on at once: the library takes most of a second for each run, however few they are, and
some kilobytes for each row that has long texts."""
_ROWS, _KEYS, _WHOLE = "rows", "keys", "whole"
Held = Callable[[], Iterator[Block]]
_SEVERITY = {"error": "critical", "warning": "warning"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one expectation: how many values break it, and the keys of the first of them.

    `looked_at` values were judged, null ones (`missing`) among them; `observed` is the figure of a rule about a whole
    table, such as its rows.
    """

    table: str
    kind: str
    arguments: Mapping[str, Any]
    severity: str
    passed: bool
    count: int
    failing: tuple[str, ...]
    looked_at: int = 0
    missing: int = 0
    observed: int | float | str | None = None

    def as_json(self) -> dict[str, Any]:
        """The outcome as plain JSON values: no times, no run ids."""
        return {**asdict(self), "failing": list(self.failing)}

    def as_finding(self) -> Finding:
        """A broken expectation as every check reports it."""
        words = self.kind.removeprefix("expect_").replace("_", " ")
        about = ", ".join(Expectation(self.kind, dict(self.arguments)).columns)
        summary = f"{about}: expected {words}" if about else f"expected {words}"
        return Finding(
            table=self.table,
            check=self.kind,
            summary=summary,
            severity=self.severity,
            count=max(self.count, 1),
            failing=self.failing,
        )


def check_expectations(staged: Staged, contracts: Mapping[str, Contract], most: int = AT_ONCE) -> list[Outcome]:
    """Run every table's suite on at most `most` rows at a time; tables that the version lacks are left out.

    Takes seconds: it loads the library. Raises BadTable for a file that cannot be read to its end.
    """
    outcomes: list[Outcome] = []
    for _, found in _each(staged, contracts, most):
        if isinstance(found, BadTable):
            raise found
        outcomes.extend(found)
    return outcomes


def broken_expectations(staged: Staged, contracts: Mapping[str, Contract]) -> list[Finding]:
    """What a check says of a version: the rules that are broken, and the tables that cannot be read to their end."""
    broken: list[Finding] = []
    for name, found in _each(staged, contracts, AT_ONCE):
        if isinstance(found, BadTable):
            broken.append(Finding(table=name, check="readable", summary=str(found).removesuffix(".")))
        else:
            broken.extend(outcome.as_finding() for outcome in found if not outcome.passed)
    return broken


def _each(
    staged: Staged, contracts: Mapping[str, Contract], most: int
) -> Iterator[tuple[str, list[Outcome] | BadTable]]:
    """The name and the outcomes of every table that is there, or why it cannot be read."""
    gx = _library()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    engine = _Engine(gx, context, context.data_sources.add_pandas("version"))
    for name in sorted(filter(staged.has, contracts)):
        try:
            yield name, _table(engine, staged, contracts[name], most)
        except BadTable as error:
            yield name, error


def _table(engine: "_Engine", staged: Staged, contract: Contract, most: int) -> list[Outcome]:
    """The outcomes of a table's suite in its order: rules about single rows block by block, others by themselves."""
    suite = compile_contract(contract)
    several = len(list(islice(shares(staged, contract.name, most), 2))) > 1
    held = partial(blocks, staged, contract.name, most)
    ways = [_way(expectation) if several else _ROWS for expectation in suite]
    found: dict[int, Outcome] = {}
    for way, frames in ((_ROWS, _frames), (_KEYS, _suspects), (_WHOLE, _whole)):
        places = [place for place, one in enumerate(ways) if one == way]
        if places:
            mine = [suite[place] for place in places]
            run = engine.suite(f"{contract.name} {way}", contract, mine)
            each = [run(part) for part in frames(held, contract, mine)]
            found |= {place: _merged([one[n] for one in each]) for n, place in enumerate(places)}
    rows = sum(block.rows for block in held())
    found |= {place: replace(found[place], looked_at=rows) for place, way in enumerate(ways) if way == _KEYS}
    return [found[place] for place in range(len(suite))]


def _way(expectation: Expectation) -> str:
    """How a rule may be judged: on blocks of rows, on rows that may share a key, or on its whole columns only."""
    within = expectation.kind.endswith("_within_record")
    if "unique" in expectation.kind and not within:
        return _KEYS
    single = within or expectation.kind.startswith(("expect_column_value", "expect_column_pair_values"))
    return _ROWS if single and "mostly" not in expectation.arguments else _WHOLE


def _merged(found: Sequence[Outcome]) -> Outcome:
    """One rule's outcome over all frames it was run on."""
    ids = sorted({name for one in found for name in one.failing})
    count, looked_at, missing = (sum(getattr(one, name) for one in found) for name in ("count", "looked_at", "missing"))
    return replace(
        found[0],
        passed=all(one.passed for one in found),
        count=count,
        failing=tuple(ids[:SHOWN]),
        looked_at=looked_at,
        missing=missing,
    )


def _frames(held: Held, contract: Contract, suite: Sequence[Expectation]) -> Iterator[pd.DataFrame]:
    """The columns of some rules, block by block; one frame without rows for an empty table."""
    columns = [*primary_key(contract), *_columns(suite)]
    found = held()
    empty = Block([Slice(arrow_schema(contract).empty_table())], 0)
    for block in chain([next(found, empty)], found):
        yield frame(block, contract, columns)


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


def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports modules that Python deprecates
        import great_expectations
        import great_expectations.expectations
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)  # temporary folders
    return great_expectations


def _columns(suite: Sequence[Expectation]) -> list[str]:
    return [name for expectation in suite for name in expectation.columns]


def frame(block: Block, contract: Contract, columns: Sequence[str]) -> pd.DataFrame:
    """Named columns of a block as pandas: `answer.kind` is a struct child, `n_images` the length of a list."""
    wanted = list(dict.fromkeys(columns))
    found: pd.DataFrame = pa.table([_flat(block, contract, name) for name in wanted], names=wanted).to_pandas()
    return found


def _flat(block: Block, contract: Contract, name: str) -> pa.Array:
    counted, known = name.removeprefix("n_"), [column.name for column in contract.table.properties]
    if name not in known and counted in known:
        below = next(path for path, _ in leaves(contract) if path.startswith(f"{counted}[]"))
        return block.lengths(counted, below)
    return block.plain(name)


@dataclass(frozen=True, slots=True)
class _Engine:
    """The library, its context and its source of frames."""

    gx: Any
    context: Any
    source: Any

    def suite(
        self, name: str, contract: Contract, suite: Sequence[Expectation]
    ) -> Callable[[pd.DataFrame], list[Outcome]]:
        """Some rules of a contract, to be run on frames."""
        batch = self.source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
        built = [_expectation(self.gx, expectation) for expectation in suite]
        named = self.context.suites.add(self.gx.ExpectationSuite(name=name, expectations=built))
        checked = self.context.validation_definitions.add(
            self.gx.ValidationDefinition(name=name, data=batch, suite=named)
        )
        format_ = {"result_format": "COMPLETE", "unexpected_index_column_names": list(primary_key(contract))}

        def run(found: pd.DataFrame) -> list[Outcome]:
            result = checked.run(batch_parameters={"dataframe": found}, result_format=format_)
            by_id = {str(one.expectation_config.id): one for one in result.results}
            results = [by_id[str(expectation.id)] for expectation in named.expectations]
            return [_outcome(contract, expectation, one) for expectation, one in zip(suite, results, strict=True)]

        return run


def _expectation(gx: Any, expectation: Expectation) -> Any:
    name = "".join(part.title() for part in expectation.kind.split("_"))
    kind = getattr(gx.expectations, name, None)
    if kind is None:
        raise BadContract(f"There is no expectation of the type {expectation.kind!r}; see the Great Expectations list.")
    return kind(**expectation.arguments, severity=_SEVERITY[expectation.severity])


def _outcome(contract: Contract, expectation: Expectation, one: Any) -> Outcome:
    result = one.result
    raised = one.exception_info.get("exception_message")
    if raised:
        words = str(raised).splitlines()[0]
        raise BadContract(f"The rule {expectation.kind} of {contract.name!r} cannot be run: {words}")
    places = [] if one.success else result.get("unexpected_index_list") or []
    key = primary_key(contract)
    ids = sorted({" | ".join(str(place.get(name)) for name in key) for place in places})
    return Outcome(
        table=contract.name,
        kind=expectation.kind,
        arguments=expectation.arguments,
        severity=expectation.severity,
        passed=bool(one.success),
        count=int(result.get("unexpected_count") or 0),
        failing=tuple(ids[:SHOWN]),
        looked_at=int(result.get("element_count") or 0),
        missing=int(result.get("missing_count") or 0),
        observed=_plain(result.get("observed_value")),
    )


def _plain(value: Any) -> int | float | str | None:
    """A figure as JSON holds it."""
    if value is None or isinstance(value, (int, str)):
        return value
    return float(value) if isinstance(value, float) else str(value)
