"""No family is asked in one wording only: the share of the most used paraphrase of its training rows.

A recipe that wants one common instruction is told so by the warning, and may know better.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.rows import numbers, texts
from tasks.checking.statistics import wilson
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged
from tasks.contracts.paths import cells


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Judge every family with enough training rows by the interval of its largest share."""
    return judged(
        list(_judge(staged, parameters)),
        good="no wording dominates its family",
        remedy="Give the family more paraphrases, or cap them with `per_paraphrase` in the recipe.",
    )


def _judge(staged: Staged, parameters: Mapping[str, Any]) -> Iterator[Judged]:
    table = staged.table("conversations", ["family", "split", "template"])
    family, train = texts(table.column("family")), texts(table.column("split")) == "train"
    number = numbers(cells(table, "template.paraphrase_no").values, 0)
    for name in sorted(set(family[train].tolist())):
        counts = np.bincount(number[train & (family == name)])
        most, n = int(counts.max()), int(counts.sum())
        low, _ = wilson(most, n, parameters["z"])
        words = f"{name}: no. {counts.argmax()} words {most / n:.0%} of {n} rows, {(counts > 0).sum()} wordings in use"
        enough = n >= parameters["min_rows"]
        yield Judged(name, enough=enough, excess=low - parameters["max_share"], words=words)


def _toy(wordings: int) -> ToyStaged:
    rows = toy_rows(160)
    for place, row in enumerate(rows["conversations"]):
        row["template"]["paraphrase_no"] = place // 6 % wordings
    return toy_staged(rows)


def _good() -> ToyStaged:
    return _toy(20)


def _bad() -> ToyStaged:
    return _toy(2)


GATE = Gate(title="Spread of wordings", severity="warning", check=check, good=_good, bad=_bad)
