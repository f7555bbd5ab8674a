"""Pictures of different datasets that a frozen encoder finds all but equal; a recipe turns this on (`link: miner`)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from schemas.discovery import find
from schemas.miner import Miner, Vectors
from schemas.recipe import Link
from tasks.steps.mine import embedded
from tasks.steps.store import StepOutput

_BLOCK = 1_024


def near_images(
    store: Path, ingests: Sequence[StepOutput], settings: Link, ids: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Pairs of image ids among `ids`, of two datasets each, at a cosine distance of at most `max_distance`."""
    if settings.miner is None:
        return
    miner: Miner = find("generators.miners", "MINER", settings.miner)
    known: list[tuple[list[str], Vectors]] = []
    for step in ingests:
        names, vectors = embedded(store, step, pa.array(ids, pa.string()), miner, settings.model)
        for others, theirs in known:
            for one, other in _near(vectors, theirs, settings.max_distance):
                yield names[one].as_py(), others[other]
        known.append((names.to_pylist(), vectors))


def _near(vectors: Vectors, others: Vectors, most: float) -> Iterator[tuple[int, int]]:
    if not len(vectors) or not len(others):
        return
    for start in range(0, len(vectors), _BLOCK):
        alike = vectors[start : start + _BLOCK] @ others.T
        for one, other in zip(*np.nonzero(alike >= np.float32(1 - most)), strict=True):
            yield start + int(one), int(other)
