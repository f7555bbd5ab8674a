"""How many different pictures, sets of pictures and questions about a set there are, apart from the number of rows.

A set is what a row shows, in any order; a question is its words about that set. Rows that repeat both teach nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.gate import Gate, ToyStaged, Verdict
from schemas.keys import mix, seed_of
from tasks.checking.blocks import Block, Keys
from tasks.checking.counting import joined, names_of, summed
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import SHOWN_IMAGE, Pictures
from tasks.checking.toy import toy_rows, toy_staged


@dataclass(frozen=True, slots=True)
class _Seen:
    """One number per row for its set and for its question about it; the pictures shown, as bits, and unknown ones."""

    sets: Keys
    asked: Keys
    shown: npt.NDArray[np.uint8]
    unknown: Keys


@dataclass(frozen=True)
class _Unique:
    """Count, and hold the share of rows that repeat another against `max_share`."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        pictures = Pictures.of(self.staged)
        place, hashes = pictures.shown(block), block.hashes(SHOWN_IMAGE)
        sets = summed(mix(seed_of("set"), hashes), block.rows_of(SHOWN_IMAGE), block.rows)
        shown = np.zeros(len(pictures.index), dtype=bool)
        shown[place[place >= 0]] = True
        return _Seen(sets, sets ^ _questions(block), np.packbits(shown), np.unique(hashes[place < 0]))

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        rows = sum(len(one.asked) for one in seen)
        questions, sets = _different(one.asked for one in seen), _different(one.sets for one in seen)
        share = 1 - questions / rows if rows else 0.0
        fine = share <= self.parameters["max_share"]
        return Verdict(
            passed=fine,
            figure=round(share, 6),
            summary=f"{rows:,} rows: {_pictures(seen):,} pictures, {sets:,} sets, {questions:,} questions about a set",
            failing=() if fine else names_of(self.staged, _repeats(joined(one.asked for one in seen))),
            remedy="Ask fewer rows of these families, or cap them per image and wording in the recipe.",
        )


def _different(parts: Iterable[Keys]) -> int:
    """How many different numbers there are, in the memory of one copy of them."""
    numbers = joined(parts)
    numbers.sort()
    return int(np.count_nonzero(numbers[1:] != numbers[:-1])) + min(len(numbers), 1)


def _repeats(numbers: Keys) -> npt.NDArray[np.int64]:
    """The places of all numbers that stand further up already."""
    again = np.ones(len(numbers), dtype=bool)
    again[np.unique(numbers, return_index=True)[1]] = False
    return np.flatnonzero(again)


def _pictures(seen: Sequence[_Seen]) -> int:
    """How many different pictures are shown."""
    if not seen:
        return 0
    known = np.bitwise_or.reduce([one.shown for one in seen])
    return int(np.bitwise_count(known).sum()) + len(np.unique(joined(one.unknown for one in seen)))


def _questions(block: Block) -> Keys:
    """One number per row for the words of its user turns, in whatever order."""
    asked = block.words("turns[].role").among(["user"])
    said = mix(seed_of("question"), block.hashes("turns[].text")[asked])
    return summed(said, block.rows_of("turns[].text")[asked], block.rows)


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["conversations"] += [{**row, "sample_id": f"{row['sample_id']}-again"} for row in rows["conversations"]]
    return toy_staged(rows)


GATE = Gate(
    title="Unique pictures, sets and questions", severity="warning", check=OverBlocks(_Unique), good=_good, bad=_bad
)
