"""Many grey pictures of one size made 32x32 at once, to the bit as Pillow's Lanczos filter makes them one by one.

Pillow smooths columns and rows in turn, with weights in steps of 2**-22, and rounds each result to a byte. The sums
are of whole numbers below 2**53 held in float64, so a matrix product gives them exactly. Which direction comes first
depends on the size and on Pillow's release, so Pillow is asked: a noisy picture of each size is made small both ways
once, and where neither is Pillow's own, Pillow does all the work.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

SIDE = 32
_LOBES = 3.0
_STEP = float(1 << 22)
_LARGEST = 1 << 16  # pixels; larger pictures cost Pillow less than a dense product
_FEW = 4
_DOWN, _ACROSS = "down", "across"


def small(pictures: Pixels) -> Pixels:
    """Pictures (n, height, width) of grey levels as (n, 32, 32)."""
    count, height, width = pictures.shape
    order = _order(height, width) if count >= _FEW and height * width <= _LARGEST else None
    return _by_pillow(pictures) if order is None else _by_products(pictures, order)


def _by_pillow(pictures: Pixels) -> Pixels:
    made = [Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS).tobytes() for picture in pictures]
    return np.frombuffer(b"".join(made), np.uint8).reshape(-1, SIDE, SIDE)


def _by_products(pictures: Pixels, order: str) -> Pixels:
    """Both directions as matrix products, the first of them `order`."""
    levels = pictures.astype(np.float64)
    down, across = _weights(pictures.shape[1]), np.ascontiguousarray(_weights(pictures.shape[2]).T)
    if order == _DOWN:
        return _bytes(_bytes(down @ levels).astype(np.float64) @ across)
    return _bytes(down @ _bytes(levels @ across).astype(np.float64))


def _bytes(sums: Floats) -> Pixels:
    """Sums in steps of the weights, rounded to the nearest byte, halves up."""
    sums += _STEP / 2
    sums /= _STEP
    np.floor(sums, out=sums)
    return np.clip(sums, 0, 255, out=sums).astype(np.uint8)


@lru_cache(maxsize=256)
def _order(height: int, width: int) -> str | None:
    """The direction that Pillow takes first for pictures of a size; None where its result is another."""
    noise = np.random.default_rng(height * 65_537 + width).integers(0, 256, (1, height, width), dtype=np.uint8)
    own = _by_pillow(noise)
    return next((order for order in (_DOWN, _ACROSS) if np.array_equal(_by_products(noise, order), own)), None)


@lru_cache(maxsize=256)
def _weights(length: int) -> Floats:
    """How much each of `length` pixels counts in each of the 32, in whole steps."""
    scale = length / SIDE
    stretch = max(scale, 1.0)
    found = np.zeros((SIDE, length))
    for place in range(SIDE):
        centre = (place + 0.5) * scale
        first = max(0, int(centre - _LOBES * stretch + 0.5))
        last = min(length, int(centre + _LOBES * stretch + 0.5))
        found[place, first:last] = _in_steps(_lanczos((np.arange(first, last) - centre + 0.5) / stretch))
    return found


def _lanczos(x: npt.NDArray[np.floating[Any]]) -> Floats:
    return np.asarray(np.where(np.abs(x) < _LOBES, np.sinc(x) * np.sinc(x / _LOBES), 0.0))


def _in_steps(weights: Floats) -> Floats:
    """Weights that add up to one, rounded to whole steps, halves away from zero."""
    shares = weights / np.cumsum(weights)[-1] * _STEP
    return np.asarray(np.trunc(shares + np.where(shares < 0, -0.5, 0.5)))
