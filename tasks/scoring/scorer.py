"""What a scorer is: something that maps images, and perhaps texts, to vectors, or that answers yes or no about pairs.

    vectors = scorer.embed_images([jpeg_bytes, ...], ["rgb", "near_infrared"])     # unit rows, float32
    scorer.embed_texts(["A man in a red coat."])                                  # None: it has no text side

A trained model (tasks/training/model.py) is all three protocols below at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tasks.versions.reader import VersionFolder

Vectors = npt.NDArray[np.float32]

PAIR_KINDS = {
    "standard": "image",
    "cloth-changing": "cloth_changing",
    "visible-infrared": "infrared",
    "text-to-image": "text",
}
"""How a yes/no question about a pair is worded, by a protocol's setting."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query, encoded image or text, and a candidate image that may show the same person; `kind` as in PAIR_KINDS."""

    kind: str
    query: bytes | str
    candidate: bytes


class Scorer(Protocol):
    """Maps images, and texts if it can, to vectors whose inner product tells how alike they are."""

    name: str

    def embed_images(self, encoded: Sequence[bytes], modality: Sequence[str]) -> Vectors:
        """Unit rows, (n, d). `modality` is that of person_images. Raises BadTable for bytes that are no image."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> Vectors | None:
        """Unit rows, (n, d), or None when there is no text side."""
        ...


class YesNo(Protocol):
    """Answers whether the candidate of a pair shows the person of its query."""

    def yes_probability(self, rows: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """The probability of yes for each pair, (n,)."""
        ...


class Model(Scorer, YesNo, Protocol):
    """A trained model as evaluation uses it."""

    def question_accuracy(self, version: VersionFolder) -> Sequence[Mapping[str, Any]]:
        """Held-out questions answered: family, what, accuracy, low, high, majority, n."""
        ...
