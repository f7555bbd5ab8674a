"""What a random ranking would get under a benchmark's rules: the figure that every other one stands beside.

With n right images among N that are kept, a random order has in expectation
- CMC@k = 1 - C(N - n, k) / C(N, k); among one drawn image of each of P persons, min(1, k / P)
- AP (step) = (H_N + (n - 1) / (N - 1) * (N - H_N)) / N, H_N the N-th harmonic number
- AP (trapezoid) = (AP (step) + n / N) / 2
- INP = n * sum over r of C(r - 1, n - 1) / (r * C(N, n))

Rank-1 of the id-deduplicated CMC is the plain one. Its later ranks and AP over a window have no short form: they are
the mean over random scores from eight seeds.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from schemas.keys import mix, seed_of, uniform
from tasks.scoring.members import NOBODY, Ints, Members
from tasks.scoring.metrics import Floats, Rules, evaluate_scores
from tasks.scoring.removal import WRONG, Removal

_SEEDS = range(8)
_BLOCK = 512


def chance(query: Members, gallery: Members, rules: Rules, metrics: Iterable[str]) -> dict[str, float]:
    """The expected value of each metric (`mAP`, `mINP`, `rank-<k>`) under a random ranking; NaN without valid queries.

    Exact, or the mean of eight seeded simulations where there is no short form.
    """
    names = list(metrics)
    simulated = {name for name in names if not _has_form(name, rules)}
    found = _simulate(query, gallery, rules, simulated) if simulated else {}
    n_right, n_kept, n_persons = _counts(query, gallery, rules)
    valid = n_right > 0
    total = len(n_right) if rules.denominator == "all" else int(valid.sum())
    for name in names:
        if name not in simulated:
            values = _expected(name, n_right[valid], n_kept[valid], n_persons[valid], rules)
            found[name] = float(values.sum() / total) if valid.any() else float("nan")
    return found


def _has_form(metric: str, rules: Rules) -> bool:
    if metric.startswith("rank-"):
        return rules.cmc_variant != "id_dedup" or metric == "rank-1"
    return metric == "mINP" or rules.ap_topk is None


def _simulate(query: Members, gallery: Members, rules: Rules, metrics: Iterable[str]) -> dict[str, float]:
    runs = [evaluate_scores(_noise(len(gallery), seed), query, gallery, rules) for seed in _SEEDS]
    return {name: float(np.mean([run.value(name) for run in runs])) for name in sorted(metrics)}


def _noise(n_gallery: int, seed: int) -> Callable[[int, int], npt.NDArray[np.float64]]:
    columns = np.arange(n_gallery, dtype=np.uint64)
    first = seed_of("chance", seed)

    def blocks(start: int, stop: int) -> npt.NDArray[np.float64]:
        rows = np.arange(start, stop, dtype=np.uint64)
        return uniform(mix(first, rows[:, None], columns[None, :]))

    return blocks


def _counts(query: Members, gallery: Members, rules: Rules) -> tuple[Ints, Ints, Ints]:
    """Per query: right images, kept images, and persons among the kept ones."""
    removal = Removal(rules.junk_rule, query, gallery, np.arange(len(gallery)))
    parts = []
    for start in range(0, len(query), _BLOCK):
        asking = query.part(start, start + _BLOCK)
        pairs = removal.pairs(asking)
        n_right, group = pairs.n_right, removal.group_of(asking)
        others = np.array([_persons(gallery.person[base == WRONG]) for base in removal.base])
        own = np.array([np.isin(asking.person, gallery.person[base == WRONG]) for base in removal.base])
        has_own = own[group, np.arange(len(asking))].astype(np.int64)
        parts.append((n_right, removal.n_kept(asking, pairs), others[group] - has_own + (n_right > 0)))
    n_right, n_kept, n_persons = (
        np.concatenate([np.zeros(0, dtype=np.int64), *(part[column] for part in parts)]) for column in range(3)
    )
    return n_right, n_kept, n_persons


def _persons(person: Ints) -> int:
    """How many persons there are; every image of nobody known is one of its own."""
    return len(np.unique(person[person >= 0])) + int((person == NOBODY).sum())


def _expected(name: str, n: Ints, kept: Ints, persons: Ints, rules: Rules) -> Floats:
    """The expectation per query."""
    if name == "mINP":
        return _by_pair(n, kept, _inp)
    if name == "mAP":
        step = _by_pair(n, kept, _step)
        return step if rules.ap_variant == "step" else (step + n / kept) / 2
    rank = int(name.removeprefix("rank-"))
    if rules.cmc_variant == "single_gallery_shot":
        return np.minimum(1.0, rank / persons)
    places = np.arange(rank)[:, None]
    missed = np.clip(kept - n - places, 0, None) / np.maximum(kept - places, 1)
    return np.asarray(1.0 - missed.prod(axis=0))


def _by_pair(n: Ints, kept: Ints, form: Callable[[int, int], float]) -> Floats:
    """A form evaluated once per distinct pair of counts."""
    pairs, place = np.unique(np.stack([n, kept], axis=1), axis=0, return_inverse=True)
    return np.array([form(int(a), int(b)) for a, b in pairs])[place.reshape(-1)] if len(n) else np.zeros(0)


def _step(n: int, kept: int) -> float:
    harmonic = float((1.0 / np.arange(1, kept + 1)).sum())
    rest = (n - 1) / (kept - 1) * (kept - harmonic) if kept > 1 else 0.0
    return (harmonic + rest) / kept


def _inp(n: int, kept: int) -> float:
    """n * E[1 / r_n]: the chance that the last of n stands at r falls from rank to rank by a simple ratio."""
    ranks = np.arange(n, kept + 1, dtype=np.float64)
    # P(r_n = r) / P(r_n = r + 1) = (r - n + 1) / r, from P(r_n = kept) = n / kept downwards.
    ratios = (ranks[:-1] - n + 1) / ranks[:-1]
    shares = np.concatenate([np.cumprod(ratios[::-1])[::-1], [1.0]]) * n / kept
    return float((shares * n / ranks).sum())
