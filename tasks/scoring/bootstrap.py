"""How sure a figure is: a percentile interval from persons drawn again and again.

Queries of one person rise and fall together, so whole persons are drawn, not queries (cluster bootstrap; Efron and
Tibshirani, 1993). Draws are keyed by seed, so an interval is a function of the figures alone.
"""

import numpy as np

from schemas.keys import below, mix, seed_of
from tasks.scoring.members import Ints
from tasks.scoring.metrics import Floats

N_DRAWS = 1_000
_LEVEL = 0.95
_CHUNK = 100


def interval(values: Floats, clusters: Ints, seed: int = 0, denominator: str = "valid") -> tuple[float, float]:
    """The 95 % interval of the mean of per-query values, queries of one cluster drawn together.

    NaN values are queries with nothing to find: left out, or counted as 0 when the denominator is "all".
    """
    counted = np.ones(len(values), dtype=bool) if denominator == "all" else ~np.isnan(values)
    if not counted.any():
        return float("nan"), float("nan")
    _, cluster = np.unique(clusters[counted], return_inverse=True)
    sums = np.bincount(cluster, weights=np.nan_to_num(values[counted])).astype(np.float64)
    sizes = np.bincount(cluster)
    means = np.concatenate([_means(sums, sizes, seed, start) for start in range(0, N_DRAWS, _CHUNK)])
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _means(sums: Floats, sizes: Ints, seed: int, start: int) -> Floats:
    """The means of some draws, each of as many clusters as there are."""
    draws = np.arange(start, start + _CHUNK, dtype=np.uint64)[:, None]
    places = np.arange(len(sums), dtype=np.uint64)[None, :]
    drawn = below(mix(seed_of("bootstrap", seed), draws, places), len(sums))
    return np.asarray(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
