"""Keyed random numbers for one subject: the same key gives the same numbers, whoever asks and in whatever order.

`Draws(seed, "market1501", "person", 12)` is the stream of person 12; drawing more persons never changes it.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from schemas.keys import mix, seed_of, uniform

T = TypeVar("T")
_BLOCK = 96


class Draws:
    """A stream of uniform numbers that depends on its key alone."""

    def __init__(self, *key: str | int) -> None:
        self._seed = seed_of(*key)
        self._blocks = 0
        self._ready: list[float] = []

    def _next(self) -> float:
        if not self._ready:
            counter = np.arange(self._blocks * _BLOCK, (self._blocks + 1) * _BLOCK, dtype=np.uint64)
            self._ready = uniform(mix(self._seed, counter)).tolist()[::-1]
            self._blocks += 1
        return self._ready.pop()

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
