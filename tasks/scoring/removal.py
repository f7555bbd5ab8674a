"""What is removed before ranking: the junk rules of schemas/protocol.py, applied to same-person pairs.

Every rule but one looks only at images of the query's own person, so those pairs are listed once and judged together.
`place_any_id` also removes other persons: for it, and for junk boxes, `Removal.base` marks whole gallery columns.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.errors import WrongUse
from tasks.scoring.members import JUNK, NOBODY, Flags, Ints, Members

WRONG, REMOVED, RIGHT = 0, 1, 2
"""What a gallery image is to a query: another person, removed, or the person asked for."""

Marks = npt.NDArray[np.uint8]
Scores = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Pairs:
    """The same-person pairs of a block of queries: query i owns `mate[start[i]:start[i + 1]]`, in tie order."""

    start: Ints
    mate: Ints
    junk: Flags

    @property
    def owner(self) -> Ints:
        """The query of each pair."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    @property
    def n_right(self) -> Ints:
        """How many gallery images each query should find."""
        return np.bincount(self.owner[~self.junk], minlength=len(self.start) - 1)

    @property
    def gone(self) -> tuple[Ints, Ints]:
        """The removed images of all queries: offsets by query, and gallery positions."""
        removed = np.bincount(self.owner[self.junk], minlength=len(self.start) - 1)
        return _offsets(removed), self.mate[self.junk]

    def right(self, scores: Scores) -> tuple[tuple[Ints, Ints], Scores]:
        """The images to find, best first within a query and ties in tie order: offsets, positions; and their scores."""
        owner, mate = self.owner[~self.junk], self.mate[~self.junk]
        found = scores[owner, mate]
        by_score = np.lexsort((-found, owner))
        return (_offsets(self.n_right), mate[by_score]), found[by_score]


def _offsets(sizes: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


class Removal:
    """One junk rule over one gallery. `base[group_of(query)]` marks what is removed or wrong before mates are seen."""

    def __init__(self, rule: str, query: Members, gallery: Members, tie_order: Ints) -> None:
        if rule not in _RULES:
            raise WrongUse(f"There is no junk rule {rule!r}. Known: {', '.join(_RULES)}.")
        self.rule, self.gallery = rule, gallery
        self.places = np.unique(query.place) if rule == "place_any_id" else np.array([NOBODY])
        self.base = np.stack([self._marks(place) for place in self.places])
        self._order = np.lexsort((tie_order, gallery.person))
        self._persons = gallery.person[self._order]

    def _marks(self, place: np.int64) -> Marks:
        gone = (self.gallery.person == JUNK) | ((self.gallery.place == place) & (place != NOBODY))
        return np.where(gone, REMOVED, WRONG).astype(np.uint8)

    def group_of(self, query: Members) -> Ints:
        """The row of `base` that holds for each query."""
        if self.rule != "place_any_id":
            return np.zeros(len(query), dtype=np.int64)
        return np.asarray(np.searchsorted(self.places, query.place), dtype=np.int64)

    def pairs(self, query: Members) -> Pairs:
        """The same-person pairs of some queries, judged by the rule."""
        first = np.searchsorted(self._persons, query.person, side="left")
        last = np.where(query.person < 0, first, np.searchsorted(self._persons, query.person, side="right"))
        sizes = last - first
        start = _offsets(sizes)
        owner = np.repeat(np.arange(len(query)), sizes)
        mate = self._order[np.arange(start[-1]) - np.repeat(start[:-1] - first, sizes)]
        return Pairs(start, mate, _RULES[self.rule](query, owner, self.gallery, mate))

    def n_kept(self, query: Members, pairs: Pairs) -> Ints:
        """How many gallery images each query is ranked against."""
        group = self.group_of(query)
        wrong_or_right = (self.base == WRONG).sum(axis=1)[group]
        gone = pairs.junk & (self.base[group[pairs.owner], pairs.mate] == WRONG)
        return np.asarray(wrong_or_right - np.bincount(pairs.owner[gone], minlength=len(query)), dtype=np.int64)


Rule = Callable[[Members, Ints, Members, Ints], Flags]


def _same(column: str) -> Rule:
    """Both sides known and equal in that column."""

    def rule(query: Members, owner: Ints, gallery: Members, mate: Ints) -> Flags:
        asked = getattr(query, column)[owner]
        return np.asarray((asked == getattr(gallery, column)[mate]) & (asked != NOBODY), dtype=bool)

    return rule


def _nothing(query: Members, owner: Ints, gallery: Members, mate: Ints) -> Flags:
    return np.zeros(len(mate), dtype=bool)


def _camera_or_clothes(query: Members, owner: Ints, gallery: Members, mate: Ints) -> Flags:
    """Cloth-changing: only other clothes count. Unknown clothes are junk: nobody can say that they are other ones."""
    both_known = (query.clothes[owner] != NOBODY) & (gallery.clothes[mate] != NOBODY)
    other = both_known & (query.clothes[owner] != gallery.clothes[mate])
    return np.asarray(_same("camera")(query, owner, gallery, mate) | ~other, dtype=bool)


def _camera_or_other_clothes(query: Members, owner: Ints, gallery: Members, mate: Ints) -> Flags:
    """Same-clothes: only the same clothes count, and unknown clothes are junk."""
    return _same("camera")(query, owner, gallery, mate) | ~_same("clothes")(query, owner, gallery, mate)


_RULES: dict[str, Rule] = {
    "none": _nothing,
    "pid_cam": _same("camera"),
    "pid_place": _same("place"),
    "pid_tracklet": _same("tracklet"),
    "place_any_id": _same("place"),
    "pid_cam_or_clothes": _camera_or_clothes,
    "pid_cam_or_other_clothes": _camera_or_other_clothes,
}
