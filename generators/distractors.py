"""Distractors in galleries: boxes that a detector took for a person, such as `0000` of Market-1501.

Option of the recipe: `distractors` is the share of galleries of four or six in which a stranger gives way to a
distractor of the same source, modality and camera. A gallery of two stays, or nobody but the match might be in it. The
share is that of rows with and without a match alike, so a distractor tells nothing about whether `None` is right. Only
the pool of the test split has any; rows of other splits stay as they are.
"""

from functools import cached_property

import numpy as np

from generators.choosing import Ring, cells_of
from generators.galleries import Gallery
from generators.pairing import DISTRACTOR
from schemas.keys import Words, below, mix, uniform
from schemas.question import NOBODY, Ask, Floats, Ints, Pool

_LEAST = 3
_LOOKS = 3


class DistractorFinder:
    """Lets distractors into galleries, one each, for the share of the recipe."""

    def __init__(self, ask: Ask) -> None:
        self._pool, self._seed = ask.pool, ask.seed
        self._share = float(ask.options.get("distractors", 0.0))

    def let_in(self, found: Gallery, match: Ints, word: Words) -> Gallery:
        """The galleries with a distractor, where one is drawn and the camera of the match has one."""
        if self._pool.distractors is None or not self._share:
            return found
        drawn = (uniform(mix(word, 27)) < self._share) & (found.size >= _LEAST)
        other = self._closest(np.where(drawn, match, NOBODY), word)
        here = np.arange(found.shown.shape[1]) == _gives_way(found, word)[:, None]
        here &= (other >= 0)[:, None]
        shown, rank = np.where(here, other[:, None], found.shown), np.where(here, DISTRACTOR, found.rank)
        return Gallery(shown, rank, found.size, found.place)

    @cached_property
    def _cells(self) -> Ints:
        return _cells(self._pool)

    @cached_property
    def _ring(self) -> Ring:
        nobody = np.arange(len(self._cells)) >= self._pool.size
        return Ring(np.where(nobody, self._cells, NOBODY), mix(self._seed, self._pool.shown_words, 26))

    def _closest(self, match: Ints, word: Words) -> Ints:
        """The closest in size to each match of a few draws from its camera; NOBODY where there is none."""
        cells = np.where(match >= 0, self._cells[match], NOBODY)
        looks = np.stack([self._ring.draw(cells, mix(word, 28, look)) for look in range(_LOOKS)], axis=1)
        height = _heights(self._pool)
        gap = np.abs(height[looks] - height[match][:, None])
        return np.asarray(np.take_along_axis(looks, gap.argmin(axis=1)[:, None], axis=1)[:, 0])


def _cells(pool: Pool) -> Ints:
    """Source, modality and camera of the pool's images and its distractors; a source without cameras has one."""
    if pool.distractors is None:
        return cells_of(pool.source, pool.modality, pool.camera + 1)
    nobody = pool.distractors
    both = (
        np.append(pool.source, nobody.source),
        np.append(pool.modality, nobody.modality),
        np.append(pool.camera, nobody.camera) + 1,
    )
    return cells_of(*both)


def _heights(pool: Pool) -> Floats:
    return pool.log_height if pool.distractors is None else np.append(pool.log_height, pool.distractors.log_height)


def _gives_way(found: Gallery, word: Words) -> Ints:
    """The column of a stranger of each gallery, drawn evenly."""
    matched = found.place >= 0
    column = below(mix(word, 29), np.maximum(found.size - matched, 1))
    return np.asarray(column + (matched & (column >= found.place)), dtype=np.int64)
