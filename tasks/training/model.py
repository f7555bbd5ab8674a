"""A trained tiny model as a scorer: vectors of images and texts, yes/no about pairs, answers to held-out questions.

>>> model = load(Path("run/stage3"))
>>> model.embed_images([jpeg_bytes], ["rgb"]).shape
(1, 960)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xxhash

from tasks.scoring.scorer import Pair, Vectors
from tasks.training.answering import answers, yes_share
from tasks.training.augment import plain
from tasks.training.checkpoint import Modules, load_checkpoint, read_record
from tasks.training.comparing import PARTS
from tasks.training.data import Sample
from tasks.training.heads import caption_ids, caption_vectors, parts_of
from tasks.training.network import SHAPE, see
from tasks.training.patches import cut
from tasks.training.questions import QuestionScore, score_split
from tasks.training.reading import INFRARED, to_size
from tasks.training.wordings import ask
from tasks.versions.reader import VersionFolder

if TYPE_CHECKING:
    import torch

_WEIGHTS = {"outfit": 1.0, "person": 1.0, "text": 1.0}
_BLOCK = 128
_KEPT = 30_000


@dataclass(slots=True)
class TinyReID:
    """A loaded checkpoint. Features of pictures that were seen once are kept, by their bytes."""

    modules: Modules
    record: Mapping[str, Any]
    name: str = "embedding"
    _seen: "dict[int, torch.Tensor]" = field(default_factory=dict)

    def embed_images(self, encoded: Sequence[bytes], modality: Sequence[str]) -> Vectors:
        """Unit rows (n, d): parts for outfit, person and text side by side; an infrared picture has no other part than
        the person's, so that it is ranked by what infrared shows. Raises BadTable for bytes that are no image.
        """
        if not encoded:
            return np.zeros((0, self._width), dtype=np.float32)
        parts = parts_of(self.features(encoded))
        infrared = np.isin(np.asarray(modality), INFRARED)
        blocks = []
        for name in PARTS:
            block = parts[name].numpy() * np.float32(_WEIGHTS[name])
            blocks.append(block if name == "person" else np.where(infrared[:, None], np.float32(0), block))
        return _unit(np.concatenate(blocks, axis=1))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, d): only the text part is filled."""
        import torch

        found = np.zeros((len(texts), self._width), dtype=np.float32)
        start = 0
        for name, where in PARTS.items():
            wide = (where.stop - where.start) * SHAPE.tokens
            if name == "text" and texts:
                with torch.inference_mode():
                    ids = caption_ids(self.modules.tokenizer, texts)
                    language = self.modules.model.model.language_model
                    found[:, start : start + wide] = caption_vectors(language, ids).numpy()
            start += wide
        return found

    def yes_probability(self, rows: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """The probability of Yes for each pair, (n,). Raises WrongUse for a kind of pair that has no wording."""
        import torch

        pictures: dict[bytes, int] = {}
        samples = [ask(pair, pictures) for pair in rows]
        if not samples:
            return np.zeros(0)
        with torch.inference_mode():
            features = self.features(list(pictures))
        return yes_share(self.modules, samples, features)

    def answer(self, rows: Sequence[Sample], encoded: Sequence[bytes]) -> list[str]:
        """Short answers to questions; `encoded` are the pictures that the samples number."""
        return answers(self.modules, rows, self.features(encoded)) if rows else []

    def question_accuracy(self, version: VersionFolder, split: str = "test") -> list[dict[str, Any]]:
        """Held-out questions answered: family, what, accuracy, low, high, majority, n; `what` is `all` or a part.

        Captions are not scored: they have no one right answer.
        """
        return [score.row() for score in self.scores(version, split, (1, 2, 3))]

    def scores(
        self, version: VersionFolder, split: str, stages: Sequence[int], most: int | None = None
    ) -> list[QuestionScore]:
        """The same for some stages, and for at most so many rows of a family."""
        return score_split(version, split, stages, self.answer, most)

    def features(self, encoded: Sequence[bytes]) -> "torch.Tensor":
        """The tower's features of pictures: (n, streams, tokens, width)."""
        import torch

        keys = [xxhash.xxh3_64_intdigest(data) for data in encoded]
        fresh = {key: data for key, data in zip(keys, encoded, strict=True) if key not in self._seen}
        if len(self._seen) + len(fresh) > _KEPT:
            self._seen.clear()
            fresh = dict(zip(keys, encoded, strict=True))
        waiting = list(fresh.items())
        for start in range(0, len(waiting), _BLOCK):
            block = waiting[start : start + _BLOCK]
            planes = plain(to_size([data for _, data in block]))
            with torch.inference_mode():
                found = see(self.modules.model.model.visual, torch.from_numpy(cut(planes, SHAPE)))
            self._seen.update(zip((key for key, _ in block), found, strict=True))
        return torch.stack([self._seen[key] for key in keys])

    @property
    def _width(self) -> int:
        return sum((where.stop - where.start) * SHAPE.tokens for where in PARTS.values())


def _unit(rows: npt.NDArray[np.float32]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def load(checkpoint: Path) -> Any:
    """A checkpoint as a scorer: a TinyReID, or an AdapterReID where a real model was tuned. Raises WrongUse."""
    if read_record(checkpoint).get("kind") == "adapter":
        from tasks.training.adapter import load_adapter

        return load_adapter(checkpoint)
    modules, record = load_checkpoint(checkpoint)
    return TinyReID(modules, record)
