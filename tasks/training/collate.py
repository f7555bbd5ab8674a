"""From encoded dialogues to a batch: padding on the right, positions in three directions, labels on answers only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.training.tokens import IMAGE, PAD, Encoded

Ids = npt.NDArray[np.int64]
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """n dialogues of at most `length` tokens.

    `labels` holds the id to predict at the place of that id (as transformers wants it) and IGNORED elsewhere;
    `positions` is (3, n, length): time, row and column; `images` are picture numbers in reading order.
    """

    ids: Ids
    labels: Ids
    positions: Ids
    kinds: Ids
    images: Ids
    lengths: Ids


def collate(samples: Sequence[Encoded], grid: tuple[int, int]) -> Batch:
    """One batch; `grid` is (rows, columns) of visual tokens of a picture."""
    lengths = np.array([len(sample.ids) for sample in samples], dtype=np.int64)
    ids = np.full((len(samples), int(lengths.max())), PAD, dtype=np.int64)
    labels = np.full_like(ids, IGNORED)
    for row, sample in enumerate(samples):
        ids[row, : len(sample.ids)] = sample.ids
        labels[row, sample.answer_at : len(sample.ids)] = sample.ids[sample.answer_at :]
    kinds = (ids == IMAGE).astype(np.int64)
    images = np.array([number for sample in samples for number in sample.images], dtype=np.int64)
    return Batch(ids, labels, positions(kinds.astype(bool), grid), kinds, images, lengths)


def answers_at(batch: Batch) -> tuple[Ids, Ids]:
    """Where answers are foretold, (n, most), and the ids that are right there, IGNORED behind shorter answers."""
    asked = batch.labels[:, 1:] != IGNORED
    counts = asked.sum(axis=1, keepdims=True)
    steps = np.arange(int(counts.max()))
    at = np.minimum(asked.argmax(axis=1)[:, None] + steps, batch.lengths[:, None] - 2)
    gold = np.where(steps < counts, np.take_along_axis(batch.labels, at + 1, axis=1), IGNORED)
    return np.asarray(at, dtype=np.int64), np.asarray(gold, dtype=np.int64)


def prompts(samples: Sequence[Encoded]) -> list[Encoded]:
    """The same dialogues without their answers: what is asked when an answer is wanted."""
    return [
        Encoded(sample.ids[: sample.answer_at], sample.answer_at, sample.images, sample.family) for sample in samples
    ]


def positions(image: npt.NDArray[np.bool_], grid: tuple[int, int]) -> Ids:
    """Rotary positions (3, n, length): text moves on by one; a picture's tokens share a start and span its grid."""
    rows, columns = grid
    place = (np.cumsum(image, axis=1) - 1) % (rows * columns)
    step = np.where(image, np.where(place == rows * columns - 1, max(grid), 0), 1)
    start = np.cumsum(step, axis=1) - step
    down, across = np.where(image, place // columns, 0), np.where(image, place % columns, 0)
    return np.asarray(np.stack([start, start + down, start + across]), dtype=np.int64)
