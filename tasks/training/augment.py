"""Changes that leave a person who they are: a mirror, a shifted box, other light, a colour cast."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.training.data import Pixels

Plane = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Augment:
    """How far pictures are changed: pixels of shift across (twice that down), and the spread of light."""

    shift: int = 4
    light: float = 0.15


def augment(pixels: Pixels, how: Augment, rng: np.random.Generator) -> Plane:
    """Changed and normalised pictures, float32 (n, 3, height, width) from -1 to 1."""
    moved = _move(pixels, how.shift, rng)
    tables = _tables(len(pixels), how.light, rng)
    planes = np.empty((len(pixels), 3, *pixels.shape[1:3]), dtype=np.float32)
    for picture, changed, own in zip(moved, planes, tables, strict=True):
        for channel in range(3):
            np.take(own[channel], picture[:, :, channel], out=changed[channel])
    return planes


def plain(pixels: Pixels) -> Plane:
    """Pictures as they are, normalised: float32 (n, 3, height, width) from -1 to 1."""
    return np.ascontiguousarray((pixels.astype(np.float32) / 127.5 - 1.0).transpose(0, 3, 1, 2))


def _move(pixels: Pixels, shift: int, rng: np.random.Generator) -> Pixels:
    count, height, width, _ = pixels.shape
    wide = np.pad(pixels, ((0, 0), (2 * shift, 2 * shift), (shift, shift), (0, 0)), mode="edge")
    mirrored: Flags = rng.random((count,)) < 0.5
    across: Places = rng.integers(0, 2 * shift + 1, (count,))
    down: Places = rng.integers(0, 4 * shift + 1, (count,))
    moved = np.empty_like(pixels)
    for row in range(count):
        top, left = int(down[row]), int(across[row])
        box = wide[row, top : top + height, left : left + width]
        moved[row] = box[:, ::-1] if mirrored[row] else box
    return moved


def _tables(count: int, light: float, rng: np.random.Generator) -> Plane:
    """One table of 256 values per picture and channel."""
    ramp = np.arange(256, dtype=np.float32) / 255.0
    gain = (1 + light * rng.standard_normal((count, 1, 1))) * (1 + 0.4 * light * rng.standard_normal((count, 3, 1)))
    lift = 0.3 * light * rng.standard_normal((count, 1, 1))
    return np.asarray(np.clip(ramp * gain + lift, 0.0, 1.0) * 2.0 - 1.0, dtype=np.float32)
