"""Wording of verdicts that the gates share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from schemas.gate import Verdict

SHOWN = 20
_WORDED = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """One cell that a statistical gate looked at; it fails when there is `enough` of it and its `excess` is above 0."""

    cell: str
    enough: bool
    excess: float
    words: str

    @property
    def failed(self) -> bool:
        """Whether the cell breaks its promise beyond chance."""
        return self.enough and self.excess > 0


def first_ids(ids: Iterable[object]) -> tuple[str, ...]:
    """The first failing ids, as many as a verdict shows."""
    return tuple(str(name) for name in islice(ids, SHOWN))


def judged(found: Sequence[Judged], good: str, remedy: str) -> Verdict:
    """The verdict over cells: failing cells in words, else what is good; cells with too few rows are named.

    The figure is the largest excess over what is promised, 0 when nothing exceeds it.
    """
    failed = [one for one in found if one.failed]
    small = sorted({one.cell for one in found if not one.enough})
    words = "; ".join(one.words for one in failed[:_WORDED]) or (good if len(small) < len(found) else "")
    few = f"too few rows to judge: {', '.join(small[:_WORDED])}{' …' if len(small) > _WORDED else ''}" if small else ""
    excess = max((one.excess for one in found if one.enough), default=0.0)
    return Verdict(
        passed=not failed,
        figure=round(max(excess, 0.0), 6),
        summary="; ".join(part for part in (words, few) if part) or "nothing to judge",
        failing=first_ids(dict.fromkeys(one.cell for one in failed)),
        remedy=remedy,
    )
