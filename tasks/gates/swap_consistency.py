"""Two pictures show one person or they do not: all rows about the pair agree, in whichever order and family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.gate import Gate, ToyStaged, Verdict
from schemas.keys import mix
from tasks.checking.blocks import Block, Ints, Keys
from tasks.checking.counting import joined, names_of
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.toy import toy_rows, toy_staged


@dataclass(frozen=True, slots=True)
class _Seen:
    """The rows of a block that ask about two pictures: a key of the pair in no order, whether they are one, the row."""

    pair: Keys
    said: Ints
    row: Ints


@dataclass(frozen=True)
class _Swaps:
    """Compare the yes/no answers about every unordered pair; `max_failing` rows may contradict another one."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        said, row = block.numbers("answer.gold_bool", -1), block.rows_of("images[].image_id")
        about_two = (np.bincount(row, minlength=block.rows) == 2) & (said >= 0)
        pictures = np.sort(block.hashes("images[].image_id")[about_two[row]].reshape(-1, 2), axis=1)
        return _Seen(mix(pictures[:, 0], pictures[:, 1]), said[about_two], block.numbered[about_two])

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        pair, said, row = (joined(getattr(one, name) for one in seen) for name in ("pair", "said", "row"))
        _, group = np.unique(pair, return_inverse=True)
        yes, no = (np.bincount(group, mask) for mask in (said == 1, said == 0))
        failing = row[((yes > 0) & (no > 0))[group]]
        return Verdict(
            passed=len(failing) <= self.parameters["max_failing"],
            figure=float(len(failing)),
            summary=f"{len(yes)} pairs in {len(row)} rows, {int(((yes + no) > 1).sum())} of them asked more than once; "
            f"{len(failing)} rows contradict another",
            failing=names_of(self.staged, failing),
            remedy="One of the rows has the wrong gold: look at the person ids of the two pictures.",
        )


def _good() -> ToyStaged:
    return _toy(flip=False)


def _bad() -> ToyStaged:
    return _toy(flip=True)


def _toy(flip: bool) -> ToyStaged:
    """A pair is asked about in both orders."""
    rows = toy_rows()
    row = next(row for row in rows["conversations"] if row["family"] == "SAME_YN")
    turned = {**row, "sample_id": f"{row['sample_id']}-turned", "images": row["images"][::-1]}
    if flip:
        turned["answer"] = {"kind": "yesno", "text": "No", "gold_bool": False}
    rows["conversations"].append(turned)
    return toy_staged(rows)


GATE = Gate(title="Pairs in both orders", severity="error", check=OverBlocks(_Swaps), good=_good, bad=_bad)
