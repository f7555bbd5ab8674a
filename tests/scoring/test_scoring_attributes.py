"""Attribute figures: worked examples, 0/0, attributes without positives, and equality with plain loops."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from schemas.errors import BadScores
from tasks.scoring.attributes import attribute_figures

TRUTH = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [0, 1, 0]])
GUESS = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_a_worked_example_has_the_figures_of_the_definition() -> None:
    found = attribute_figures(GUESS, TRUTH, ["a", "b", "c"])
    assert found.per_attribute == pytest.approx({"a": 0.75, "b": 0.5, "c": 0.75})
    assert found.mA == pytest.approx(2 / 3)
    assert found.accuracy == pytest.approx((1 / 3 + 1 + 1 + 0) / 4)
    assert found.precision == pytest.approx((1 / 2 + 1 + 1 + 0) / 4)
    assert found.recall == pytest.approx((1 / 2 + 1 + 1 + 0) / 4)
    assert found.f1 == pytest.approx(0.625)
    assert (found.n_images, found.empty_predictions, found.empty_truths, found.empty_both) == (4, 0, 0, 0)


def test_f1_is_that_of_the_averages_and_not_the_average_of_f1() -> None:
    found = attribute_figures(np.array([[1, 1, 1, 1], [1, 0, 0, 0]]), np.array([[1, 0, 0, 0], [1, 1, 1, 1]]), "abcd")
    assert (found.precision, found.recall, found.f1) == pytest.approx((0.625, 0.625, 0.625))


def test_nothing_over_nothing_is_nought_and_counted() -> None:
    found = attribute_figures(np.array([[0, 0], [0, 0], [1, 0]]), np.array([[0, 0], [1, 0], [0, 0]]), "ab")
    assert (found.accuracy, found.precision, found.recall, found.f1) == (0.0, 0.0, 0.0, 0.0)
    assert (found.empty_predictions, found.empty_truths, found.empty_both) == (2, 2, 1)


def test_an_attribute_without_positives_is_left_out_of_ma_and_named() -> None:
    found = attribute_figures(np.array([[1, 0, 1], [0, 1, 1]]), np.array([[1, 0, 1], [0, 0, 1]]), ["a", "b", "c"])
    assert (found.mA, found.without_positives, found.without_negatives) == (1.0, ("b",), ("c",))
    assert math.isnan(found.per_attribute["b"])
    assert math.isnan(found.per_attribute["c"])
    assert found.precision == pytest.approx(0.75), "the prediction of a left-out attribute still counts per image"


def test_without_any_image_there_is_no_figure() -> None:
    found = attribute_figures(np.zeros((0, 2)), np.zeros((0, 2)), "ab")
    assert all(math.isnan(value) for value in (found.mA, found.accuracy, found.precision, found.recall, found.f1))
    assert found.without_positives == ("a", "b")


@pytest.mark.parametrize(
    ("guess", "truth", "names", "said"),
    [
        (GUESS, TRUTH, ["a", "b"], r"\(images, 2\)"),
        (GUESS, TRUTH, ["a", "b", "a"], "'a' is named twice"),
        (GUESS[:2], TRUTH, ["a", "b", "c"], r"\(2, 3\)"),
        (GUESS * 0.5, TRUTH, ["a", "b", "c"], "0.5 for image 0 and attribute 0"),
        (GUESS, np.where(TRUTH == 0, -1, TRUTH), ["a", "b", "c"], "labels hold -1 for image 0 and attribute 1"),
        (np.full((4, 3), np.nan), TRUTH, ["a", "b", "c"], "nan"),
        (TRUTH[0], TRUTH[0], ["a", "b", "c"], "shape"),
    ],
)
def test_other_shapes_and_values_are_refused_with_the_value(guess: Any, truth: Any, names: Any, said: str) -> None:
    with pytest.raises(BadScores, match=said):
        attribute_figures(guess, truth, names)


@given(
    both=st.tuples(st.integers(1, 7), st.integers(1, 5)).flatmap(
        lambda shape: st.tuples(
            arrays(np.int8, shape, elements=st.integers(0, 1)), arrays(np.int8, shape, elements=st.integers(0, 1))
        )
    )
)
def test_figures_equal_those_of_plain_loops(both: tuple[Any, Any]) -> None:
    guess, truth = both
    found = attribute_figures(guess, truth, [str(n) for n in range(truth.shape[1])])
    sets = [
        ({i for i, v in enumerate(g) if v}, {i for i, v in enumerate(t) if v})
        for g, t in zip(guess, truth, strict=True)
    ]
    accuracy = [len(a & b) / len(a | b) if a | b else 0.0 for a, b in sets]
    precision = [len(a & b) / len(a) if a else 0.0 for a, b in sets]
    recall = [len(a & b) / len(b) if b else 0.0 for a, b in sets]
    assert found.accuracy == pytest.approx(np.mean(accuracy), abs=1e-12)
    assert found.precision == pytest.approx(np.mean(precision), abs=1e-12)
    assert found.recall == pytest.approx(np.mean(recall), abs=1e-12)
    shares = []
    for g, t in zip(guess.T, truth.T, strict=True):
        if 0 < t.sum() < len(t):
            shares.append((g[t == 1].mean() + (1 - g[t == 0]).mean()) / 2)
    assert math.isnan(found.mA) if not shares else found.mA == pytest.approx(np.mean(shares), abs=1e-12)
