"""Running every check on a version: contracts by structure, contracts by expectations, then the gates.

All of them are run and all findings collected: one broken promise never hides another. Only when the tables do not even
have the promised columns are the gates left out, because nothing they could say would mean anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.discovery import find
from schemas.errors import BadTable
from schemas.gate import Gate, Staged, Verdict
from tasks.checking.blocks import blocks, pieces
from tasks.checking.entries import MEND, Entry
from tasks.checking.folding import OverBlocks, Pass
from tasks.checking.memory import Memory
from tasks.checking.sharing import GATES, Helper, Shared, folds_of, seen_together
from tasks.contracts.load import Contract, GateRule, gate_rules, load_contracts
from tasks.versions.reader import VersionFolder


def run_gates(
    staged: Staged, contracts: Mapping[str, Contract], wishes: Mapping[str, Mapping[str, Any]] | None = None
) -> list[tuple[str, Gate, Verdict]]:
    """Every gate that the contracts name, in name order, with its verdict under their thresholds.

    `wishes` are the recipe's own parameters of gates (`wishes_of`), which no contract can know.
    Raises UnknownName when a contract names a gate that has no file.
    """
    with Helper() as helper:
        return looked(staged, contracts, wishes or {}, helper).verdicts()


_Seen = tuple[Pass, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Looked:
    """The gates of a version, when every large table has been read; the largest is still to be judged."""

    memory: Memory
    gates: Mapping[str, Gate]
    parameters: Mapping[str, Mapping[str, Any]]
    judged: Mapping[str, Verdict | BadTable]
    largest: _Seen | None

    def verdicts(self) -> list[tuple[str, Gate, Verdict]]:
        """Every gate with its verdict, in name order; the second time there is nothing left to judge."""
        if not (self.memory.has("images") and self.memory.has("person_images")):
            return [(name, gate, _not_judged("the version holds no images")) for name, gate in self.gates.items()]
        found = {**self.judged, **_verdicts(self.largest)}
        for name, gate in self.gates.items():
            if name not in found:
                found[name] = _plain(gate, self.memory, self.parameters[name])
        return [(name, gate, _verdict(found[name])) for name, gate in self.gates.items()]


def looked(
    staged: Staged, contracts: Mapping[str, Contract], wishes: Mapping[str, Mapping[str, Any]], helper: Helper
) -> Looked:
    """The gates that the contracts name, after one pass over each large table, which the helper reads half of.

    Figures of a table are judged before the next is read, so that those of two never lie in memory together.
    """
    memory, rules = Memory(staged), gate_rules(contracts)
    gates: dict[str, Gate] = {name: find(GATES, "GATE", name) for name in rules}
    parameters = {name: _parameters(name, rule, wishes) for name, rule in rules.items()}
    there = staged.has("images") and staged.has("person_images")
    large = {gate.check.table for gate in gates.values() if isinstance(gate.check, OverBlocks)} if there else set()
    judged: dict[str, Verdict | BadTable] = {}
    last: _Seen | None = None
    for table in _by_size(memory, large):
        judged |= _verdicts(last)
        last = _seen(memory, table, parameters, helper)
    return Looked(memory, gates, parameters, judged, last)


def _by_size(memory: Memory, names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (sum(piece.rows for piece in pieces(memory, name)), name))


def _verdicts(seen: _Seen | None) -> dict[str, Verdict | BadTable]:
    return seen[0].verdicts(seen[1]) if seen else {}


def _seen(memory: Memory, table: str, parameters: Mapping[str, Mapping[str, Any]], helper: Helper) -> _Seen:
    """What the gates that fold over a table have seen of it."""
    folder = memory.staged.folder if isinstance(memory.staged, VersionFolder) else None
    told = Shared(folder or Path(), table, parameters)
    together = Pass(folds_of(memory, told))
    if folder:
        return together, seen_together(told, together, memory, helper)
    return together, [together.seen(block) for block in blocks(memory, table)]


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
    """What a recipe, as a manifest holds it, asks of gates: overlaps to accept, families that withhold outfits."""
    families = recipe.get("families", {}).items()
    undressed = sorted(name for name, asked in families if "clothes" in asked.get("options", {}).get("withhold", []))
    return {
        "identity_leak": {"accepted": recipe.get("link", {}).get("accept", [])},
        "referential_integrity": {"undressed": undressed},
    }


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
