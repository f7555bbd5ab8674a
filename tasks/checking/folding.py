"""Gates that look at every row of a large table: a fold over its blocks, so that a gate holds figures and never rows.

A fold reads what it needs of small tables when it is made, says of each block what is `seen` there as compact figures,
and gives the verdict over all of them, in the order of the table. Blocks may be seen in other processes, so a fold
remembers nothing from one block to the next, and its figures are numbers and arrays.

    GATE = Gate(title="…", severity="error", check=OverBlocks(_Swaps), good=_good, bad=_bad)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from schemas.errors import BadTable
from schemas.gate import Staged, Verdict
from tasks.checking.blocks import Block, blocks
from tasks.checking.memory import Memory

Parameters = Mapping[str, Any]


class Fold(Protocol):
    """One gate over the blocks of a table."""

    def seen(self, block: Block) -> Any:
        """The figures of one block."""
        ...

    def verdict(self, seen: Sequence[Any]) -> Verdict:
        """The verdict over the figures of all blocks, in order; of none where the table is empty."""
        ...


@dataclass(frozen=True, slots=True)
class OverBlocks:
    """The check of a gate that folds over a table; called by itself it reads the table in this process.

    A fold that `rereads` rows for its verdict needs memory for them: it is judged last, when other figures are gone.
    """

    fold: Callable[[Memory, Parameters], Fold]
    table: str = "conversations"
    rereads: bool = False

    def __call__(self, staged: Staged, parameters: Parameters, most: int | None = None) -> Verdict:
        """The verdict on a staged version; it does not depend on how many rows at `most` a block has."""
        fold = self.fold(Memory(staged), parameters)
        return fold.verdict([fold.seen(block) for block in blocks(staged, self.table, most)])


class Pass:
    """Several folds over one table, each block read once for all of them; one that meets a bad table stops alone."""

    def __init__(self, folds: Mapping[str, Fold]) -> None:
        self._folds = folds

    def seen(self, block: Block) -> dict[str, Any]:
        """The figures of every fold about a block, or the error that stopped it."""
        return {name: _or_refusal(partial(fold.seen, block)) for name, fold in self._folds.items()}

    def verdicts(self, seen: Sequence[dict[str, Any]]) -> dict[str, Verdict | BadTable]:
        """The verdict of every fold, or the first error that stopped it; figures are let go as they are judged."""
        return {name: self._verdict(name, [one.pop(name) for one in seen]) for name in self._folds}

    def _verdict(self, name: str, seen: Sequence[Any]) -> Any:
        refused = next((one for one in seen if isinstance(one, BadTable)), None)
        return refused or _or_refusal(partial(self._folds[name].verdict, seen))


def _or_refusal(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except BadTable as error:
        return error
