"""The perceptual hash that the package imagehash gives, bit for bit, for comparing with hashes that others computed.

Ingest uses the cheaper hash of `tasks.packs.phash`, whose picture comes from the decode that verifies a file. This one
takes fully decoded pictures. Pillow turns them grey and `tasks.packs.exact_resize` makes them small as Pillow would;
pictures of one size are worked on together.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.fft
from PIL import Image

from tasks.packs.exact_resize import small

Hashes = npt.NDArray[np.uint64]
Pixels = npt.NDArray[np.uint8]

_LOW, _BATCH = 8, 32


def exact_phashes(pictures: Sequence[Pixels]) -> Hashes:
    """One hash per picture (height, width, 3 for RGB, or grey): the 8x8 lowest frequencies row by row, highest bit
    first, set above their median."""
    found = np.empty(len(pictures), dtype=np.uint64)
    for places in _of_one_shape(pictures):
        for start in range(0, len(places), _BATCH):
            some = places[start : start + _BATCH]
            found[some] = _hashes(small(_grey([pictures[place] for place in some])))
    return found


def _of_one_shape(pictures: Sequence[Pixels]) -> list[list[int]]:
    places: dict[tuple[int, ...], list[int]] = {}
    for place, picture in enumerate(pictures):
        places.setdefault(picture.shape, []).append(place)
    return list(places.values())


def _grey(pictures: Sequence[Pixels]) -> Pixels:
    """Pictures of one shape as (n, height, width), grey as Pillow makes them: all of them as one tall picture."""
    stack = np.stack(pictures)
    if stack.ndim == 3:
        return stack
    count, height, width, _ = stack.shape
    tall = Image.frombuffer("RGB", (width, count * height), stack, "raw", "RGB", 0, 1)
    return np.asarray(tall.convert("L")).reshape(count, height, width)


def _hashes(grids: Pixels) -> Hashes:
    levels = grids.astype(np.float64)
    low = scipy.fft.dct(scipy.fft.dct(levels, axis=1)[:, :_LOW], axis=2)[:, :, :_LOW].reshape(-1, _LOW * _LOW)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.asarray(np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel(), dtype=np.uint64)
