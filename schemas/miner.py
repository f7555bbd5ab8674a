"""What a miner declares: a frozen way to see images, from which hard negatives are chosen by distance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.tables.table import Table, required

Vectors = npt.NDArray[np.float32]

SEEN = Table(
    "seen",
    "mined picture",
    pa.schema([required("image_id", pa.string()), required("vector", pa.list_(pa.int16()))]),
    key=("image_id",),
)
"""The vectors that a mine step keeps where the recipe asks for margins; a file of the step, in no version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miner:
    """One frozen encoder. `embed` maps encoded images (JPEG/PNG/BMP bytes) to unit float32 rows, shape (n, d).

    `revision` names the exact encoder; for model miners it is a function of the model folder's files.
    """

    title: str
    revision: Callable[[str | None], str]
    embed: Callable[[Sequence[bytes], str | None], Vectors]
