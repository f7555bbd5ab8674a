"""Toy people for the training room: drawn stripes of colour, one colour a person, in memory or as a version folder."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest

from tasks.training.data import Numbers, Pixels, Sample, TrainingData

COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class PixelArray:
    """Pictures that are all in memory."""

    pixels: Pixels

    def take(self, numbers: Sequence[int] | Numbers) -> Pixels:
        """The pictures of these numbers."""
        return self.pixels[np.asarray(numbers, dtype=np.int64)]


def toy_pixels(count: int = 12) -> np.ndarray:
    """Noise with a coloured half, by person."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 90, (count, 128, 64, 3), dtype=np.uint8)
    for number in range(count):
        pixels[number, :64, :, number % 3] += 120
    return pixels


def toy_samples() -> dict[int, list[Sample]]:
    """A few dialogues of every shape: an attribute, a caption, a pair, a gallery, a text with a picture."""
    asked = [
        Sample("ATTR_QA", "attr", (n,), "Image 1 [[image:1]] What colour is the top?", COLOURS[n % 3], "upper")
        for n in range(12)
    ]
    captions = [
        Sample("CAP_SHORT", "caption", (n,), "[[image:1]] Describe.", f"A {COLOURS[n % 3]} top.") for n in (0, 1)
    ]
    pairs = [
        Sample("SAME_YN", "yesno", (n, m), "[[image:1]] and [[image:2]]: same?", "Yes" if n % 3 == m % 3 else "No")
        for n, m in ((0, 3), (1, 2), (4, 7), (5, 6))
    ]
    picks = [Sample("I2I_PICK1", "pick1", (0, 1, 3), "[[image:1]] [[image:2]] [[image:3]] Which?", "Image 3", "", 2)]
    texts = [Sample("T2I_YN", "yesno", (n,), "A red top. [[image:1]] Fits?", "No" if n % 3 else "Yes") for n in (0, 1)]
    return {1: asked + captions, 2: pairs + picks, 3: texts}


def toy_people() -> TrainingData:
    """Twelve pictures of three people, two of them infrared, with one attribute and captions."""
    codes = np.arange(12, dtype=np.int32) % 3
    return TrainingData(
        digest="0" * 64,
        pictures=PixelArray(toy_pixels()),
        source=np.zeros(12, dtype=np.int32),
        person=codes,
        outfit=codes,
        infrared=np.arange(12) >= 10,
        attributes={"upper_color_primary": codes},
        values={"upper_color_primary": COLOURS},
        captions=[(n, f"A person in a {COLOURS[n % 3]} top.") for n in range(9)],
        stages=toy_samples(),
    )


@pytest.fixture(scope="session")
def toy_data() -> TrainingData:
    """The toy people of this folder."""
    return toy_people()
