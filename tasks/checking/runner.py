"""Running every check on a version: contracts by structure, contracts by expectations, then the gates.

All of them are run and all findings collected: one broken promise never hides another. Only when the tables do not even
have the promised columns are the gates left out, because nothing they could say would mean anything.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from schemas.discovery import find
from schemas.errors import BadTable
from schemas.gate import Gate, Staged, Verdict
from tasks.checking.entries import MEND, Entry
from tasks.contracts.load import Contract, gate_rules, load_contracts

GATES = "tasks.gates"


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
        parameters = {**_shipped(name), **rule.parameters, **(wishes or {}).get(name, {})}
        found.append((name, gate, _verdict(gate, memory, parameters)))
    return found


def _shipped(gate: str) -> Mapping[str, Any]:
    """The thresholds of today: a version's own contracts may be older than a parameter that the gate now reads."""
    rule = gate_rules(load_contracts()).get(gate)
    return rule.parameters if rule else {}


def wishes_of(recipe: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a recipe, as a manifest holds it, asks of gates: the overlaps that the leak gate is to accept."""
    return {"identity_leak": {"accepted": recipe.get("link", {}).get("accept", [])}}


def _verdict(gate: Gate, staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    if not (staged.has("images") and staged.has("person_images")):
        return Verdict(passed=False, figure=0.0, summary="not judged: the version holds no images", remedy=MEND)
    try:
        return gate.check(staged, parameters)
    except BadTable as error:
        return Verdict(passed=False, figure=0.0, summary=f"not judged: {error}", remedy=MEND)


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
            remedy=MEND,
        )
        for name, rule in gate_rules(contracts).items()
    ]
