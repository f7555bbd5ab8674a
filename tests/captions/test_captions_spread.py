"""Variety of texts, and texts of two persons in nearly the same words: against plain definitions of both."""

import math
import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.captions.spread import near_duplicates, signatures, spread

COAT = "A woman in a red coat and blue jeans walks along with a black backpack and an umbrella."
WORDS = st.lists(st.sampled_from(["a", "man", "red", "coat", "and", "jeans", "walks"]), max_size=9).map(" ".join)


def near(texts: list[str], persons: list[str], alike: float) -> list[bool]:
    found = signatures(pa.array(texts, pa.string()))
    rows = near_duplicates(found, np.array(persons, dtype=object)[found.rows], alike)
    return np.isin(np.arange(len(texts)), rows).tolist()


def shingles(text: str, length: int) -> list[tuple[str, ...]]:
    words = re.sub(r"[^\w' -]+", "", text.lower()).split()
    return [tuple(words[at : at + length]) for at in range(len(words) - length + 1)]


@given(st.lists(WORDS, min_size=1, max_size=8))
@settings(deadline=None)
def test_spread_is_what_counting_gives(texts: list[str]):
    pairs = [pair for text in texts for pair in shingles(text, 2)]
    openings = Counter(shingles(text, 2)[0] for text in texts if shingles(text, 2))
    total = sum(openings.values())
    bits = -sum(n / total * math.log2(n / total) for n in openings.values()) if total else 0.0
    found = spread(pa.array(texts, pa.string()))
    assert found.opening_bits == pytest.approx(bits, abs=1e-9)
    assert found.distinct_pairs == pytest.approx(len(set(pairs)) / max(len(pairs), 1))


@given(st.lists(st.tuples(WORDS, st.sampled_from("abc")), max_size=8))
@settings(deadline=None)
def test_equal_texts_of_two_persons_are_always_found(given_: list[tuple[str, str]]):
    texts, persons = [text for text, _ in given_], [person for _, person in given_]
    for text, person, found in zip(texts, persons, near(texts, persons, 1.0), strict=True):
        shared = any(shingles(text, 3) == shingles(t, 3) and person != p for t, p in given_)
        assert found or not (shared and shingles(text, 3))


def test_one_changed_word_is_near_and_another_outfit_is_not():
    texts = [
        COAT,
        COAT.replace("umbrella", "box"),
        "A man in a grey hoodie and shorts is seen from behind today.",
        COAT,
    ]
    assert near(texts, list("abcd"), 0.8) == [True, True, False, True]
    assert near(texts, list("aaaa"), 0.8) == [False] * 4
    assert near([], [], 0.8) == []
