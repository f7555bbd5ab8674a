"""Hold a staged version against every promise: contracts by structure and by expectations, then the gates.

The step's folder holds `gates.json` (a list of verdicts with failing ids and remedies), `checks.json` (structural
findings) and `expectations.json` (every Great Expectations rule and its outcome). It never refuses; publishing does.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import data_contracts
import tasks.checking
import tasks.contracts
import tasks.gates
from generators import links
from schemas import answers, gate, keys, tables, vocabulary
from schemas.keys import canonical_json, code_revision, folder_revision
from schemas.recipe import Recipe
from tasks.checking.entries import Entry, contract_entry
from tasks.checking.report import contracts_of
from tasks.checking.runner import gate_entries, gates_left_out, looked, wishes_of
from tasks.checking.sharing import Helper, takes_much_memory
from tasks.contracts.load import Contract
from tasks.contracts.structure import check_files
from tasks.contracts.tables import check_tables
from tasks.steps.apart import apart
from tasks.steps.store import StepOutput, run_step
from tasks.versions.reader import VersionFolder

if TYPE_CHECKING:
    from tasks.contracts.expectations import Outcome


def validate(store: Path, staged: StepOutput, recipe: Recipe) -> StepOutput:
    """Check a staged version once per content and per revision of the checks. Facts: the verdicts, and which failed."""

    def work(folder: Path) -> dict[str, Any]:
        given = (staged.folder, folder, wishes)
        if takes_much_memory(VersionFolder(staged.folder)):
            return _facts(apart(_checked, *given, lean=True))
        return _facts(_checked(*given))

    wishes = wishes_of(recipe.model_dump(mode="json"))
    inputs = {"staged": staged.digest, "checks": _revision(), "recipe": recipe.name, "wishes": wishes}
    return run_step(store, "validate", inputs, work)


def _revision() -> str:
    folders = [Path(package.__path__[0]) for package in (tasks.checking, tasks.contracts, tasks.gates)]
    folders.append(Path(data_contracts.__path__[0]))
    return folder_revision(*folders) + code_revision(links, answers, gate, keys, tables, vocabulary)


def _checked(version: Path, folder: Path, wishes: Mapping[str, Mapping[str, Any]]) -> list[Entry]:
    """Run every check on a version folder and write what was found; the entries of gates.json."""
    staged, contracts = VersionFolder(version), contracts_of(version)
    shape = check_files(staged, contracts)
    rows = check_tables(staged, contracts, shape)
    gates, outcomes = (gates_left_out(contracts), []) if shape else _judged(version, contracts, wishes)
    broken = [outcome.as_finding() for outcome in outcomes if not outcome.passed]
    held = f"{len(contracts)} tables keep their contracts"
    entries = [
        contract_entry("contract", "Contracts kept", [*shape, *rows], held),
        contract_entry("expectations", "Great Expectations", broken, f"{len(outcomes)} expectations hold"),
        *gates,
    ]
    _write(folder / "gates.json", [entry.as_json() for entry in entries])
    _write(folder / "checks.json", [finding.as_json() for finding in (*shape, *rows)])
    _write(folder / "expectations.json", [outcome.as_json() for outcome in outcomes])
    return entries


def _judged(
    version: Path, contracts: Mapping[str, Contract], wishes: Mapping[str, Mapping[str, Any]]
) -> "tuple[list[Entry], list[Outcome]]":
    """Gates and expectations; of a large version a second process takes the expectations while verdicts are given."""
    from tasks.contracts.expectations import check_expectations

    with Helper() as helper:
        seen = looked(VersionFolder(version), contracts, wishes, helper)
        expected = helper.later(check_expectations, VersionFolder(version), contracts)
        gates = gate_entries(seen.verdicts())
        return gates, expected()


def _write(path: Path, value: Sequence[Any]) -> None:
    path.write_bytes(canonical_json(value) + b"\n")


def _facts(entries: Sequence[Entry]) -> dict[str, Any]:
    published = [{k: v for k, v in entry.as_json().items() if k not in ("failing", "remedy")} for entry in entries]
    failed = [entry.name for entry in entries if not entry.passed and entry.severity == "error"]
    return {"gates": published, "passed": not failed, "failed": failed}
