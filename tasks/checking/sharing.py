"""A second process for large versions: of a pass each of the two reads every other block; later it does other work."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from schemas.discovery import find
from schemas.gate import Gate, Staged
from schemas.tables import TABLES
from tasks.checking.blocks import BLOCK_ROWS, Block, shares
from tasks.checking.folding import OverBlocks, Pass
from tasks.checking.memory import Memory
from tasks.versions.reader import VersionFolder

GATES = "tasks.gates"
WORTH_SHARING = 8
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


class Helper:
    """At most one other process at a time, started when a large table is met, and a new one for every piece of work.

    So the memory that one piece took, and what its allocator kept of it, is gone before the next begins.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def start(self, work: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> "Future[_Found]":
        """Begin a module-level function, with arguments that can be pickled, in a new process; the old one ends."""
        self._end()
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        return self._pool.submit(work, *given, **named)

    def _end(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def later(
        self, work: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs
    ) -> Callable[[], _Found]:
        """A call for the result of some work: begun in a new process if one is in use, else done here when called."""
        return self.start(work, *given, **named).result if self._pool else partial(work, *given, **named)


def is_large(staged: Staged, table: str) -> bool:
    """Whether a table is worth a second process."""
    return len(list(shares(staged, table))) >= WORTH_SHARING


def takes_much_memory(staged: Staged) -> bool:
    """Whether any table has so many rows that what checking it takes is better given back to the machine: few questions
    may be asked about pictures that have millions of neighbours."""
    return any(len(list(shares(staged, table, BLOCK_ROWS))) >= WORTH_SHARING for table in TABLES)


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
    return _every(Pass(folds_of(memory, told)), memory, told.table, 1, 2)


def folds_of(memory: Memory, told: Shared) -> dict[str, Any]:
    """The folds of a pass, made in this process, in the order in which they are to be judged."""
    gates: dict[str, Gate] = {name: find(GATES, "GATE", name) for name in told.parameters}
    checks = {name: gate.check for name, gate in gates.items() if isinstance(gate.check, OverBlocks)}
    mine = [(name, check) for name, check in checks.items() if check.table == told.table]
    mine.sort(key=lambda named: named[1].rereads)
    return {name: check.fold(memory, told.parameters[name]) for name, check in mine}


def _every(together: Pass, memory: Memory, table: str, first: int, step: int) -> list[dict[str, Any]]:
    """The figures of every `step`-th block from the `first` on."""
    found, start = [], 0
    for number, pieces in enumerate(shares(memory, table)):
        block = Block(pieces, start)
        start += block.rows
        if number % step == first:
            found.append(together.seen(block))
    return found
