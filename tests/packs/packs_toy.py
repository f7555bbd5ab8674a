"""Small raw folders of real pictures, made by code."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, width: int = 64, height: int = 128) -> Image.Image:
    """A picture with structure: a few coloured blocks on a gradient, the same for the same seed."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width]
    pixels = 128 + rng.uniform(-1, 1, 3) * (down[..., None] - 64) + rng.uniform(-1, 1, 3) * (across[..., None] - 32)
    for _ in range(7):
        top, left = rng.integers(0, height - 10), rng.integers(0, width - 10)
        pixels[top : top + rng.integers(10, 50), left : left + rng.integers(8, 30)] = rng.uniform(0, 255, 3)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(seed: int, form: str = "JPEG", mode: str = "RGB", **options: object) -> bytes:
    """The bytes of a picture in some format."""
    file = io.BytesIO()
    picture(seed).convert(mode).save(file, form, **options)
    return file.getvalue()


def make_market(root: Path, persons: int = 6, shots: int = 4, first: int = 0) -> Path:
    """A folder in the layout of Market-1501: odd persons train, the others in query and gallery."""
    for number in range(first, first + persons * shots):
        person, shot = divmod(number, shots)
        part = ("bounding_box_train", "query", "bounding_box_test")[0 if person % 2 == 0 else 1 + shot % 2]
        path = root / part / f"{person + 1:04d}_c{shot % 6 + 1}s1_{number:06d}_01.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(number))
    return root
