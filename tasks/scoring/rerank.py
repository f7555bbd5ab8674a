"""Two-stage ranking: the first candidates by embedding are put in a new order with the help of yes/no answers.

scores = reranked(by_embedding, yes, top=10)     # everything below the first ten keeps its place
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tasks.scoring.members import Ints
from tasks.scoring.metrics import Blocks, Floats

Answers = Callable[[Ints, Ints], Floats]
"""The probability of yes for pairs of (query, gallery member), by position."""

WEIGHT = 0.5


def reranked(scores: Blocks, yes: Answers, top: int, weight: float = WEIGHT) -> Blocks:
    """Scores whose first `top` candidates are ordered by a mixture; the rest follow in their old order and scores.

    The mixture is weight * P(yes) + (1 - weight) * (the old score, stretched to 0..1 over the candidates).
    """

    def blocks(start: int, stop: int) -> npt.NDArray[np.floating]:
        found = np.array(scores(start, stop), dtype=np.float32)
        leading = _leading(found, min(top, found.shape[1]))
        rows = np.repeat(np.arange(len(found)), leading.shape[1])
        answers = yes(rows + start, leading.reshape(-1)).reshape(leading.shape)
        old = np.take_along_axis(found, leading, axis=1).astype(np.float64)
        mixture = weight * answers + (1 - weight) * _stretched(old)
        lead = found.max(axis=1, keepdims=True, initial=0.0) + 1.0
        np.put_along_axis(found, leading, (lead + mixture).astype(np.float32), axis=1)
        return found

    return blocks


def _leading(scores: npt.NDArray[np.float32], top: int) -> Ints:
    """The positions of the best `top` of each row, best first, ties in gallery order."""
    leading = np.zeros((len(scores), top), dtype=np.int64)
    for place, row in enumerate(scores if top else ()):
        near = np.flatnonzero(row >= np.partition(row, len(row) - top)[len(row) - top])
        leading[place] = near[np.argsort(-row[near], kind="stable")][:top]
    return leading


def _stretched(scores: Floats) -> Floats:
    if not scores.shape[1]:
        return scores
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    return np.asarray((scores - low) / np.maximum(high - low, 1e-12))
