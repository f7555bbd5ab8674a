"""Figures of yes/no attribute recognition (PA-100K, PETA, RAP): mean accuracy, and accuracy to F1 over images.

mA is the mean over attributes of (TP/P + TN/N) / 2. Accuracy |A and B|/|A or B|, precision |A and B|/|A| and recall
|A and B|/|B| compare an image's predicted set A with its true set B and are averaged over images; F1 is that of the
averaged precision and recall. 0/0 is 0, and how often it happened is told. An attribute that no image has makes mA
undefined: it is left out of mA and named; one that every image has is left out for the same reason.

>>> figures = attribute_figures(np.array([[1, 0]]), np.array([[1, 1]]), ["Hat", "Bag"])
>>> figures.accuracy, figures.precision, figures.recall
(0.5, 1.0, 0.5)

Source: Li et al., arXiv 1603.07054 (example-based figures), Deng et al., ACM Multimedia 2014 (mA).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import BadScores

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFigures:
    """The figures of one prediction; NaN where there is nothing to average.

    `per_attribute` is each attribute's share of mA, NaN for the excluded ones. `empty_predictions`, `empty_truths`
    and `empty_both` count the images whose precision, recall and accuracy are 0/0 and taken as 0.
    """

    mA: float
    accuracy: float
    precision: float
    recall: float
    f1: float
    n_images: int
    per_attribute: dict[str, float]
    without_positives: tuple[str, ...]
    without_negatives: tuple[str, ...]
    empty_predictions: int
    empty_truths: int
    empty_both: int


def attribute_figures(predicted: npt.NDArray[Any], truth: npt.NDArray[Any], names: Sequence[str]) -> AttributeFigures:
    """The figures of 0/1 predictions, both arrays (images, attributes) with the attributes in the order of `names`.

    Raises BadScores for another shape, for values that are neither 0 nor 1 and for names given twice.
    """
    _check_names(names, truth)
    guess, true = _flags(predicted, truth.shape, "predictions"), _flags(truth, truth.shape, "labels")
    shares = _shares(guess, true)
    both, either = (guess & true).sum(axis=1), (guess | true).sum(axis=1)
    said, meant = guess.sum(axis=1), true.sum(axis=1)
    precision, recall = _mean(_over(both, said)), _mean(_over(both, meant))
    n_positive = true.sum(axis=0)
    return AttributeFigures(
        mA=_mean(shares[~np.isnan(shares)]),
        accuracy=_mean(_over(both, either)),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if precision + recall else precision + recall,
        n_images=len(true),
        per_attribute={name: float(share) for name, share in zip(names, shares, strict=True)},
        without_positives=tuple(name for name, n in zip(names, n_positive, strict=True) if n == 0),
        without_negatives=tuple(name for name, n in zip(names, n_positive, strict=True) if 0 < n == len(true)),
        empty_predictions=int((said == 0).sum()),
        empty_truths=int((meant == 0).sum()),
        empty_both=int((either == 0).sum()),
    )


def _check_names(names: Sequence[str], truth: npt.NDArray[Any]) -> None:
    if truth.ndim != 2 or truth.shape[1] != len(names):
        raise BadScores(f"The labels have the shape {truth.shape}; (images, {len(names)}) was expected.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise BadScores(f"The attribute {twice!r} is named twice: name every column once.")


def _flags(values: npt.NDArray[Any], shape: tuple[int, ...], what: str) -> Flags:
    if values.shape != shape:
        raise BadScores(f"The {what} have the shape {values.shape}; the labels have {shape}: give one row per image.")
    wrong = np.argwhere((values != 0) & (values != 1))
    if len(wrong):
        row, column = (int(place) for place in wrong[0])
        raise BadScores(
            f"The {what} hold {values[row, column].item()!r} for image {row} and attribute {column}: give 0 or 1, "
            "so apply a threshold to probabilities and leave out images whose label is unknown."
        )
    return np.asarray(values == 1)


def _shares(guess: Flags, true: Flags) -> Floats:
    """Each attribute's (TP/P + TN/N) / 2; NaN without a positive or without a negative."""
    n_positive, n_negative = true.sum(axis=0), (~true).sum(axis=0)
    hits, rejections = (guess & true).sum(axis=0), (~guess & ~true).sum(axis=0)
    shares = (_over(hits, n_positive) + _over(rejections, n_negative)) / 2
    return np.where((n_positive > 0) & (n_negative > 0), shares, np.nan)


def _over(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """The quotient, 0 where it is 0/0."""
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float64)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
