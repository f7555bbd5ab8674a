"""Stage 0: the tower learns to see persons, and the first layers of the language model to read captions.

Five losses over the visual tokens: the place that each of them is, attributes (cross-entropy), outfits and persons
(supervised contrast, Khosla et al. 2020), captions against pictures (contrast both ways, Radford et al. 2021).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from schemas.vocabulary import VOCABULARY
from tasks.training.augment import Augment, augment
from tasks.training.comparing import PLACES
from tasks.training.data import Codes, TrainingData
from tasks.training.heads import attribute_logits, caption_ids, caption_vectors, parts_of
from tasks.training.keep import Losses, random_of, seed_torch
from tasks.training.network import SHAPE, see
from tasks.training.patches import cut
from tasks.training.plan import WarmUp
from tasks.training.tokens import PAD

if TYPE_CHECKING:
    import torch

Numbers = npt.NDArray[np.int64]


def attribute_sizes(data: TrainingData) -> list[int]:
    """How many values each attribute has, in name order."""
    return [len(data.values[key]) for key in sorted(data.attributes)]


@dataclass(slots=True)
class Crowd:
    """Who can be drawn: pictures by person, and for each person by (outfit, infrared) cell."""

    cells: Mapping[int, Sequence[Numbers]]
    by_source: Sequence[Numbers]

    @classmethod
    def of(cls, data: TrainingData) -> "Crowd":
        """The crowd of some training data."""
        cells: dict[int, dict[tuple[int, bool], list[int]]] = {}
        for number in range(data.size):
            cell = (int(data.outfit[number]), bool(data.infrared[number]))
            cells.setdefault(int(data.person[number]), {}).setdefault(cell, []).append(number)
        sources: dict[int, set[int]] = {}
        for person, source in zip(data.person.tolist(), data.source.tolist(), strict=True):
            sources.setdefault(source, set()).add(person)
        packed = {person: [np.array(found) for _, found in sorted(of.items())] for person, of in cells.items()}
        return cls(packed, [np.array(sorted(sources[source])) for source in sorted(sources)])

    def draw(self, persons: int, pictures: int, rng: np.random.Generator) -> Numbers:
        """Picture numbers of a batch: persons from every source by the root of its size, outfits two by two."""
        weights = np.sqrt([len(found) for found in self.by_source])
        counts = np.maximum(2, np.round(persons * weights / weights.sum())).astype(int)
        chosen: list[int] = []
        for found, count in zip(self.by_source, counts, strict=True):
            for person in rng.choice(found, min(int(count), len(found)), replace=False):
                cells = self.cells[int(person)]
                order = rng.permutation(len(cells))
                chosen += [int(rng.choice(cells[order[(k // 2) % len(cells)]])) for k in range(pictures)]
        return np.array(chosen)


@dataclass(slots=True)
class WarmUpStep:
    """One step of stage 0: leaves gradients on the tower, the heads and what reads captions, and tells the losses."""

    data: TrainingData
    model: Any
    heads: Any
    tokenizer: Any
    plan: WarmUp
    seed: int
    crowd: Crowd = field(init=False)
    captions: Mapping[int, Numbers] = field(init=False)
    tokens: Numbers = field(init=False)
    targets: Codes = field(init=False)

    def __post_init__(self) -> None:
        self.crowd = Crowd.of(self.data)
        by_outfit: dict[int, list[int]] = {}
        for place, (number, _) in enumerate(self.data.captions):
            by_outfit.setdefault(int(self.data.outfit[number]), []).append(place)
        self.captions = {outfit: np.array(places) for outfit, places in by_outfit.items()}
        self.tokens = caption_ids(self.tokenizer, [text for _, text in self.data.captions])
        keys = sorted(self.data.attributes)
        columns = [self.data.attributes[key] for key in keys]
        self.targets = np.stack(columns, axis=1) if columns else np.empty((0, 0), dtype=np.int32)

    def __call__(self, step: int) -> Losses:
        """Step number `step`; what it draws depends on the seed and the step alone."""
        import torch

        rng = random_of("warm-up", self.seed, step)
        seed_torch("warm-up", self.seed, step)
        numbers = self.crowd.draw(self.plan.persons, self.plan.pictures, rng)
        planes = augment(self.data.pictures.take(numbers), Augment(), rng)
        features = see(self.model.model.visual, torch.from_numpy(cut(planes, SHAPE)))
        losses = self._losses(features, numbers, rng)
        weights = {"attributes": self.plan.attribute_weight, "place": self.plan.place_weight}
        torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum().backward()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _losses(
        self, features: "torch.Tensor", numbers: Numbers, rng: np.random.Generator
    ) -> "dict[str, torch.Tensor]":
        parts = parts_of(features)
        coloured = np.flatnonzero(~self.data.infrared[numbers])
        outfit, person = self.data.outfit[numbers], self.data.person[numbers]
        losses = {
            "place": _place_loss(features),
            "outfit": contrast(parts["outfit"][coloured], outfit[coloured], self.plan.temperature),
            "person": contrast(parts["person"], person, self.plan.temperature),
        }
        told = np.array([row for row in coloured.tolist() if int(outfit[row]) in self.captions], dtype=np.int64)
        if len(np.unique(outfit[told])) > 1:
            losses["captions"] = self._caption_loss(parts["text"][told], outfit[told], rng)
        if self.targets.size:
            losses["attributes"] = self._attribute_loss(features, numbers)
        return losses

    def _caption_loss(self, pictures: "torch.Tensor", outfit: Codes, rng: np.random.Generator) -> "torch.Tensor":
        """One caption for each outfit, right for all its pictures."""
        import torch

        outfits = np.unique(outfit)
        ids = self.tokens[[int(rng.choice(self.captions[int(code)])) for code in outfits]]
        texts = caption_vectors(self.model.model.language_model, ids[:, : int((ids != PAD).sum(axis=1).max())])
        alike = pictures @ texts.T * self.heads["scale"][0].exp().clamp(max=50.0)
        right = torch.from_numpy(outfit[:, None] == outfits).float()
        by_picture = -(right * alike.log_softmax(1)).sum(1).mean()
        by_caption = -((right / right.sum(0)) * alike.log_softmax(0)).sum(0).mean()
        loss: torch.Tensor = (by_picture + by_caption) / 2
        return loss

    def _attribute_loss(self, features: "torch.Tensor", numbers: Numbers) -> "torch.Tensor":
        """The mean over attributes that any picture of the batch is labelled with; infrared shows no colours."""
        import torch

        found = []
        logits = attribute_logits(self.heads, features, attribute_sizes(self.data))
        for column, key in enumerate(sorted(self.data.attributes)):
            known = self.targets[numbers, column] >= 0
            known &= ~self.data.infrared[numbers] | VOCABULARY[key].in_infrared
            if known.any():
                gold = torch.from_numpy(self.targets[numbers, column][known]).long()
                found.append(torch.nn.functional.cross_entropy(logits[column][torch.from_numpy(known)], gold))
        return torch.stack(found).mean() if found else features.sum() * 0.0


def _place_loss(features: "torch.Tensor") -> "torch.Tensor":
    """Every token of the deep stream says which of the places it is."""
    import torch

    loss: torch.Tensor = (features[:, -1, :, :PLACES] - 2.0 * torch.eye(PLACES)).square().mean()
    return loss


def contrast(vectors: "torch.Tensor", labels: Codes, temperature: float) -> "torch.Tensor":
    """Supervised contrast of unit rows; rows that are alone with their label only push. 0 when all are alone."""
    import torch

    count = len(vectors)
    itself = torch.eye(count, dtype=torch.bool)
    same = torch.from_numpy(labels[:, None] == labels) & ~itself
    rows = same.any(dim=1)
    if not rows.any():
        return vectors.sum() * 0.0
    logs = (vectors @ vectors.T / temperature).masked_fill(itself, -1e9).log_softmax(dim=1)
    loss: torch.Tensor = -((logs * same).sum(dim=1)[rows] / same.sum(dim=1)[rows]).mean()
    return loss
