"""Keyed random numbers for one subject: the same key gives the same numbers, whoever asks and in whatever order.

`Draws(seed, "market1501", "person", 12)` is the stream of person 12; drawing more persons never changes it.
"""

from collections.abc import Sequence
from typing import TypeVar

from schemas.keys import seed_of

T = TypeVar("T")
_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


def _finalise(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class Draws:
    """A stream of uniform numbers that depends on its key alone.

    Number i is `uniform(mix(seed_of(*key), i))` of `schemas.keys`, worked out one at a time: a picture draws some
    sixty numbers from several streams, where arrays would cost more than they give.
    """

    def __init__(self, *key: str | int) -> None:
        self._state = _finalise((int(seed_of(*key)) + _STEP) & _MASK)
        self._count = 0

    def _next(self) -> float:
        word = _finalise(((self._state ^ self._count) + _STEP) & _MASK)
        self._count += 1
        return (word >> 11) * 2.0**-53

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self._next()

    def bell(self, spread: float) -> float:
        """A number around 0, nearly normal with standard deviation `spread`, never beyond three of them."""
        return 2.0 * spread * (self._next() + self._next() + self._next() - 1.5)

    def whole(self, n: int) -> int:
        """An integer in [0, n)."""
        return min(int(self._next() * n), n - 1)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._next() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[self.whole(len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """One of (value, weight) options; weights need not sum to one."""
        rest = self._next() * sum(weight for _, weight in options)
        for value, weight in options:
            rest -= weight
            if rest < 0:
                return value
        return options[-1][0]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a drawn order."""
        ranked = sorted(range(len(items)), key=[self._next() for _ in items].__getitem__)
        return [items[i] for i in ranked]
