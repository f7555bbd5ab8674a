"""Guesses of the blind solver: models fitted on known lines and tried on the others, each with what chance would give.

The baseline of an answer class is what anybody knows of it without the row: how frequent it is among train rows that
ask the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.checking.blind import Candidates
from tasks.checking.statistics import chosen, fit_choice, fit_classes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a model reached: by what it goes, and per held-out observation whether it is right, its chance, its row."""

    how: str
    right: Mask
    base: Floats
    row: Ints


Tries = Iterator[Tried]


def scaled(features: Floats, known: Mask) -> Floats:
    """Columns at unit spread over the known lines; columns of zeros and ones, which cost nothing as they are, too."""
    spread = features[known].std(axis=0)
    rescaled = (features - features[known].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.hstack([np.ones((len(features), 1)), np.where(spread > 0, rescaled, 0.0)])


def guessed(features: Floats, answers: Ints, asked: Ints, known: Mask, penalty: float) -> tuple[Mask, Mask]:
    """Which of the lines that are not known a model and the most frequent answer to what is asked get right."""
    lines = scaled(features, known)
    weights = fit_classes(lines[known], answers[known], int(answers.max()) + 1, penalty)
    right = np.argmax(lines[~known] @ weights, axis=1) == answers[~known]
    return right, majority(asked, answers, known) == answers[~known]


def majority(asked: Ints, answers: Ints, known: Mask) -> Ints:
    """For each line that is not known the most frequent known answer to what it asks, else the overall one."""
    counts = np.zeros((int(asked.max()) + 1, int(answers.max()) + 1))
    np.add.at(counts, (asked[known], answers[known]), 1)
    counts = counts + counts.sum(axis=0) * 1e-9
    return np.asarray(np.argmax(counts, axis=1)[asked[~known]], dtype=np.int64)


def picked(found: Candidates, n_train: int, penalty: float) -> Mask:
    """Which rows from `n_train` on a choice among their alternatives gets right."""
    known = found.row < n_train
    features = scaled(found.features, known)
    weights = fit_choice(features[known], found.row[known], found.gold[known], penalty)
    best = chosen(features[~known] @ weights, found.row[~known] - n_train)
    return np.asarray(found.gold[~known][best])


def likeliest(found: Candidates, n_train: int, penalty: float) -> tuple[Mask, Floats, Ints]:
    """For rows from `n_train` on in which some alternatives are right and some are not: is the likeliest right?

    Also the chance of a blind draw, and which rows these are.
    """
    known = found.row < n_train
    features = scaled(found.features, known)
    weights = fit_classes(features[known], found.gold[known].astype(np.int64), 2, penalty)
    rows, at = np.unique(found.row[~known], return_inverse=True)
    scores = features[~known] @ (weights[:, 1] - weights[:, 0])
    share = np.bincount(at, found.gold[~known]) / np.bincount(at)
    best = found.gold[~known][chosen(scores, at)]
    open_rows = (share > 0) & (share < 1)
    return np.asarray(best[open_rows]), share[open_rows], rows[open_rows]
