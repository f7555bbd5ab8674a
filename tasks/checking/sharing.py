"""A second process for large versions: every other block of a pass each, figures in table order; then other work."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import pyarrow as pa

from schemas.discovery import find
from schemas.gate import Gate, Staged
from tasks.checking.blocks import Block, shares
from tasks.checking.folding import OverBlocks, Pass
from tasks.checking.memory import Memory
from tasks.versions.reader import VersionFolder

GATES = "tasks.gates"
WORTH_SHARING = 8
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


class Helper:
    """At most one more process, which starts when a large table is met and then does what it is given, in turn."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def start(self, work: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> "Future[_Found]":
        """Let the other process do something that can be named there, with values that can be sent."""
        self._pool = self._pool or ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        return self._pool.submit(work, *given, **named)

    def later(
        self, work: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs
    ) -> Callable[[], _Found]:
        """The result when it is asked for: of the other process where it runs already, else worked out then."""
        return self.start(work, *given, **named).result if self._pool else partial(work, *given, **named)


def is_large(staged: Staged, table: str) -> bool:
    """Whether a table is worth a second process."""
    return len(list(shares(staged, table))) >= WORTH_SHARING


@dataclass(frozen=True, slots=True)
class Shared:
    """A pass as another process is told of it: the version, the table, the gates with their parameters."""

    folder: Path
    table: str
    parameters: Mapping[str, Mapping[str, Any]]


def seen_together(told: Shared, together: Pass, memory: Memory, helper: Helper) -> list[dict[str, Any]]:
    """What the folds of a pass see of every block; tables of `WORTH_SHARING` blocks or more are read by two."""
    if not is_large(memory, told.table):
        return _every(together, memory, told.table, 0, 1)
    theirs = helper.start(_other_half, told)
    mine = _every(together, memory, told.table, 0, 2)
    pairs = zip_longest(mine, theirs.result())
    return [one for pair in pairs for one in pair if one is not None]


def _other_half(told: Shared) -> list[dict[str, Any]]:
    memory = Memory(VersionFolder(told.folder))
    found = _every(Pass(folds_of(memory, told)), memory, told.table, 1, 2)
    pa.default_memory_pool().release_unused()
    return found


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
