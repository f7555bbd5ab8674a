"""Exact nearest neighbours of other persons: a block of the similarity matrix at a time, one pass over each row.

    near, distance = nearest(vectors, persons, top_k=20)

Unit vectors are rounded to multiples of 1/2048 first. Every product and partial sum is then an integer below 2^24,
which float32 holds exactly: neighbours and distances are the same for any matrix library, block size or thread count.
"""

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from schemas.miner import Vectors
from schemas.question import Ints

SCALE = 2048.0
_BLOCK = 1_024
_CHUNK = 64

Places = npt.NDArray[np.int32]


def whole(vectors: Vectors) -> Vectors:
    """Unit rows as whole numbers: times 2048 and rounded."""
    return np.asarray(np.rint(vectors * np.float32(SCALE)), dtype=np.float32)


def nearest(vectors: Vectors, persons: Ints, top_k: int, block: int = _BLOCK) -> tuple[Places, Vectors]:
    """The `top_k` nearest rows of other persons for every row, nearest first, ties by row number.

    Returns row numbers (n, k), -1 where there are fewer, and cosine distances (n, k), NaN there.
    """
    rounded = whole(vectors)
    near = np.full((len(rounded), top_k), -1, dtype=np.int32)
    similarity = np.full((len(rounded), top_k), -np.inf, dtype=np.float32)
    for start in range(0, len(rounded), block):
        rows = slice(start, start + block)
        _compiled()(rounded[rows] @ rounded.T, persons[rows], persons, near[rows], similarity[rows])
    # rounding leaves rows a little longer or shorter than one: equal pictures are at 0, never below it
    distance = np.clip(1.0 - similarity / np.float32(SCALE * SCALE), 0.0, 2.0)
    return near, np.where(near >= 0, distance, np.nan).astype(np.float32)


def _keep_best(block: Vectors, own: Ints, persons: Ints, near: Places, best: Vectors) -> None:
    """Fill `near` and `best` with the largest entries of each row of `block`, leaving out the row's own person.

    A chunk whose maximum does not beat the worst kept entry is passed over whole.
    """
    n, k = block.shape[1], near.shape[1]
    for row in range(block.shape[0]):
        worst = best[row, k - 1]
        for start in range(0, n, _CHUNK):
            stop = min(start + _CHUNK, n)
            top = block[row, start]
            for column in range(start, stop):
                top = max(top, block[row, column])
            if top <= worst:
                continue
            for column in range(start, stop):
                value = block[row, column]
                if value > worst and persons[column] != own[row]:
                    place = k - 1
                    while place > 0 and best[row, place - 1] < value:
                        best[row, place], near[row, place] = best[row, place - 1], near[row, place - 1]
                        place -= 1
                    best[row, place], near[row, place] = value, column
                    worst = best[row, k - 1]


@functools.cache
def _compiled() -> Callable[..., None]:
    """The compiled pass; numba takes a third of a second to load and is not needed when nothing is mined."""
    import numba

    compiled: Callable[..., None] = numba.njit(cache=True, nogil=True)(_keep_best)
    return compiled
