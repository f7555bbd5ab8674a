"""No family is asked in one wording only: the share of the most used paraphrase of its training rows.

A recipe that wants one common instruction is told so by the warning, and may know better.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block
from tasks.checking.counting import Cell, tally, total
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.statistics import wilson
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged


@dataclass(frozen=True)
class _Wordings:
    """Judge every family with enough training rows by the interval of its largest share."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> Counter[Cell]:
        train = block.words("split").among(["train"])
        return tally([block.words("family"), block.numbers("template.paraphrase_no", 0)], train)

    def verdict(self, seen: Sequence[Counter[Cell]]) -> Verdict:
        used: dict[str, dict[int, int]] = {}
        for (family, number), n in total(seen).items():
            used.setdefault(str(family), {})[int(number or 0)] = n
        return judged(
            [self._judge(family, used[family]) for family in sorted(used)],
            good="no wording dominates its family",
            remedy="Give the family more paraphrases, or cap them with `per_paraphrase` in the recipe.",
        )

    def _judge(self, family: str, used: Mapping[int, int]) -> Judged:
        number, most = min(used.items(), key=lambda item: (-item[1], item[0]))
        n = sum(used.values())
        low, _ = wilson(most, n, self.parameters["z"])
        words = f"{family}: no. {number} words {most / n:.0%} of {n} rows, {len(used)} wordings in use"
        enough = n >= self.parameters["min_rows"]
        return Judged(family, enough=enough, excess=low - self.parameters["max_share"], words=words)


def _toy(wordings: int) -> ToyStaged:
    rows = toy_rows(160)
    for place, row in enumerate(rows["conversations"]):
        row["template"]["paraphrase_no"] = place // 6 % wordings
    return toy_staged(rows)


def _good() -> ToyStaged:
    return _toy(20)


def _bad() -> ToyStaged:
    return _toy(2)


GATE = Gate(title="Spread of wordings", severity="warning", check=OverBlocks(_Wordings), good=_good, bad=_bad)
