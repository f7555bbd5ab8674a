"""The perceptual hash that the package imagehash gives, bit for bit, for comparing with hashes that others computed.

Ingest uses the cheaper hash of `tasks.packs.phash`, whose picture comes from the decode that verifies a file. This one
takes fully decoded pictures, and smooths them to 32x32 as Pillow does; only the transform is done for many at once.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.fft
from PIL import Image

Hashes = npt.NDArray[np.uint64]

_SIDE, _LOW, _BATCH = 32, 8, 64


def exact_phashes(pictures: Sequence[Image.Image]) -> Hashes:
    """One hash per picture: row by row of the 8x8 lowest frequencies, highest bit first, set above their median."""
    parts = [_batch(pictures[start : start + _BATCH]) for start in range(0, len(pictures), _BATCH)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def _batch(pictures: Sequence[Image.Image]) -> Hashes:
    small = [picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS) for picture in pictures]
    grids = np.frombuffer(b"".join([picture.tobytes() for picture in small]), dtype=np.uint8)
    levels = grids.reshape(-1, _SIDE, _SIDE).astype(np.float64)
    low = scipy.fft.dct(scipy.fft.dct(levels, axis=1)[:, :_LOW], axis=2)[:, :, :_LOW].reshape(-1, _LOW * _LOW)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.asarray(np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel(), dtype=np.uint64)
