"""What there is to learn from, apart from where it is read: pictures, labels, captions and dialogues as plain values.

tasks/training/reading.py fills a `TrainingData` from a version folder; tests fill one by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.integer[Any]]
UNLABELLED = -1


class Pictures(Protocol):
    """Pictures by number, decoded when they are asked for."""

    def take(self, numbers: Sequence[int] | Numbers) -> Pixels:
        """The pictures of these numbers: uint8, (n, height, width, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One short dialogue: `prompt` holds `[[image:n]]` markers, `images` the picture numbers in order of display."""

    family: str
    kind: str
    images: tuple[int, ...]
    prompt: str
    answer: str
    subtask: str = ""
    options: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The train split of one version. Codes count from 0 and are UNLABELLED where nobody said.

    `attributes` maps a key to one code per picture into `values[key]`; `captions` pairs a picture number with a text.
    `parts` counts the parts of pictures that dialogues show: they are numbered after the pictures and have no codes.
    """

    digest: str
    pictures: Pictures
    source: Codes
    person: Codes
    outfit: Codes
    infrared: npt.NDArray[np.bool_]
    attributes: Mapping[str, Codes] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    captions: Sequence[tuple[int, str]] = ()
    stages: Mapping[int, Sequence[Sample]] = field(default_factory=dict)
    parts: int = 0

    @property
    def size(self) -> int:
        """How many pictures there are."""
        return len(self.person)
