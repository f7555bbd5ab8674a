"""One pass over a large table shared with a second process: every other block each, figures in table order."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from schemas.discovery import find
from schemas.gate import Gate
from tasks.checking.blocks import Block, shares
from tasks.checking.folding import OverBlocks, Pass
from tasks.checking.memory import Memory
from tasks.versions.reader import VersionFolder

GATES = "tasks.gates"
WORTH_SHARING = 8


@dataclass(frozen=True, slots=True)
class Shared:
    """A pass as another process is told of it: the version, the table, the gates with their parameters."""

    folder: Path
    table: str
    parameters: Mapping[str, Mapping[str, Any]]


def seen_together(told: Shared, together: Pass, memory: Memory) -> list[dict[str, Any]]:
    """What the folds of a pass see of every block; tables of `WORTH_SHARING` blocks or more are read by two."""
    if len(list(shares(memory, told.table))) < WORTH_SHARING:
        return _every(together, memory, told.table, 0, 1)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        theirs = pool.submit(_other_half, told)
        mine = _every(together, memory, told.table, 0, 2)
        pairs = zip_longest(mine, theirs.result())
    return [one for pair in pairs for one in pair if one is not None]


def _other_half(told: Shared) -> list[dict[str, Any]]:
    memory = Memory(VersionFolder(told.folder))
    return _every(Pass(folds_of(memory, told)), memory, told.table, 1, 2)


def folds_of(memory: Memory, told: Shared) -> dict[str, Any]:
    """The folds of a pass, made in this process."""
    gates: dict[str, Gate] = {name: find(GATES, "GATE", name) for name in told.parameters}
    return {
        name: gate.check.fold(memory, told.parameters[name])
        for name, gate in gates.items()
        if isinstance(gate.check, OverBlocks) and gate.check.table == told.table
    }


def _every(together: Pass, memory: Memory, table: str, first: int, step: int) -> list[dict[str, Any]]:
    """The figures of every `step`-th block from the `first` on."""
    found, start = [], 0
    for number, pieces in enumerate(shares(memory, table)):
        block = Block(pieces, start)
        start += block.rows
        if number % step == first:
            found.append(together.seen(block))
    return found
