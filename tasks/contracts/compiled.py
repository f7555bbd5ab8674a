"""Hashing strings and looking hashes up in compiled loops: a tenth of the time of `hashing`, the same hashes.

    loops = LOOPS.after(len(strings))  # None while so few strings were hashed that loading them would not pay

Loading takes as long as hashing a few million strings without them: an ordinary version never loads them. Compiled on
first use, then kept beside this file, or nowhere where nothing can be written.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

_WORTH = 3_000_000
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_BYTE = np.uint64(8)
_WORD = 8


class Loops(NamedTuple):
    """`text(letters, words, bounds, found)` hashes strings, `held(wanted, places, shift, found)` looks hashes up.

    `words[n]` are the eight bytes of `letters` from n on; string n goes from `bounds[n]` to `bounds[n + 1]`.
    """

    text: Callable[..., None]
    held: Callable[..., None]


def hash_text(letters: Any, words: Any, bounds: Any, found: Any) -> None:
    """Every string as overlapping words of eight bytes, the last of which ends where the string ends."""
    for n in range(found.size):
        start, end = bounds[n], bounds[n + 1]
        state = (np.uint64(end - start) + _ONE) * _FACTOR
        state ^= state >> _HALF
        if end - start < _WORD:
            word = np.uint64(0)
            for at in range(end - 1, start - 1, -1):
                word = (word << _BYTE) | np.uint64(letters[at])
            state = (state ^ word) * _FACTOR
            state ^= state >> _HALF
            state *= _FACTOR
        for at in range(start, end if end - start >= _WORD else start, _WORD):
            state = (state ^ words[min(at, end - _WORD)]) * _FACTOR
            state ^= state >> _HALF
            state *= _FACTOR
        found[n] = state


def hold_hashes(wanted: Any, places: Any, shift: Any, found: Any) -> None:
    """Whether each hash stands at the place that its first bits give."""
    for n in range(found.size):
        found[n] = places[wanted[n] >> shift] == wanted[n]


@dataclass(slots=True)
class Patience:
    """Loads the loops when so many more strings are hashed that it pays; may be asked by many threads."""

    left: int
    _lock: Lock = field(default_factory=Lock)
    _loaded: Loops | None = None

    def after(self, strings: int) -> Loops | None:
        """The loops, once they are loaded; the thread that finds them worth it loads them, the others go on."""
        with self._lock:
            mine = self.left >= 0 and self.left < strings
            self.left -= strings
        if mine:
            self._loaded = compiled()
        return self._loaded


LOOPS = Patience(_WORTH)


def compiled() -> Loops:
    """The compiled loops."""
    from numba import njit

    try:
        return Loops(*map(njit(cache=True, nogil=True), (hash_text, hold_hashes)))
    except RuntimeError:  # no folder where they could be kept
        return Loops(*map(njit(nogil=True), (hash_text, hold_hashes)))
