"""Stages 1, 2, 3: the language model learns to answer, on features of the frozen tower that are made once.

Every batch mixes the families of its stage with replay of earlier ones by fixed shares; the loss is on answers only,
each dialogue counting the same whatever the length of its answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.training.augment import plain
from tasks.training.collate import collate
from tasks.training.data import Pictures, TrainingData
from tasks.training.keep import Losses, random_of, seed_torch
from tasks.training.network import SHAPE, TOKEN_GRID, answer_losses, see
from tasks.training.patches import cut
from tasks.training.plan import Stage
from tasks.training.tokens import Encoded, encode

if TYPE_CHECKING:
    import torch

_BLOCK = 128


def features_of(model: Any, pictures: Pictures, count: int) -> "torch.Tensor":
    """The frozen tower's features of pictures 0 to count - 1: (count, streams, tokens, width)."""
    import torch

    found = []
    with torch.no_grad():
        for start in range(0, count, _BLOCK):
            numbers = np.arange(start, min(start + _BLOCK, count))
            found.append(see(model.model.visual, torch.from_numpy(cut(plain(pictures.take(numbers)), SHAPE))))
    return torch.cat(found)


def level_features(model: Any, features: "torch.Tensor") -> None:
    """Scale the last layer of every merger so that features like these have unit spread; vectors stay as they are."""
    import torch

    tower, spread = model.model.visual, features[features != 0].std()
    with torch.no_grad():
        for merger in (tower.merger, *tower.deepstack_merger_list):
            merger.linear_fc2.weight.div_(spread)
            merger.linear_fc2.bias.div_(spread)


def shares_of(stage: Stage, available: Sequence[str]) -> dict[str, float]:
    """The share of each family that is there to learn from; an unplanned family gets the mean of the planned ones."""
    mean = sum(stage.shares.values()) / len(stage.shares)
    found = {name: stage.shares.get(name, mean) for name in sorted(available)}
    total = sum(found.values())
    return {name: share / total for name, share in found.items()}


def alike(samples: Sequence[Encoded], most: float = 1.35) -> list[list[Encoded]]:
    """Dialogues grouped so that the longest of a group is hardly longer than its shortest: little padding."""
    groups: list[list[Encoded]] = []
    for sample in sorted(samples, key=lambda encoded: len(encoded.ids)):
        if groups and len(sample.ids) <= most * len(groups[-1][0].ids) + 4:
            groups[-1].append(sample)
        else:
            groups.append([sample])
    return groups


@dataclass(slots=True)
class StageStep:
    """One step of a stage: leaves gradients on the language model, and tells the loss by family."""

    data: TrainingData
    model: Any
    tokenizer: Any
    features: "torch.Tensor"
    number: int
    stage: Stage
    seed: int
    pools: Mapping[str, Sequence[Encoded]] = field(init=False)

    def __post_init__(self) -> None:
        pools: dict[str, list[Encoded]] = {}
        for stage in sorted(self.data.stages):
            replayed = stage < self.number
            if stage <= self.number:
                for encoded in encode(self.tokenizer, self.data.stages[stage], SHAPE.tokens):
                    if not replayed or encoded.family in self.stage.shares:
                        pools.setdefault(encoded.family, []).append(encoded)
        self.pools = pools

    def __call__(self, step: int) -> Losses:
        """Step number `step`; what it draws depends on the seed, the stage and the step alone."""
        rng = random_of("stage", self.number, self.seed, step)
        seed_torch("stage", self.number, self.seed, step)
        drawn = self._draw(rng)
        by_family: dict[str, list[float]] = {}
        for group in alike(drawn):
            batch = collate(group, TOKEN_GRID)
            losses = answer_losses(self.model, batch, self.features[batch.images])
            (losses.sum() / len(drawn)).backward()
            for sample, loss in zip(group, losses.tolist(), strict=True):
                by_family.setdefault(sample.family, []).append(loss)
        mean = {family: float(np.mean(values)) for family, values in sorted(by_family.items())}
        return {"loss": float(np.mean([loss for values in by_family.values() for loss in values])), **mean}

    def _draw(self, rng: np.random.Generator) -> list[Encoded]:
        drawn: list[Encoded] = []
        for family, share in shares_of(self.stage, list(self.pools)).items():
            pool = self.pools[family]
            drawn += [pool[i] for i in rng.integers(0, len(pool), max(1, round(share * self.stage.batch)))]
        return drawn
