"""What protocols share: choosing member images and captions from a source's tables, and the sampler that papers seed.

Members stand in the order of their ids, which is also the order in which ties are broken.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import WrongUse
from schemas.protocol import EVERY_TRIAL, Member

_RANKED = ("normal", "distractor")
_POOLED = 85
"""Up to here Python's sampler swaps within a pool when ten are drawn; beyond, it draws until it has enough."""

_Thing = TypeVar("_Thing")


def choose(table: pa.Table, **wanted: str | Sequence[str]) -> pa.Table:
    """The rows whose columns have the wanted value, or one of them: choose(images, source_split="query")."""
    for column, values in wanted.items():
        options = [values] if isinstance(values, str) else list(values)
        table = table.filter(pc.is_in(table.column(column), value_set=pa.array(options, pa.string())))
    return table


def query_images(person_images: pa.Table, **wanted: str | Sequence[str]) -> Iterator[Member]:
    """Images that ask: only of known persons."""
    chosen = choose(person_images, role_flag="normal", **wanted)
    return image_members("query", sorted(chosen.column("image_id").to_pylist()))


def gallery_images(person_images: pa.Table, **wanted: str | Sequence[str]) -> Iterator[Member]:
    """Images that are ranked: distractors too, junk never."""
    chosen = choose(person_images, role_flag=_RANKED, **wanted)
    return image_members("gallery", sorted(chosen.column("image_id").to_pylist()))


def image_members(role: str, image_ids: Iterable[str], trial: int = EVERY_TRIAL) -> Iterator[Member]:
    """One member per image, in the order given."""
    for position, image_id in enumerate(image_ids):
        yield Member(trial, role, position, "image", (image_id,))


def query_captions(captions: pa.Table, image_ids: Iterable[str]) -> Iterator[Member]:
    """Every human caption of some images, one query each."""
    chosen = choose(captions, image_id=sorted(image_ids), caption_source="human")
    for position, caption_id in enumerate(sorted(chosen.column("caption_id").to_pylist())):
        yield Member(EVERY_TRIAL, "query", position, "caption", (caption_id,))


class SeededChoice:
    """`random.seed(seed)` and then `random.choice(...)` as the published evaluation code draws.

    The same Mersenne Twister words come from numpy's legacy generator, whose stream is frozen for good.
    """

    def __init__(self, seed: int) -> None:
        self._words = np.random.RandomState([seed])

    def choice(self, options: Sequence[_Thing]) -> _Thing:
        """One of the options."""
        return options[self._below(len(options))]

    def sample(self, options: Sequence[_Thing], size: int) -> list[_Thing]:
        """Several of the options, none twice, as `random.sample` draws from a list that is not much longer."""
        pool = list(options)
        if len(pool) > _POOLED:
            raise WrongUse(f"A sample is drawn from at most {_POOLED} things, not from {len(pool)}.")
        drawn = []
        for last in range(len(pool) - 1, len(pool) - 1 - min(size, len(pool)), -1):
            place = self._below(last + 1)
            drawn.append(pool[place])
            pool[place] = pool[last]
        return drawn

    def _below(self, limit: int) -> int:
        bits = limit.bit_length()
        while True:
            place = int(self._words.randint(0, 1 << 32, dtype=np.uint32)) >> (32 - bits)
            if place < limit:
                return place
