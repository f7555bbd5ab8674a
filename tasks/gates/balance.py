"""Answers are as frequent as a fair draw makes them: Yes and No, the place of the gold, None.

Every share is judged by its interval, so that a small family is never blamed for its size: it fails when even the
nearest share that the sample allows lies outside the span, and a family with too few rows is said to be so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block
from tasks.checking.counting import Cell, tally, total
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.statistics import uniform_p, wilson
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged

Parameters = Mapping[str, Any]
_GOLDS = {"gold_bool": -1, "gold_index": -1, "n_options": 0}


class _Rows(NamedTuple):
    """What rows have in common, as far as this gate is concerned."""

    family: str
    split: str
    subtask: str
    kind: str
    gold_bool: int
    gold_index: int
    n_options: int


Counts = Mapping[_Rows, int]


@dataclass(frozen=True)
class _Balance:
    """Judge every family and split, and every attribute of the families that ask yes or no about attributes."""

    staged: Memory
    parameters: Parameters

    def seen(self, block: Block) -> Counter[Cell]:
        words = [block.words(name) for name in ("family", "split", "subtask", "answer.kind")]
        golds = [block.numbers(f"answer.{name}", missing) for name, missing in _GOLDS.items()]
        return tally([*words, *golds])

    def verdict(self, seen: Sequence[Counter[Cell]]) -> Verdict:
        counts = {_Rows._make(cell): n for cell, n in total(seen).items()}
        return judged(
            [one for cell, mine in _cells(counts, self.parameters) for one in _judge(cell, mine, self.parameters)],
            good="every answer class is as frequent as promised",
            remedy="Compose these families again with balanced quotas; "
            "a model would learn the frequent answer instead.",
        )


def _cells(counts: Counts, parameters: Parameters) -> Iterator[tuple[str, Counts]]:
    for family, split in sorted({(rows.family, rows.split) for rows in counts}):
        mine = {rows: n for rows, n in counts.items() if (rows.family, rows.split) == (family, split)}
        yield f"{family}/{split}", mine
        if family in parameters["per_subtask_families"]:
            for subtask in sorted({rows.subtask for rows in mine}):
                yield f"{family}/{split}/{subtask}", {rows: n for rows, n in mine.items() if rows.subtask == subtask}


def _judge(cell: str, counts: Counts, parameters: Parameters) -> Iterator[Judged]:
    answered = sum(n for rows, n in counts.items() if rows.gold_bool >= 0)
    if answered:
        yes = sum(n for rows, n in counts.items() if rows.gold_bool == 1)
        yield _share(cell, "Yes", yes, answered, parameters["yes_share"], parameters)
    picked = {rows: n for rows, n in counts.items() if rows.kind == "pick1"}
    nothing = sum(n for rows, n in picked.items() if rows.gold_index == 0)
    yield from _places(cell, {rows: n for rows, n in picked.items() if rows.gold_index > 0}, parameters)
    if nothing:
        span = parameters["none_share_of"].get(cell.split("/")[0], parameters["none_share"])
        yield _share(cell, "None", nothing, sum(picked.values()), span, parameters)


def _share(cell: str, what: str, hits: int, n: int, span: list[float], parameters: Parameters) -> Judged:
    low, high = wilson(hits, n, parameters["z"])
    outside = max(low - span[1], span[0] - high)
    words = f"{cell}: {what} in {hits / n:.0%} of {n} rows, promised are {span[0]:.0%} to {span[1]:.0%}"
    return Judged(cell, enough=n >= parameters["min_rows"], excess=outside, words=words)


def _places(cell: str, counts: Counts, parameters: Parameters) -> Iterator[Judged]:
    """The place of the gold among the options, for each number of options by itself."""
    first = min((rows.gold_index for rows in counts), default=0)
    for n_options in sorted({rows.n_options for rows in counts}):
        places: Counter[int] = Counter()
        for rows, n in counts.items():
            places[rows.gold_index - first] += n * (rows.n_options == n_options)
        stands = [places[place] for place in range(max(n_options, 1, *(place + 1 for place in +places)))]
        p = uniform_p(stands)
        words = f"{cell}: the gold of {n_options} options stands {stands} times at each place (p = {p:.1g})"
        enough = sum(stands) >= max(parameters["min_rows"], 5 * n_options)
        yield Judged(cell, enough=enough, excess=parameters["position_p"] - p, words=words)


def _good() -> ToyStaged:
    return toy_staged(toy_rows(160))


def _bad() -> ToyStaged:
    rows = toy_rows(160)
    rows["conversations"] = [row for row in rows["conversations"] if row["answer"]["text"] != "No" or row["stage"] == 1]
    return toy_staged(rows)


GATE = Gate(title="Balanced answers", severity="error", check=OverBlocks(_Balance), good=_good, bad=_bad)
