"""Running every check on a version: contracts by structure, contracts by expectations, then the gates.

All of them are run and all findings collected: one broken promise never hides another. Only when the tables do not even
have the promised columns are the gates left out, because nothing they could say would mean anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from schemas.discovery import find
from schemas.errors import BadTable
from schemas.gate import Gate, Staged, Verdict
from tasks.checking.verdicts import first_ids
from tasks.contracts.finding import Finding
from tasks.contracts.load import Contract, gate_rules

GATES = "tasks.gates"
_MEND = "Build again from the raw folders with this version of the code."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One check as it is published: a gate's verdict, or all findings of one kind of contract check."""

    name: str
    title: str
    severity: str
    passed: bool
    figure: float
    summary: str
    failing: tuple[str, ...] = ()
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry as plain JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"failing": list(self.failing), "remedy": "" if self.passed else self.remedy}


class Memory:
    """A staged version that reads each table once, except the pictures; gates ask for the same columns again."""

    def __init__(self, staged: Staged) -> None:
        self._staged = staged
        self._read: dict[str, pa.Table] = {}

    def has(self, table: str) -> bool:
        """Whether the version holds that table."""
        return self._staged.has(table)

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One table, with only the named columns when any are named; pictures are read anew each time."""
        if table == "images" and (columns is None or "image" in columns):
            return self._staged.table(table, columns)
        if table not in self._read:
            self._read[table] = self._whole(table)
        return self._read[table].select(list(columns)) if columns else self._read[table]

    def _whole(self, table: str) -> pa.Table:
        if table == "images":
            names = ("image_id", "source", "sha256", "n_bytes", "width", "height", "format", "phash", "decode_note")
            return self._staged.table(table, names)
        return self._staged.table(table)


def run_gates(
    staged: Staged, contracts: Mapping[str, Contract], wishes: Mapping[str, Mapping[str, Any]] | None = None
) -> list[tuple[str, Gate, Verdict]]:
    """Every gate that the contracts name, in name order, with its verdict under their thresholds.

    `wishes` are the recipe's own parameters of gates (`wishes_of`), which no contract can know.
    Raises UnknownName when a contract names a gate that has no file.
    """
    memory = Memory(staged)
    found: list[tuple[str, Gate, Verdict]] = []
    for name, rule in gate_rules(contracts).items():
        gate: Gate = find(GATES, "GATE", name)
        found.append((name, gate, _verdict(gate, memory, {**rule.parameters, **(wishes or {}).get(name, {})})))
    return found


def wishes_of(recipe: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a recipe, as a manifest holds it, asks of gates: the overlaps that the leak gate is to accept."""
    return {"identity_leak": {"accepted": recipe.get("link", {}).get("accept", [])}}


def _verdict(gate: Gate, staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    if not (staged.has("images") and staged.has("person_images")):
        return Verdict(passed=False, figure=0.0, summary="not judged: the version holds no images", remedy=_MEND)
    try:
        return gate.check(staged, parameters)
    except BadTable as error:
        return Verdict(passed=False, figure=0.0, summary=f"not judged: {error}", remedy=_MEND)


def gate_entries(found: Sequence[tuple[str, Gate, Verdict]]) -> list[Entry]:
    """Verdicts as they are published."""
    return [
        Entry(
            name=name,
            title=gate.title,
            severity=gate.severity,
            passed=verdict.passed,
            figure=verdict.figure,
            summary=verdict.summary,
            failing=verdict.failing,
            remedy=verdict.remedy,
        )
        for name, gate, verdict in found
    ]


def gates_left_out(contracts: Mapping[str, Contract]) -> list[Entry]:
    """The entries of gates that were not run because the tables do not have the promised columns."""
    return [
        Entry(
            name=name,
            title=find(GATES, "GATE", name).title,
            severity=rule.severity,
            passed=False,
            figure=0.0,
            summary="not judged: the tables do not have the columns that their contracts promise",
            remedy=_MEND,
        )
        for name, rule in gate_rules(contracts).items()
    ]


def contract_entry(name: str, title: str, findings: Sequence[Finding], held: str) -> Entry:
    """The findings of one kind of contract check as one entry; it blocks when any finding is an error."""
    errors = [finding for finding in findings if finding.severity == "error"]
    severity = "error" if errors or not findings else "warning"
    return Entry(
        name=name,
        title=title,
        severity=severity,
        passed=not findings,
        figure=float(len(findings)),
        summary="; ".join(describe(finding) for finding in findings) or held,
        failing=first_ids(dict.fromkeys(name for finding in findings for name in finding.failing)),
        remedy=_MEND,
    )


def describe(finding: Finding) -> str:
    """A finding in one phrase: `images: width is below 1 (3 rows)`."""
    rows = "1 row" if finding.count == 1 else f"{finding.count} rows"
    return f"{finding.table}: {finding.summary}" + (f" ({rows})" if finding.failing else "")
