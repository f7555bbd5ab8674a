"""What captions assert, and whether a picture is known to be otherwise: the reason why a negative is one.

    claims = Claims(pool)
    claims.contradicted(captions, images)   # True where the image cannot be the one described

Claims are read from the words by generators.captions.attribute_read and taken loosely: a colour admits the hues it may
turn into, trousers admit jeans. Sensitive attributes and those that words and pictures often disagree on are not used.
"""

from collections.abc import Callable

import numpy as np

from generators.attribute_masks import mask_of, near_mask
from generators.captions.attribute_read import read
from generators.pool import nearly_same
from schemas.question import HIDDEN, Flags, Ints, Masks, Pool

KEYS = (
    "upper_color_primary", "lower_color_primary", "footwear_color", "upper_sleeve", "lower_type", "lower_length",
    "upper_type", "backpack",
)  # fmt: skip


class Claims:
    """What captions of a pool assert, per key as masks of the values they admit; 0 where they say nothing.

    Texts are read when they are first asked about.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._read = np.zeros(len(pool.captions.image), dtype=np.bool_)
        self._masks = {key: np.zeros(len(self._read), dtype=np.uint32) for key in KEYS}

    def _learn(self, captions: Ints) -> None:
        new = np.unique(captions[~self._read[captions]])
        texts = self._pool.captions.table.column("text").take(new).combine_chunks().dictionary_encode()
        said = [read(text) for text in texts.dictionary.to_pylist()]
        for key in KEYS:
            self._masks[key][new] = _admitted(key, said)[texts.indices.to_numpy()]
        self._read[new] = True

    def contradicted(self, captions: Ints, images: Ints) -> Flags:
        """Whether something that each caption asserts is known to be otherwise in the image beside it.

        Where nothing can be compared, an image counts only when a miner looked and did not find it near.
        """
        self._learn(captions)
        differs = np.zeros(len(captions), dtype=np.bool_)
        compared = np.zeros(len(captions), dtype=np.bool_)
        for key, masks in self._masks.items():
            claim, value = masks[captions], self._pool.values[key][images]
            known = (claim != 0) & (value != 0) & (value != HIDDEN)
            compared |= known
            differs |= known & ((claim & value) == 0)
        unknown = np.flatnonzero(~compared)
        differs[unknown] = self._far(self._pool.captions.image[captions[unknown]], images[unknown])
        return differs

    def said(self, captions: Ints) -> Flags:
        """Whether each caption asserts something that could be compared."""
        self._learn(captions)
        return np.asarray(np.any([masks[captions] != 0 for masks in self._masks.values()], axis=0))

    def against(self, captions: Ints) -> Callable[[Ints, Ints], Flags]:
        """The condition on strangers in rows about these captions: the caption is contradicted by the candidate.

        A near-duplicate of the picture that the caption was written about is refused too, whoever it shows.
        """
        own = self._pool.captions.image[captions]
        return lambda rows, images: np.asarray(
            self.contradicted(captions[rows], images) & ~nearly_same(self._pool, images, own[rows])
        )

    def _far(self, anchors: Ints, images: Ints) -> Flags:
        neighbours = self._pool.neighbours
        if neighbours is None or not len(anchors):
            return np.zeros(len(anchors), dtype=np.bool_)
        near = neighbours.near[anchors]
        return np.asarray((near >= 0).any(axis=1) & ~(near == images[:, None]).any(axis=1))


def _admitted(key: str, said: list[dict[str, str]]) -> Masks:
    return np.array(
        [near_mask(key, mask_of(key, words[key])) if key in words else 0 for words in said], dtype=np.uint32
    )
