"""The distinct values of an array and their numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from generators.numbering import numbered


@given(
    st.sampled_from([np.int64, np.uint32]).flatmap(
        lambda kind: arrays(kind, st.integers(0, 60), elements=st.integers(0, 9))
    )
)
def test_values_get_the_numbers_that_sorting_gives_them(values):
    distinct, at = numbered(values)
    sorted_distinct, places = np.unique(values, return_inverse=True)
    assert distinct.tolist() == sorted_distinct.tolist()
    assert distinct.dtype == values.dtype
    assert at.tolist() == places.tolist()
    assert at.dtype == np.int64


@pytest.mark.parametrize("value", [-1, np.iinfo(np.int64).max, np.iinfo(np.int64).min])
def test_values_at_the_ends_of_the_range_are_numbered_too(value):
    distinct, at = numbered(np.array([5, value, 5]))
    assert distinct[at].tolist() == [5, value, 5]
    assert distinct.tolist() == sorted({5, value})
