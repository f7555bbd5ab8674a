"""Running every check on a version: contracts by structure, contracts by expectations, then the gates.

All of them are run and all findings collected: one broken promise never hides another. Only when the tables do not even
have the promised columns are the gates left out, because nothing they could say would mean anything.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.discovery import find
from schemas.errors import BadTable
from schemas.gate import Gate, Staged, Verdict
from tasks.checking.blocks import blocks
from tasks.checking.entries import MEND, Entry
from tasks.checking.folding import OverBlocks, Pass
from tasks.checking.memory import Memory
from tasks.checking.sharing import GATES, Shared, folds_of, seen_together
from tasks.contracts.load import Contract, GateRule, gate_rules, load_contracts
from tasks.versions.reader import VersionFolder


def run_gates(
    staged: Staged, contracts: Mapping[str, Contract], wishes: Mapping[str, Mapping[str, Any]] | None = None
) -> list[tuple[str, Gate, Verdict]]:
    """Every gate that the contracts name, in name order, with its verdict under their thresholds.

    `wishes` are the recipe's own parameters of gates (`wishes_of`), which no contract can know.
    Raises UnknownName when a contract names a gate that has no file.
    """
    memory = Memory(staged)
    gates: dict[str, Gate] = {name: find(GATES, "GATE", name) for name in gate_rules(contracts)}
    if not (staged.has("images") and staged.has("person_images")):
        return [(name, gate, _not_judged("the version holds no images")) for name, gate in gates.items()]
    parameters = {name: _parameters(name, rule, wishes or {}) for name, rule in gate_rules(contracts).items()}
    found: dict[str, Verdict | BadTable] = {}
    for table in sorted({gate.check.table for gate in gates.values() if isinstance(gate.check, OverBlocks)}):
        found |= _folded(memory, table, parameters)
    for name, gate in gates.items():
        if name not in found:
            found[name] = _plain(gate, memory, parameters[name])
    return [(name, gate, _verdict(found[name])) for name, gate in gates.items()]


def _folded(memory: Memory, table: str, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Verdict | BadTable]:
    """The verdicts of the gates that fold over a table, in one pass over it."""
    folder = memory.staged.folder if isinstance(memory.staged, VersionFolder) else None
    told = Shared(folder or Path(), table, parameters)
    together = Pass(folds_of(memory, told))
    if folder:
        return together.verdicts(seen_together(told, together, memory))
    return together.verdicts([together.seen(block) for block in blocks(memory, table)])


def _plain(gate: Gate, staged: Staged, parameters: Mapping[str, Any]) -> Verdict | BadTable:
    try:
        return gate.check(staged, parameters)
    except BadTable as error:
        return error


def _verdict(found: Verdict | BadTable) -> Verdict:
    return found if isinstance(found, Verdict) else _not_judged(str(found))


def _not_judged(why: str) -> Verdict:
    return Verdict(passed=False, figure=0.0, summary=f"not judged: {why}", remedy=MEND)


def _parameters(name: str, rule: GateRule, wishes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {**_shipped(name), **rule.parameters, **wishes.get(name, {})}


def _shipped(gate: str) -> Mapping[str, Any]:
    """The thresholds of today: a version's own contracts may be older than a parameter that the gate now reads."""
    rule = gate_rules(load_contracts()).get(gate)
    return rule.parameters if rule else {}


def wishes_of(recipe: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a recipe, as a manifest holds it, asks of gates: the overlaps that the leak gate is to accept."""
    return {"identity_leak": {"accepted": recipe.get("link", {}).get("accept", [])}}


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
