"""From normalised pixels to the flat patches of a Qwen-VL tower, for crops of one size, all at once.

>>> patches = cut(plain(np.zeros((2, 128, 64, 3), np.uint8)), PatchShape())   # tasks.training.augment.plain
>>> patches.shape   # pictures, patches, channels x frames x height x width
(2, 32, 1536)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HEIGHT, WIDTH = 128, 64
Plane = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PatchShape:
    """How a tower cuts pictures; the defaults are those of Qwen3-VL."""

    patch: int = 16
    merge: int = 2
    frames: int = 2

    @property
    def grid(self) -> tuple[int, int, int]:
        """Frames, rows and columns of patches of one crop, before merging."""
        return 1, HEIGHT // self.patch, WIDTH // self.patch

    @property
    def tokens(self) -> int:
        """Visual tokens of one crop."""
        return self.grid[1] * self.grid[2] // self.merge**2


def cut(planes: Plane, shape: PatchShape) -> Plane:
    """Flat patches of normalised pictures (n, 3, height, width): float32 (n, patches, values).

    They come in the tower's order, the patches that it merges next to each other.
    """
    count, _, height, width = planes.shape
    patch, merge = shape.patch, shape.merge
    rows, columns = height // patch // merge, width // patch // merge
    blocks = planes.reshape(count, 3, rows, merge, patch, columns, merge, patch)
    ordered = blocks.transpose(0, 2, 5, 3, 6, 1, 4, 7)
    flat = ordered.reshape(count, rows * columns * merge * merge, 3, 1, patch * patch)
    return np.ascontiguousarray(np.repeat(flat, shape.frames, axis=3)).reshape(count, flat.shape[1], -1)
