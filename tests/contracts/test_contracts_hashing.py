import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.contracts.hashing import Named, hash_all, hash_rows, hash_values

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=60)


@given(TEXTS)
def test_equal_strings_have_equal_hashes_and_others_have_others(texts: list[str | None]) -> None:
    found = hash_values(pa.array(texts, pa.string())).tolist()
    by_text = dict(zip([text or "" for text in texts], found, strict=True))
    assert found == [by_text[text or ""] for text in texts]
    assert len(set(found)) == len(by_text)


@given(TEXTS, st.integers(0, 20))
def test_a_hash_is_of_the_value_alone_wherever_and_however_it_is_held(texts: list[str | None], start: int) -> None:
    whole = pa.array(texts, pa.string())
    found = hash_values(whole)[start:].tolist()
    assert hash_values(whole.slice(start)).tolist() == found
    assert hash_values(whole.slice(start).cast(pa.large_string())).tolist() == found
    assert hash_values(whole.dictionary_encode())[start:].tolist() == found
    assert hash_all(pa.chunked_array([whole.slice(0, start), whole.slice(start)])).tolist()[start:] == found


def test_strings_that_differ_in_one_byte_at_any_place_or_in_length_differ() -> None:
    ways = [("a" * n)[:at] + "b" + ("a" * n)[at + 1 :] for n in range(1, 41) for at in range(n)]
    ways += ["a" * n for n in range(41)]
    assert len(np.unique(hash_values(pa.array(ways)))) == len(set(ways)) == 861


def test_more_strings_than_are_taken_at_a_time_are_hashed_one_by_one_all_the_same() -> None:
    texts = [f"source/{n % 977:0{n % 23}d}/{n}.jpg" for n in range(40_000)]
    found = hash_values(pa.array(texts))
    assert len(np.unique(found)) == len(texts)
    assert found[::9_973].tolist() == [hash_values(pa.array([text]))[0] for text in texts[::9_973]]


@given(st.sets(st.text(max_size=12), max_size=40), TEXTS)
def test_what_is_named_is_held_and_nothing_else(named: set[str], texts: list[str | None]) -> None:
    known = Named([hash_values(pa.array(sorted(named), pa.string()))])
    asked = [*texts, *named]
    assert known.hold(pa.array(asked, pa.string())).to_pylist() == [text is None or text in named for text in asked]


def test_names_that_crowd_one_place_are_all_held() -> None:
    hashes = np.arange(1, 500, dtype=np.uint64)  # the first bits of all are the same
    assert Named([hashes]).hold_hashes(hashes).all()
    assert Named([hashes[::2]]).hold_hashes(hashes).tolist() == [n % 2 == 1 for n in range(1, 500)]


@pytest.mark.parametrize("values", [[3, None, -1, 3], [0.5, None, 1.5, 0.5], [True, None, False, True]])
def test_numbers_have_hashes_too(values: list[float]) -> None:
    found = hash_values(pa.array(values))
    assert found[0] == found[3]
    assert len(np.unique(found)) == 3


def test_a_row_is_told_from_one_with_its_values_in_other_columns() -> None:
    table = pa.table({"one": ["x", "y", "x"], "two": ["y", "x", "y"]})
    found = hash_rows(table, ["one", "two"])
    assert found[0] == found[2] != found[1]
