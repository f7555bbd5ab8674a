"""64-bit perceptual hashes: the sign pattern of the lowest 8x8 frequencies of a 32x32 grey picture.

All sums are of integers below 2**53 held in float64, so every order of addition, every matrix library and every batch
size gives the same bits. The picture comes from the reduced-scale decode, so a hash differs from that of a full
decode and a smoothing resize by about half a bit on average.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.packs.decode import SIDE, Grey

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

_LOW = 8
_COSINE_SCALE = 1 << 12
_GREY_SCALE = 16
_FOLDABLE = 1 << 20
_SHORT = 256  # so many bytes add up within 16 bits
_BATCH = 32  # more lets a matrix library start threads, and no longer fits the caches


def phashes(pictures: Sequence[Grey] | Grey) -> Hashes:
    """One hash per grey picture; the first bit is the constant term, then row by row, highest bit first.

    Pictures of one shape may come as one array, images first.
    """
    low = np.empty((len(pictures), _LOW * _LOW), dtype=np.float64)
    # One large array for all batches: a new one for each would be new pages for each.
    space = np.empty((_BATCH, SIDE, SIDE), dtype=np.float64)
    for shape, places in _by_shape(pictures).items():
        for start in range(0, len(places), _BATCH):
            some = places[start : start + _BATCH]
            low[some] = _low(_grids(_stack(pictures, some).reshape(-1, *shape), space))
    middle = np.sort(low, axis=1)[:, 31:33].sum(axis=1, keepdims=True)
    packed = np.packbits(2 * low > middle, axis=1)
    return np.asarray(packed.view(">u8").astype(np.uint64).ravel(), dtype=np.uint64)


def _by_shape(pictures: Sequence[Grey] | Grey) -> dict[tuple[int, ...], list[int]]:
    """The places of the pictures of each height and width."""
    if isinstance(pictures, np.ndarray):
        return {pictures.shape[1:3]: list(range(len(pictures)))}
    places: dict[tuple[int, ...], list[int]] = {}
    for place, picture in enumerate(pictures):
        places.setdefault(picture.shape[:2], []).append(place)
    return places


def _stack(pictures: Sequence[Grey] | Grey, places: list[int]) -> Grey:
    """Some pictures of one shape, end to end."""
    if isinstance(pictures, np.ndarray):
        return pictures[places[0] : places[-1] + 1]
    return np.frombuffer(b"".join([np.ascontiguousarray(pictures[place]).data for place in places]), np.uint8)


def _grids(stack: Grey, space: Floats) -> Floats:
    """Pictures of one shape on a 32x32 grid, as whole numbers; their scale is free, for a hash only compares."""
    height, width = stack.shape[1:]
    if height % SIDE == 0 and width % SIDE == 0 and height * width <= _FOLDABLE:
        grids = space[: len(stack)]
        grids[...] = _folded(_folded(stack, 1, height // SIDE), 2, width // SIDE)
        return grids
    sums = _overlaps(height) @ stack.astype(np.float64) @ _overlaps(width).T
    return np.asarray(np.floor(sums * _GREY_SCALE / (height * width)), dtype=np.float64)


def _folded(stack: npt.NDArray[Any], axis: int, step: int) -> npt.NDArray[Any]:
    """Sums of `step` neighbours along an axis, in the smallest whole numbers that hold them."""
    parts = [stack[:, start::step] if axis == 1 else stack[:, :, start::step] for start in range(step)]
    if step == 1:
        return parts[0]
    kind = np.uint16 if stack.dtype == np.uint8 and step <= _SHORT else np.uint32
    total = parts[0].astype(kind)
    for part in parts[1:]:
        np.add(total, part, out=total)
    return total


@lru_cache(maxsize=256)
def _overlaps(length: int) -> Floats:
    """How much of each pixel lies in each of the 32 cells, as whole numbers; every row sums to `length`."""
    cell = np.arange(SIDE)[:, None] * length
    pixel = np.arange(length)[None, :] * SIDE
    shared = np.minimum(cell + length, pixel + SIDE) - np.maximum(cell, pixel)
    return np.asarray(np.maximum(0, shared), dtype=np.float64)


@lru_cache(maxsize=1)
def _cosines() -> Floats:
    """The eight lowest DCT-II rows, rounded to whole numbers, as columns."""
    angles = np.pi * np.outer(np.arange(_LOW), 2 * np.arange(SIDE) + 1) / (2 * SIDE)
    return np.ascontiguousarray(np.rint(np.cos(angles) * _COSINE_SCALE).T, dtype=np.float64)


def _low(grids: Floats) -> Floats:
    """The 64 lowest frequencies of each grid."""
    columns = _cosines()
    across = (grids.reshape(-1, SIDE) @ columns).reshape(-1, SIDE, _LOW).transpose(0, 2, 1)
    down = (across.reshape(-1, SIDE) @ columns).reshape(-1, _LOW, _LOW).transpose(0, 2, 1)
    return down.reshape(len(grids), _LOW * _LOW)


def thumbnails(pictures: Sequence[Grey]) -> Floats:
    """The 32x32 grey levels (0 to 255) of pictures, for a look at pairs whose hashes are near."""
    levels = [_overlaps(p.shape[0]) @ p.astype(np.float64) @ _overlaps(p.shape[1]).T / p.size for p in pictures]
    return np.stack(levels) if levels else np.empty((0, SIDE, SIDE))
