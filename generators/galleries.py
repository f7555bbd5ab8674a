"""Pick-one rows: a gallery of 2, 4 or 6 pictures with one match, or (for a share of rows) none.

Every other picture shows another person, each a different one, filmed by the very camera of the match: cameras give
nothing away. The place of the match is drawn evenly. In a row without a match one more stranger stands in its place.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from generators.captions.phrases import listed
from generators.pairing import NegativeFinder, how, negatives_of
from generators.wording import coded_words
from schemas import answers
from schemas.keys import Words, below, mix, uniform
from schemas.question import NOBODY, Ask, Flags, Ints, Negatives, Pool

SIZES = (2, 4, 6)
MOST = max(SIZES)
_DRAWN = np.array([2, 4, 4, 6])


@dataclass(frozen=True, slots=True)
class Gallery:
    """Galleries in display order: pictures and mined ranks (n, MOST), NOBODY beyond `size`; `place` -1 for no match."""

    shown: Ints
    rank: Ints
    size: Ints
    place: Ints

    @property
    def whole(self) -> Flags:
        """Which rows found enough strangers."""
        return np.asarray(self.size > 0)


def gallery(
    finder: NegativeFinder,
    anchors: Ints,
    match: Ints,
    word: Words,
    none_share: float = 0.0,
    also: Callable[[Ints, Ints], Flags] | None = None,
) -> Gallery:
    """A gallery per row around its match; rows without a match picture come out with size 0."""
    without = uniform(mix(word, 21)) < none_share
    asked = _DRAWN[below(mix(word, 22), len(_DRAWN))]
    others, ranks = _strangers(finder, anchors, match, word, asked - 1 + without, also)
    found = np.cumprod(others >= 0, axis=1).sum(axis=1)
    size = np.where(match >= 0, _largest(np.minimum(asked, found + 1 - without)), 0)
    place = np.where(without, NOBODY, below(mix(word, 23), np.maximum(size, 1)))
    return _displayed(match, others, ranks, size, place)


def _strangers(
    finder: NegativeFinder,
    anchors: Ints,
    match: Ints,
    word: Words,
    wanted: Ints,
    also: Callable[[Ints, Ints], Flags] | None,
) -> tuple[Ints, Ints]:
    """Up to MOST pictures of different strangers per row, NOBODY from the `wanted`-th on."""
    others = np.full((len(anchors), MOST), NOBODY, dtype=np.int64)
    ranks = others.copy()
    for column in range(MOST):
        needed = np.where(wanted > column, match, NOBODY)
        found = finder.find(anchors, needed, mix(word, 24, column), others[:, :column], also)
        others[:, column], ranks[:, column] = found
    return others, ranks


def _largest(most: Ints) -> Ints:
    """The largest gallery size that fits; 0 where none does."""
    return np.select([most >= size for size in sorted(SIZES, reverse=True)], sorted(SIZES, reverse=True), 0)


def _displayed(match: Ints, others: Ints, ranks: Ints, size: Ints, place: Ints) -> Gallery:
    columns = np.broadcast_to(np.arange(MOST), others.shape)
    here = columns == place[:, None]
    source = np.clip(columns - ((place >= 0)[:, None] & (columns > place[:, None])), 0, MOST - 1)
    beyond = columns >= size[:, None]
    shown = np.where(here, match[:, None], np.take_along_axis(others, source, axis=1))
    rank = np.where(here | beyond, NOBODY, np.take_along_axis(ranks, source, axis=1))
    return Gallery(np.where(beyond, NOBODY, shown).astype(np.int32), rank.astype(np.int16), size, place)


def strategies(pool: Pool, anchors: Ints, found: Gallery, plain: str) -> Negatives:
    """How each stranger came in; `plain` names those that no miner proposed."""
    columns = np.broadcast_to(np.arange(MOST), found.shown.shape)
    stranger = (found.shown >= 0) & (columns != found.place[:, None])
    named = how(found.rank, "embedding_topk", plain)
    return negatives_of(pool, anchors, np.where(stranger, named, NOBODY), found.rank)


def candidate_words(size: Ints, first: int) -> pa.Array:
    """`Image 2 [[image:2]] Image 3 [[image:3]]`: the candidates of each row, numbered from `first`."""
    table = [" ".join(_shown(first + at) for at in range(n)) for n in range(MOST + 1)]
    return coded_words(table, size)


def query_words(count: int) -> str:
    """`Image 1 [[image:1]] and Image 2 [[image:2]]`: the queries, which stand first and are numbered from 1."""
    return listed([_shown(number) for number in range(1, count + 1)])


def _shown(number: int) -> str:
    return f"{answers.image(number)} {answers.marker(number)}"


def finder_of(ask: Ask) -> NegativeFinder:
    """The finder of strangers for galleries; the recipe option `hard` is the share of mined ones (0.5)."""
    return NegativeFinder(ask, 0.5)
