"""Other ways to see a drawn picture: as a thermal camera does, and as somebody with coloured pencils.

Simple filters over the drawn pixels; contour sketches are in generators.sample.contours.
"""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageFilter

from generators.sample.contours import contours
from generators.sample.render import Pixels

_SHADES = 5
_PAPER = np.array([250.0, 247.0, 238.0], dtype=np.float32)


def thermal(pixels: Pixels) -> Pixels:
    """Heat seen from afar: soft, grey, the person bright; meant for pictures drawn in infrared."""
    grey = Image.fromarray(pixels).convert("L").filter(ImageFilter.GaussianBlur(1.6))
    heat = np.asarray(grey, dtype=np.float32)
    low, high = np.percentile(heat, (5, 97))
    glow = np.clip((heat - low) / max(high - low, 1.0), 0.0, 1.0) ** 0.75 * 215.0 + 25.0
    return np.repeat(glow.astype(np.uint8)[:, :, None], 3, axis=2)


def colour_drawing(pixels: Pixels) -> Pixels:
    """Coloured pencil: few shades, lighter than the photo, dark outlines, on paper."""
    flat = Image.fromarray(pixels).filter(ImageFilter.MedianFilter(5))
    shades = np.round(np.asarray(flat, dtype=np.float32) / 255.0 * _SHADES) / _SHADES
    lines = contours(pixels).astype(np.float32) / 255.0
    drawn = (0.72 * shades * 255.0 + 0.28 * _PAPER) * (0.35 + 0.65 * lines)
    return np.asarray(np.clip(drawn, 0, 255).astype(np.uint8))


FILMS: Mapping[str, Callable[[Pixels], Pixels]] = {
    "": lambda pixels: pixels,
    "contours": contours,
    "thermal": thermal,
    "colour_drawing": colour_drawing,
}
