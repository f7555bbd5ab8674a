"""What a run found under one benchmark: figures with chance and intervals, averaged over trials.

found = run(benchmark, ranker.scores)
found.figures["mAP"]        # Figure(value=0.41, low=0.36, high=0.46, chance=0.02)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.scoring.benchmark import Benchmark, Trial
from tasks.scoring.bootstrap import interval
from tasks.scoring.chance import chance
from tasks.scoring.members import Ints
from tasks.scoring.metrics import Blocks, Metrics, evaluate_scores

METRICS = ("rank-1", "rank-5", "rank-10", "mAP", "mINP")
N_CURVE = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: its value, the 95 % interval over persons, and what a random ranking would get."""

    value: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True, slots=True)
class Findings:
    """One scorer under one benchmark. `curve` is CMC at ranks 1 to 20; `bounds` as in Metrics, or None without ties."""

    figures: dict[str, Figure]
    curve: list[float]
    n_query: int
    n_valid: int
    n_gallery: int
    n_tied: int
    bounds: dict[str, tuple[float, float]] | None

    def rows(self, common: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of the results table; `common` holds the columns that do not differ."""
        counts = {"n_query": self.n_query, "n_valid_query": self.n_valid, "n_gallery": self.n_gallery}
        return [
            {
                **common, **counts, "metric": name, "value": figure.value, "ci_low": figure.low,
                "ci_high": figure.high, "chance": figure.chance,
            }
            for name, figure in self.figures.items()
        ]  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """The same for people and scripts; `if_ties_lost` and `if_ties_won` only when ties could move a figure."""
        found: dict[str, Any] = {
            "n_query": self.n_query, "n_valid_query": self.n_valid, "n_gallery": self.n_gallery,
            "n_tied_query": self.n_tied, "metrics": {},
        }  # fmt: skip
        for name, figure in self.figures.items():
            found["metrics"][name] = {
                "value": figure.value, "low": figure.low, "high": figure.high, "chance": figure.chance,
            }  # fmt: skip
            if self.bounds:
                lost, won = self.bounds[name]
                found["metrics"][name] |= {"if_ties_lost": lost, "if_ties_won": won}
        return found


def run(
    benchmark: Benchmark, scores: Callable[[Trial], Blocks], chances: Sequence[dict[str, float]] | None = None
) -> Findings | None:
    """Rank every trial and average; None when no query of the benchmark has anything to find.

    `chances` are those of `chances_of`, when they are known already. Raises BadScores.
    """
    done = [evaluate_scores(scores(trial), trial.query, trial.gallery, benchmark.rules) for trial in benchmark.trials]
    known = chances if chances is not None else chances_of(benchmark)
    if not done or any(one.n_valid == 0 for one in done):
        return None
    persons = np.concatenate([_persons(trial) for trial in benchmark.trials])
    return Findings(
        figures={name: _figure(name, done, known, persons, benchmark) for name in METRICS},
        curve=np.mean([one.cmc[:N_CURVE] for one in done], axis=0).tolist(),
        n_query=done[0].n_query,
        n_valid=done[0].n_valid,
        n_gallery=done[0].n_gallery,
        n_tied=max(one.n_tied for one in done),
        bounds=_bounds(done),
    )


def chances_of(benchmark: Benchmark) -> list[dict[str, float]]:
    """What a random ranking would get in each trial."""
    return [chance(trial.query, trial.gallery, benchmark.rules, METRICS) for trial in benchmark.trials]


def _persons(trial: Trial) -> Ints:
    """The person of every query as a code that means the same in all trials of a benchmark: its place by name."""
    _, codes = np.unique(np.array([name or "" for name in trial.query_persons]), return_inverse=True)
    return codes.astype(np.int64)


def _figure(
    name: str, done: Sequence[Metrics], chances: Sequence[dict[str, float]], persons: Ints, benchmark: Benchmark
) -> Figure:
    values = np.concatenate([one.per_query.of(name) for one in done])
    low, high = interval(values, persons, denominator=benchmark.rules.denominator)
    value = float(np.mean([one.value(name) for one in done]))
    return Figure(value, low, high, float(np.mean([known[name] for known in chances])))


def _bounds(done: Sequence[Metrics]) -> dict[str, tuple[float, float]] | None:
    """Bounds averaged over trials; a trial without ties adds its figure to both."""
    if all(one.bounds is None for one in done):
        return None
    sides = [
        {name: one.bounds[name] if one.bounds else (one.value(name), one.value(name)) for name in METRICS}
        for one in done
    ]
    return {
        name: (float(np.mean([side[name][0] for side in sides])), float(np.mean([side[name][1] for side in sides])))
        for name in METRICS
    }
