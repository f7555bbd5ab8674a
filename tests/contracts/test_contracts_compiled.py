from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.contracts import hashing
from tasks.contracts.compiled import Loops, Patience, compiled
from tasks.contracts.hashing import Named, hash_values

WORDS = [("ü" if n % 3 else "a") * (n // 2) + str(n) for n in range(90)]


def looped(monkeypatch: pytest.MonkeyPatch, patience: int) -> None:
    """Hashing that turns to compiled loops after so many strings."""
    monkeypatch.setattr(hashing, "LOOPS", Patience(patience))


@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=60), st.integers(0, 20))
def test_compiled_loops_find_the_same_hashes(texts: list[str | None], start: int) -> None:
    values = pa.array([*texts, *WORDS]).slice(start)
    with pytest.MonkeyPatch.context() as patched:
        looped(patched, 1 << 40)
        plain = hash_values(values).tolist()
        looped(patched, 0)
        assert hash_values(values).tolist() == plain
        assert hash_values(values.cast(pa.large_string())).tolist() == plain


def test_compiled_loops_find_the_same_values_named(monkeypatch: pytest.MonkeyPatch) -> None:
    looped(monkeypatch, 0)
    known = Named([hash_values(pa.array(WORDS[::2]))])
    assert known.hold(pa.array([*WORDS, None])).to_pylist() == [n % 2 == 0 for n in range(90)] + [True]
    crowded = np.arange(1, 500, dtype=np.uint64)  # the first bits of all are the same
    assert Named([crowded[::2]]).hold_hashes(crowded).tolist() == [n % 2 == 1 for n in range(1, 500)]


def test_strings_too_short_for_words_of_eight_bytes_are_hashed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    looped(monkeypatch, 0)
    assert len(np.unique(hash_values(pa.array(["", "a", "b", "ab", "a\0", "\0"])))) == 6


def test_loops_are_loaded_once_when_so_many_strings_were_hashed_that_it_pays() -> None:
    patience = Patience(10)
    assert [patience.after(strings) for strings in (6, 4, 0)] == [None, None, None]
    loaded = patience.after(1)
    assert isinstance(loaded, Loops)
    assert patience.after(5) is loaded
    assert patience.after(0) is loaded


def test_nowhere_to_keep_the_compiled_loops_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def njit(**options: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr("numba.njit", njit)
    found = np.empty(2, np.bool_)
    compiled().held(np.array([1, 2], np.uint64), np.array([1, 0], np.uint64), np.uint64(63), found)
    assert found.tolist() == [True, False]
