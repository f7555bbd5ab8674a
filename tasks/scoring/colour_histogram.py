"""The baseline: two people look alike when the colours of their horizontal stripes do.

Each picture is shrunk to 32 x 64 and cut into eight stripes; in each, the hue, saturation and value of the pixels are
counted apart (16, 8 and 8 bins), hue only where there is colour. Counts are compared as square roots (Hellinger).
Striped colour follows Gray and Tao (ECCV 2008). Its definition stands here, apart from the miners, so that a better
miner never moves the baseline of published results.
"""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas.errors import BadTable
from tasks.scoring.scorer import Vectors

WIDTH, HEIGHT, STRIPES = 32, 64, 8
_BINS = (16, 8, 8)


class ColourHistogram:
    """Scores by colour alone: no model, no text side."""

    name = "colour_histogram"

    def embed_images(self, encoded: Sequence[bytes], modality: Sequence[str]) -> Vectors:
        """Unit rows, (n, 256), whatever the modality. Raises BadTable for bytes that are no image."""
        rows = np.zeros((len(encoded), STRIPES * sum(_BINS)), dtype=np.float32)
        for place, data in enumerate(encoded):
            rows[place] = _describe(_pixels(data))
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Vectors | None:
        """None: colours are not read from texts."""
        return None


def _pixels(data: bytes) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.draft("RGB", (WIDTH, HEIGHT))
            small = picture.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
            return np.asarray(small.convert("HSV"))
    except (OSError, ValueError, SyntaxError) as error:
        raise BadTable(f"An image of {len(data)} bytes in the version cannot be decoded: {error}.") from error


def _describe(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Square roots of the counts, stripe by stripe; a hue counts by its saturation, for grey has none."""
    stripe = np.repeat(np.arange(STRIPES), WIDTH * HEIGHT // STRIPES)
    channels = pixels.reshape(-1, 3)
    parts = []
    for channel, bins in enumerate(_BINS):
        weight = channels[:, 1] / 255.0 if channel == 0 else None
        place = stripe * bins + (channels[:, channel].astype(np.int64) * bins >> 8)
        parts.append(np.bincount(place, weights=weight, minlength=STRIPES * bins))
    return np.asarray(np.sqrt(np.concatenate(parts)))
