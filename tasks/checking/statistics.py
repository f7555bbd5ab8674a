"""The little statistics that gates need: intervals, so that a small sample is never blamed for its size."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import chdtrc, logsumexp

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_STEPS = 60


def wilson(hits: int, n: int, z: float) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson, 1927); n > 0."""
    share, z2 = hits / n, z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return middle - half, middle + half


def uniform_p(counts: Sequence[int]) -> float:
    """The chi-square p-value of the counts under equal frequencies; 1.0 when there is nothing to compare."""
    n = sum(counts)
    if len(counts) < 2 or n == 0:
        return 1.0
    expected = n / len(counts)
    statistic = sum((count - expected) ** 2 for count in counts) / expected
    return float(chdtrc(len(counts) - 1, statistic))


def difference(hits_a: int, n_a: int, hits_b: int, n_b: int) -> tuple[float, float]:
    """The difference of two shares and its standard error, each share pulled a little towards a half (Agresti)."""
    a, b = (hits_a + 1) / (n_a + 2), (hits_b + 1) / (n_b + 2)
    return hits_a / n_a - hits_b / n_b, math.sqrt(a * (1 - a) / (n_a + 2) + b * (1 - b) / (n_b + 2))


def clustered_error(values: Floats, groups: Ints) -> float:
    """The standard error of a mean when values of one group (one person) are not independent."""
    sums = np.bincount(groups, weights=values - values.mean())
    return float(np.sqrt((sums**2).sum()) / len(values))


def fit_choice(features: Floats, rows: Ints, gold: npt.NDArray[np.bool_], penalty: float) -> Floats:
    """Weights of a choice among alternatives (conditional logit): alternatives of one row compete, one is gold.

    `features` is (alternatives, d), `rows` ascending row numbers 0..n-1 of the alternatives. Returns (d,).
    """
    n = int(rows[-1]) + 1
    starts = np.searchsorted(rows, np.arange(n))

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = features @ weights
        scores = scores - np.maximum.reduceat(scores, starts)[rows]
        chances = np.exp(scores)
        totals = np.add.reduceat(chances, starts)
        value = -scores[gold].sum() + np.log(totals).sum() + penalty / 2 * weights @ weights
        slope = features.T @ (chances / totals[rows] - gold) + penalty * weights
        return float(value) / n, slope / n

    found = minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return np.asarray(found.x)


def chosen(scores: Floats, rows: Ints) -> Ints:
    """For each row the place of its best alternative; of equal ones the first."""
    order = np.lexsort((np.arange(len(scores)), -scores, rows))
    first = np.searchsorted(rows, np.arange(int(rows[-1]) + 1))
    return np.asarray(order[first], dtype=np.int64)


def fit_classes(features: Floats, classes: Ints, n_classes: int, penalty: float) -> Floats:
    """Weights of a multinomial logistic regression, (d, n_classes)."""
    n, d = features.shape
    truth = np.zeros((n, n_classes))
    truth[np.arange(n), classes] = 1.0

    def loss(flat: Floats) -> tuple[float, Floats]:
        scores = features @ flat.reshape(d, n_classes)
        log_chances = scores - logsumexp(scores, axis=1, keepdims=True)
        value = -(log_chances[np.arange(n), classes]).sum() + penalty / 2 * flat @ flat
        slope = features.T @ (np.exp(log_chances) - truth) + penalty * flat.reshape(d, n_classes)
        return float(value) / n, slope.ravel() / n

    found = minimize(loss, np.zeros(d * n_classes), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return np.asarray(found.x).reshape(d, n_classes)
