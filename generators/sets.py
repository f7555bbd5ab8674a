"""Set rows: a gallery of four or six pictures in which none, one, two or three show who is meant.

How many pictures there are says nothing about how many fit: both are drawn apart. Strangers come from the cameras of
the matches in turn, and each shows another person. In a row without a match they come from the camera of one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from generators.galleries import MOST
from generators.pairing import NegativeFinder, how, negatives_of
from schemas.keys import Words, below, mix, uniform
from schemas.question import NOBODY, Flags, Ints, Negatives, Pool

SIZES = np.array([4, 4, 6])
MOST_MATCHES = 3
# The shares of rows with no match, one, two and three.
MATCHES = (0.15, 0.45, 0.25, 0.15)

Again = Callable[[Words, Ints], Ints]
"""Another match per row, from words and the pictures (rows, t) that are taken; NOBODY where there is none."""


@dataclass(frozen=True, slots=True)
class SetGallery:
    """Galleries in display order: pictures, mined ranks and matches (n, MOST); `size` 0 for rows without one."""

    shown: Ints
    rank: Ints
    hits: Ints
    size: Ints

    @property
    def gold(self) -> Ints:
        """The places of the matches from 1 in ascending order (n, MOST_MATCHES), 0 after the last."""
        places = np.where(self.hits == 1, np.arange(1, MOST + 1), MOST + 1)
        first = np.sort(places, axis=1)[:, :MOST_MATCHES]
        return np.where(first <= MOST, first, 0)


def set_gallery(
    finder: NegativeFinder,
    anchors: Ints,
    match: Ints,
    word: Words,
    again: Again,
    also: Callable[[Ints, Ints], Flags] | None = None,
) -> SetGallery:
    """A gallery per row around its first match; rows that lack a match or strangers come out with size 0."""
    size = SIZES[below(mix(word, 51), len(SIZES))]
    matches = _matches(match, word, again)
    n_matches = (matches >= 0).sum(axis=1)
    others, ranks = _strangers(finder, anchors, match, matches, word, size - n_matches, also)
    whole = (match >= 0) & ((others >= 0).sum(axis=1) == size - n_matches)
    columns = [np.concatenate(parts, axis=1) for parts in ((matches, others), (np.full_like(matches, NOBODY), ranks))]
    hits = np.concatenate([np.ones_like(matches), np.zeros_like(others)], axis=1)
    draw = mix(word[:, None], 52, np.arange(columns[0].shape[1], dtype=np.uint64)[None, :])
    order = np.argsort(np.where(columns[0] >= 0, draw, np.uint64(np.iinfo(np.uint64).max)), axis=1, kind="stable")
    shown, rank, hit = (np.take_along_axis(column, order, axis=1)[:, :MOST] for column in (*columns, hits))
    beyond = shown < 0
    shown, rank, hit = shown.astype(np.int32), np.where(beyond, NOBODY, rank), np.where(beyond, 0, hit)
    return SetGallery(shown, rank.astype(np.int16), hit.astype(np.int8), np.where(whole, size, 0))


def _matches(match: Ints, word: Words, again: Again) -> Ints:
    """As many different matches as are drawn and there are, (n, MOST_MATCHES)."""
    wanted = np.searchsorted(np.cumsum(MATCHES)[:-1], uniform(mix(word, 53)), side="right")
    found = np.full((len(match), MOST_MATCHES), NOBODY, dtype=np.int64)
    found[:, 0] = match
    for column in range(1, MOST_MATCHES):
        more = again(mix(word, 54, column), found[:, :column])
        found[:, column] = np.where(found[:, column - 1] >= 0, more, NOBODY)
    return np.where(np.arange(MOST_MATCHES) < wanted[:, None], found, NOBODY)


def _strangers(
    finder: NegativeFinder,
    anchors: Ints,
    match: Ints,
    matches: Ints,
    word: Words,
    wanted: Ints,
    also: Callable[[Ints, Ints], Flags] | None,
) -> tuple[Ints, Ints]:
    """Strangers from the cameras of the matches in turn, (n, MOST), NOBODY from the `wanted`-th on."""
    others = np.full((len(anchors), MOST), NOBODY, dtype=np.int64)
    ranks = others.copy()
    n_matches = np.maximum((matches >= 0).sum(axis=1), 1)
    for column in range(MOST):
        like = np.take_along_axis(matches, (column % n_matches)[:, None], axis=1)[:, 0]
        needed = np.where(wanted > column, np.where(like >= 0, like, match), NOBODY)
        found = finder.find(anchors, needed, mix(word, 55, column), others[:, :column], also)
        others[:, column], ranks[:, column] = found
    return others, ranks


def set_negatives(pool: Pool, anchors: Ints, found: SetGallery, plain: str) -> Negatives:
    """How each stranger came in; `plain` names those that no miner proposed."""
    stranger = (found.shown >= 0) & (found.hits == 0)
    named = np.where(stranger, how(found.rank, "embedding_topk", plain), NOBODY)
    return negatives_of(pool, anchors, named, found.rank)
