"""Answers are as frequent as a fair draw makes them: Yes and No, the place of the gold, None.

Every share is judged by its interval, so that a small family is never blamed for its size: it fails when even the
nearest share that the sample allows lies outside the span, and a family with too few rows is said to be so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.rows import Facts, facts
from tasks.checking.statistics import uniform_p, wilson
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged

Mask = npt.NDArray[np.bool_]


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Judge every family and split, and every attribute of the families that ask yes or no about attributes."""
    rows = facts(staged)
    found = [one for cell, mask in _cells(rows, parameters) for one in _judge(cell, mask, rows, parameters)]
    return judged(
        found,
        good="every answer class is as frequent as promised",
        remedy="Compose these families again with balanced quotas; a model would learn the frequent answer instead.",
    )


def _cells(rows: Facts, parameters: Mapping[str, Any]) -> Iterator[tuple[str, Mask]]:
    for family in sorted(set(rows.family.tolist())):
        for split in sorted(set(rows.split.tolist())):
            mask = (rows.family == family) & (rows.split == split)
            yield f"{family}/{split}", mask
            if family in parameters["per_subtask_families"]:
                for subtask in sorted(set(rows.subtask[mask].tolist())):
                    yield f"{family}/{split}/{subtask}", mask & (rows.subtask == subtask)


def _judge(cell: str, mask: Mask, rows: Facts, parameters: Mapping[str, Any]) -> Iterator[Judged]:
    answered = mask & (rows.gold_bool >= 0)
    if answered.any():
        yield _share(cell, "Yes", rows.gold_bool[answered] == 1, parameters["yes_share"], parameters)
    picked = mask & (rows.kind == "pick1")
    if picked.any():
        golds = rows.gold_index[picked]
        yield from _places(cell, golds[golds > 0], rows.n_options[picked][golds > 0], parameters)
        if (golds == 0).any():
            span = parameters["none_share_of"].get(cell.split("/")[0], parameters["none_share"])
            yield _share(cell, "None", golds == 0, span, parameters)


def _share(cell: str, what: str, hits: Mask, span: list[float], parameters: Mapping[str, Any]) -> Judged:
    share, n = float(hits.mean()), len(hits)
    low, high = wilson(int(hits.sum()), n, parameters["z"])
    outside = max(low - span[1], span[0] - high)
    words = f"{cell}: {what} in {share:.0%} of {n} rows, promised are {span[0]:.0%} to {span[1]:.0%}"
    return Judged(cell, enough=n >= parameters["min_rows"], excess=outside, words=words)


def _places(
    cell: str, golds: npt.NDArray[np.int64], options: npt.NDArray[np.int64], parameters: Mapping[str, Any]
) -> Iterator[Judged]:
    """The place of the gold among the options, for each number of options by itself."""
    for n_options in sorted(set(options.tolist())):
        mine = golds[options == n_options]
        first = int(golds.min())
        counts = np.bincount(np.clip(mine - first, 0, None), minlength=max(n_options, 1)).tolist()
        p = uniform_p(counts)
        words = f"{cell}: the gold of {n_options} options stands {counts} times at each place (p = {p:.1g})"
        enough = len(mine) >= max(parameters["min_rows"], 5 * n_options)
        yield Judged(cell, enough=enough, excess=parameters["position_p"] - p, words=words)


def _good() -> ToyStaged:
    return toy_staged(toy_rows(160))


def _bad() -> ToyStaged:
    rows = toy_rows(160)
    rows["conversations"] = [row for row in rows["conversations"] if row["answer"]["text"] != "No" or row["stage"] == 1]
    return toy_staged(rows)


GATE = Gate(title="Balanced answers", severity="error", check=check, good=_good, bad=_bad)
