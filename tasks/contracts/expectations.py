"""The thorough half of a contract: its rules run by Great Expectations on a pandas frame, failing ids included.

The only module that loads Great Expectations, inside functions because it takes seconds. Nothing is written to disk and
nothing leaves the machine: an ephemeral context, analytics off, progress bars off. Image bytes never enter a frame.
"""

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadContract
from schemas.gate import Staged
from tasks.contracts.compiling import Expectation, compile_contract
from tasks.contracts.finding import SHOWN, Finding
from tasks.contracts.load import Contract, primary_key
from tasks.contracts.paths import cells

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


def check_expectations(staged: Staged, contracts: Mapping[str, Contract]) -> list[Outcome]:
    """Run every table's suite once; tables that the version lacks are left out. Takes seconds: it loads the library."""
    gx = _library()
    context = gx.get_context(mode="ephemeral")
    bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    context.variables.progress_bars = bars
    source = context.data_sources.add_pandas("version")
    outcomes: list[Outcome] = []
    for name, contract in sorted(contracts.items()):
        if staged.has(name):
            suite = compile_contract(contract)
            found = frame(staged.table(name), [*primary_key(contract), *_columns(suite)])
            outcomes.extend(_run(gx, context, source, contract, suite, found))
    return outcomes


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


def frame(table: pa.Table, columns: Sequence[str]) -> pd.DataFrame:
    """Named columns of a table as pandas: `answer.kind` is a struct child, `n_images` the length of a list."""
    wanted = list(dict.fromkeys(columns))
    arrays = [_flat(table, name) for name in wanted]
    found: pd.DataFrame = pa.table(arrays, names=wanted).to_pandas()
    return found


def _flat(table: pa.Table, name: str) -> pa.Array:
    counted = name.removeprefix("n_")
    if name not in table.column_names and counted in table.column_names:
        return pc.list_value_length(table.column(counted))
    return cells(table, name).values


def _run(
    gx: Any,
    context: Any,
    source: Any,
    contract: Contract,
    suite: Sequence[Expectation],
    found: pd.DataFrame,
) -> list[Outcome]:
    batch = source.add_dataframe_asset(contract.name).add_batch_definition_whole_dataframe("whole")
    built = [_expectation(gx, expectation) for expectation in suite]
    named = context.suites.add(gx.ExpectationSuite(name=contract.name, expectations=built))
    definition = gx.ValidationDefinition(name=contract.name, data=batch, suite=named)
    result = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": found},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": list(primary_key(contract)),
        },
    )
    by_id = {str(one.expectation_config.id): one for one in result.results}
    results = [by_id[str(expectation.id)] for expectation in named.expectations]
    return [_outcome(contract, expectation, one) for expectation, one in zip(suite, results, strict=True)]


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
