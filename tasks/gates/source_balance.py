"""Yes and No are as frequent about every source: a model must not learn that one dataset means Yes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block, Ints, Words
from tasks.checking.counting import Cell, tally, total
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.statistics import wilson
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged


@dataclass(frozen=True)
class _Balance:
    """Count answers by the source of the first picture, per split; the cells are `source/split`."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> Counter[Cell]:
        source, row = block.words("images[].source"), block.rows_of("images[].source")
        said, split = block.numbers("answer.gold_bool", -1), block.words("split")
        rows, first = np.unique(row, return_index=True)
        columns: list[Words | Ints] = [
            Words(source.codes[first], source.values),
            Words(split.codes[rows], split.values),
            said[rows],
        ]
        return tally(columns, said[rows] >= 0)

    def verdict(self, seen: Sequence[Counter[Cell]]) -> Verdict:
        return judged(
            list(self._judged(total(seen))),
            good="Yes and No are as frequent about every source",
            remedy="Compose with quotas per source (`shares: source`), or leave out what is one-sided in that source.",
        )

    def _judged(self, counts: Counter[Cell]) -> Iterator[Judged]:
        least, most = self.parameters["yes_share"]
        for source, split in sorted({(str(cell[0]), str(cell[1])) for cell in counts}):
            yes, no = counts[source, split, 1], counts[source, split, 0]
            low, high = wilson(yes, yes + no, self.parameters["z"])
            words = f"{source}, {split}: Yes in {yes / (yes + no):.0%} of {yes + no} rows"
            enough = yes + no >= self.parameters["min_rows"]
            yield Judged(f"{source}/{split}", enough, max(low - most, least - high), words)


def _good() -> ToyStaged:
    return toy_staged(toy_rows(240))


def _bad() -> ToyStaged:
    rows = toy_rows(240)
    rows["conversations"] = [row for row in rows["conversations"] if row["answer"]["text"] != "No"]
    return toy_staged(rows)


GATE = Gate(title="Balance per source", severity="warning", check=OverBlocks(_Balance), good=_good, bad=_bad)
