"""Parts of pictures: what a row shows of an image where it does not show all of it, such as a clothes template.

A reference to an image may have a `region` of fractions of its width and height; null is the whole image.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Region = Mapping[str, float]


def shown_name(ref: Mapping[str, Any]) -> str:
    """A name for what a row shows: the image's id, with the region behind it where there is one."""
    region = ref.get("region")
    if region is None:
        return str(ref["image_id"])
    return f"{ref['image_id']}#{','.join(f'{region[side]:.4f}' for side in 'xywh')}"


def part_of(pixels: Pixels, region: Region | None) -> Pixels:
    """The pixels (height, width, 3) inside a region, at least one row and one column of them."""
    if region is None:
        return pixels
    top, bottom = _span(region["y"], region["h"], pixels.shape[0])
    left, right = _span(region["x"], region["w"], pixels.shape[1])
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _span(start: float, share: float, size: int) -> tuple[int, int]:
    first = min(round(start * size), size - 1)
    return first, max(first + 1, min(round((start + share) * size), size))
