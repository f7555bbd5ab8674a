"""The perceptual hash that the package imagehash gives, bit for bit, for comparing with hashes that others computed.

Ingest uses the cheaper hash of `tasks.packs.phash`, whose picture comes from the decode that verifies a file. This one
takes fully decoded pictures and leaves their resize to Pillow, whose rounding it must share; the transform is done for
many pictures at once.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.fft
from PIL import Image

Hashes = npt.NDArray[np.uint64]
Pixels = npt.NDArray[np.uint8]

_SIDE, _LOW, _BATCH = 32, 8, 64


def exact_phashes(pictures: Sequence[Pixels]) -> Hashes:
    """One hash per picture (height, width, 3 for RGB, or grey): the 8x8 lowest frequencies row by row, highest bit
    first, set above their median."""
    parts = [_batch(pictures[start : start + _BATCH]) for start in range(0, len(pictures), _BATCH)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def _batch(pictures: Sequence[Pixels]) -> Hashes:
    grids = np.frombuffer(b"".join([_small(picture) for picture in pictures]), dtype=np.uint8)
    levels = grids.reshape(-1, _SIDE, _SIDE).astype(np.float64)
    low = scipy.fft.dct(scipy.fft.dct(levels, axis=1)[:, :_LOW], axis=2)[:, :, :_LOW].reshape(-1, _LOW * _LOW)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.asarray(np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel(), dtype=np.uint64)


def _small(picture: Pixels) -> bytes:
    """The 32x32 grey levels of a picture, as Pillow smooths them."""
    mode = "RGB" if picture.ndim == 3 else "L"
    image = Image.frombuffer(mode, picture.shape[1::-1], picture, "raw", mode, 0, 1)
    return image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).tobytes()
