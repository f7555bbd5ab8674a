"""Sharing a camera says nothing about sharing an identity: pairs of both answers do so equally often.

For yes/no families about two images, Yes rows against No rows; for picks with a query image, the gold candidate
against the others.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block
from tasks.checking.counting import Cell, tally, total
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import SHOWN_IMAGE
from tasks.checking.statistics import difference
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Cameras:
    """Compare the shares of camera matches of true and false candidates, per family and split."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> Counter[Cell]:
        candidate, same, true = _candidates(block)
        row = block.rows_of(SHOWN_IMAGE)
        words = [block.words(name).at(row) for name in ("family", "split")]
        return tally([*words, true.astype(np.int64), same.astype(np.int64)], candidate)

    def verdict(self, seen: Sequence[Counter[Cell]]) -> Verdict:
        return judged(
            list(self._judge(total(seen))),
            good="true and false candidates share the query's camera equally often",
            remedy="Draw the negatives of these families from the cameras of their positives.",
        )

    def _judge(self, counts: Counter[Cell]) -> Iterator[Judged]:
        for family, split in sorted({(str(cell[0]), str(cell[1])) for cell in counts}):
            (hits_a, n_a), (hits_b, n_b) = (_share(counts, family, split, true) for true in (1, 0))
            if n_a and n_b:
                yield _compare(f"{family}/{split}", (hits_a, n_a), (hits_b, n_b), self.parameters)


def _share(counts: Counter[Cell], family: str, split: str, true: int) -> tuple[int, int]:
    """How many candidates of one answer share the query's camera, and how many there are."""
    elsewhere, same = (counts[family, split, true, match] for match in (0, 1))
    return same, elsewhere + same


def _candidates(block: Block) -> tuple[Mask, Mask, Mask]:
    """Per shown image: is it a candidate whose camera and query are known, does it share the camera, is it the gold?"""
    row, number = block.rows_of(SHOWN_IMAGE), block.position(SHOWN_IMAGE)
    camera, role = block.words("images[].cam_key").codes, block.words("images[].role")
    query = np.flatnonzero(number == 1)[np.searchsorted(row[number == 1], row)]
    n_images = np.bincount(row, minlength=block.rows)[row]
    kind = block.words("answer.kind")
    pair, picked = kind.among(["yesno"])[row] & (n_images == 2), kind.among(["pick1"])[row]
    asked = role.among(["query"])[query] & ~role.among(["query_extra", "clothes_template"])
    candidate = (number > 1) & asked & (camera >= 0) & (camera[query] >= 0) & (pair | picked)
    yes, index = (block.numbers(f"answer.{name}", -1)[row] for name in ("gold_bool", "gold_index"))
    return candidate, camera == camera[query], np.where(pair, yes == 1, index == number)


def _compare(cell: str, true: tuple[int, int], false: tuple[int, int], parameters: Mapping[str, Any]) -> Judged:
    gap, error = difference(*true, *false)
    words = f"{cell}: the query's camera films {true[0] / true[1]:.0%} of {true[1]} true and "
    words += f"{false[0] / false[1]:.0%} of {false[1]} false candidates"
    excess = abs(gap) - parameters["z"] * error - parameters["margin"]
    return Judged(cell, enough=true[1] + false[1] >= parameters["min_rows"], excess=excess, words=words)


def _good() -> ToyStaged:
    return toy_staged(toy_rows(160))


def _bad() -> ToyStaged:
    rows = toy_rows(160)
    cameras = {row["image_id"]: row["cam_key"] for row in rows["person_images"]}
    rows["conversations"] = [
        row
        for row in rows["conversations"]
        if row["answer"]["text"] != "Yes" or len({cameras[image["image_id"]] for image in row["images"]}) == 2
    ]
    return toy_staged(rows)


GATE = Gate(title="Camera match in both classes", severity="error", check=OverBlocks(_Cameras), good=_good, bad=_bad)
