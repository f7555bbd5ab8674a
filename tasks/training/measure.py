"""What is measured after each stage, on held-out persons: answers beside the commonest answer, heads beside theirs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.training.checkpoint import Modules
from tasks.training.data import TrainingData
from tasks.training.heads import attribute_logits
from tasks.training.reading import read_split
from tasks.training.stages import features_of
from tasks.versions.reader import VersionFolder

if TYPE_CHECKING:
    from tasks.training.run import Measure

MOST_ROWS = 160
"""Rows of a family that are asked after each stage; evaluation asks them all."""


def measure_on(version: VersionFolder, split: str = "test") -> "Measure":
    """The measure of a run on a version: called with the modules, their record and the stage that ended."""

    def measure(modules: Modules, record: Mapping[str, Any], stage: int) -> Mapping[str, Any]:
        from tasks.training.model import TinyReID

        if stage == 0:
            return {"attributes": _heads(modules, read_split(version, split, ()), record)}
        model = TinyReID(modules, record)
        scores = model.scores(version, split, range(1, stage + 1), MOST_ROWS)
        return {"questions": [score.row() for score in scores]}

    return measure


def _heads(modules: Modules, data: TrainingData, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The accuracy of each attribute head on pictures it may be asked about, beside the commonest value's share."""
    import torch

    features = features_of(modules.model, data.pictures, data.size)
    with torch.inference_mode():
        logits = attribute_logits(modules.heads, features, record["attribute_sizes"])
    found = []
    for column, key in enumerate(record["attributes"]):
        gold = data.attributes.get(key, np.zeros(0))
        known = (gold >= 0) & ~data.infrared if len(gold) else np.zeros(0, dtype=bool)
        if known.any():
            right = logits[column].argmax(dim=1).numpy()[known] == gold[known]
            majority = float(np.bincount(gold[known]).max() / known.sum())
            found.append(
                {"attribute": key, "accuracy": float(right.mean()), "majority": majority, "n": int(known.sum())}
            )
    return found
