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
from itertools import islice
from typing import Any

import pandas as pd

from schemas.errors import BadContract, BadTable
from schemas.gate import Staged
from tasks.checking.blocks import blocks, shares
from tasks.contracts.compiling import Expectation, compile_contract
from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.frames import (
    FRAMES,
    ON_SOME_ROWS,
    RECORDS,
    ROWS,
    Held,
    few_values,
    frame_of_values,
    is_about_values,
    way_of,
)
from tasks.contracts.load import Contract, primary_key

AT_ONCE = 131_072
"""How many rows a suite is run on at once: the library takes most of a second for each run, however few they are, and
some kilobytes for each row that has long texts."""
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
    """The outcomes of a table's suite in its order, each rule judged in the cheapest way that tells the same."""
    suite = compile_contract(contract)
    held, several = partial(blocks, staged, contract.name, most), _several(staged, contract.name, most)
    found = _of_few_values(engine, contract, suite, held) if several else {}
    ways = [way_of(rule) if several or way_of(rule) == RECORDS else ROWS for rule in suite]
    for way, frames in FRAMES.items():
        places = [place for place, one in enumerate(ways) if one == way and place not in found]
        if places:
            mine = [suite[place] for place in places]
            run = engine.suite(f"{contract.name} {way}", contract, mine)
            each = [run(part) for part in frames(held, contract, mine)]
            found |= {place: _merged([one[n] for one in each]) for n, place in enumerate(places)}
    rows = sum(block.rows for block in held())
    found |= {place: replace(found[place], looked_at=rows) for place, way in enumerate(ways) if way in ON_SOME_ROWS}
    return [found[place] for place in range(len(suite))]


def _several(staged: Staged, table: str, most: int) -> bool:
    return len(list(islice(shares(staged, table, most), 2))) > 1


def _of_few_values(
    engine: "_Engine", contract: Contract, suite: Sequence[Expectation], held: Held
) -> dict[int, Outcome]:
    """The rules about single values that hold for each of the few values of their column, and so for every row."""
    single = {place: rule.columns[0] for place, rule in enumerate(suite) if is_about_values(rule)}
    few = few_values(held, contract, single.values())
    places = [place for place, column in single.items() if column in few]
    if not places:
        return {}
    run = engine.suite(f"{contract.name} values", contract, [suite[place] for place in places])
    keep: dict[int, Outcome] = {}
    for place, outcome in zip(places, run(frame_of_values(few)), strict=True):
        if outcome.passed:
            told = few[single[place]]
            keep[place] = replace(outcome, looked_at=told.rows, missing=told.missing)
    return keep


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


def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports modules that Python deprecates
        import great_expectations
        import great_expectations.expectations
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)  # temporary folders
    return great_expectations


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
