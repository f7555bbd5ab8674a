"""Contour sketches: dark lines on white paper where a picture's brightness changes quickly."""

import numpy as np
from PIL import Image, ImageFilter

from generators.sample.render import Pixels


def contours(pixels: Pixels) -> Pixels:
    """The sketch of a picture, of the same size: height x width x 3, three equal channels."""
    smooth = Image.fromarray(pixels).convert("L").filter(ImageFilter.MedianFilter(3))
    light = np.asarray(smooth.filter(ImageFilter.BoxBlur(0.6)), dtype=np.float32)
    down, across = np.gradient(light)
    slope = np.hypot(down, across)
    ink = np.clip((slope - 6.0) * 16.0, 0.0, 225.0)
    grey = (255.0 - ink).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
