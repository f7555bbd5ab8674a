"""Choosing in bulk, by key: rings for candidates, levels for quotas, caps and duplicates, all as array operations.

A choice depends only on the family's seed, the anchor's id and k, so other rows never move it. A ring holds the images
of a cell (a camera, a person) in the order of their own hash; a draw takes the next image clockwise of the anchor's
word. Adding an image therefore changes just the draws whose arc it falls into.

What an anchor draws at its k-th turn is fixed by that. Which of those units become rows also depends on the others, by
three rules only: the quota (the first so many in key order), the caps, and the removal of later duplicates.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from generators.numbering import numbered
from schemas.keys import Words, below, mix
from schemas.question import NOBODY, Flags, Ints

_CELL_BITS = 24
_WORD_SHIFT = np.uint64(_CELL_BITS)
_CELL_SHIFT = np.uint64(64 - _CELL_BITS)
PATIENCE = 4
BLOCK = 8_192


class Ring:
    """Members of numbered cells on circles. `cells[i]` is the cell of position i, NOBODY keeps it off every circle."""

    def __init__(self, cells: Ints, words: Words) -> None:
        members = np.flatnonzero(cells >= 0)
        keys = _point(cells[members], words[members])
        turn = np.argsort(keys, kind="stable")
        self._keys = keys[turn]
        self._members = members[turn]
        n_cells = int(cells.max(initial=-1)) + 1
        self._starts = np.searchsorted(self._keys, np.arange(n_cells + 1, dtype=np.uint64) << _CELL_SHIFT)

    def draw(self, cells: Ints, words: Words, step: int = 0) -> Ints:
        """The member `step` places clockwise of each word on the circle of each cell; NOBODY when the cell is empty."""
        known = (cells >= 0) & (cells < len(self._starts) - 1)
        cell = np.where(known, cells, 0)
        if len(self._starts) < 2:
            return np.full(len(cells), NOBODY, dtype=np.int64)
        start, size = self._starts[cell], self._starts[cell + 1] - self._starts[cell]
        at = np.searchsorted(self._keys, _point(cell, words)) - start
        here = known & (size > step)
        place = np.where(here, start + (at + step) % np.maximum(size, 1), 0)
        return np.where(here, self._members[place], NOBODY)


def _point(cells: Ints, words: Words) -> Words:
    return np.asarray((cells.astype(np.uint64) << _CELL_SHIFT) | (words >> _WORD_SHIFT), dtype=np.uint64)


def first_allowed(
    ring: Ring, cells: Ints, words: Words, allowed: Callable[[Ints, Ints], Flags], tries: int = 32
) -> Ints:
    """For each draw the first member clockwise that `allowed(rows, members)` accepts; NOBODY after `tries` steps."""
    found = np.full(len(cells), NOBODY, dtype=np.int64)
    open_rows = np.flatnonzero(cells >= 0)
    for step in range(tries):
        if not len(open_rows):
            break
        member = ring.draw(cells[open_rows], words[open_rows], step)
        open_rows, member = open_rows[member >= 0], member[member >= 0]
        good = allowed(open_rows, member)
        found[open_rows[good]] = member[good]
        open_rows = open_rows[~good]
    return found


def cells_of(*columns: Ints) -> Ints:
    """One cell number per distinct combination of codes; NOBODY where any of them is unknown."""
    known = np.all([column >= 0 for column in columns], axis=0)
    combined = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        combined = combined * (int(column.max(initial=0)) + 1) + np.where(known, column, 0)
    _, cells = numbered(np.where(known, combined, NOBODY))
    return np.where(known, cells, NOBODY)


@dataclass(frozen=True, slots=True)
class Units:
    """Things that may become rows: who anchors them, at which k, and named columns; all arrays have one length.

    `contents` name what each row of the unit would show: two units that share one at the same place are duplicates, and
    with `mixed` also at different places.
    """

    anchor: Ints
    k: Ints
    word: Words
    columns: Mapping[str, Ints]
    contents: tuple[Words, ...]
    mixed: bool = False

    @property
    def size(self) -> int:
        """How many units there are."""
        return len(self.anchor)

    def take(self, rows: Ints | Flags) -> "Units":
        """Some of the units, in the order asked."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        contents = tuple(content[rows] for content in self.contents)
        return Units(self.anchor[rows], self.k[rows], self.word[rows], columns, contents, self.mixed)

    @staticmethod
    def join(parts: "Sequence[Units]", rows: Ints | Flags | slice = slice(None)) -> "Units":
        """Units of several levels, one after the other, or some rows of them; never whole before they are taken."""
        first = parts[0]
        return Units(
            np.concatenate([p.anchor for p in parts])[rows],
            np.concatenate([p.k for p in parts])[rows],
            np.concatenate([p.word for p in parts])[rows],
            {name: np.concatenate([p.columns[name] for p in parts])[rows] for name in first.columns},
            tuple(np.concatenate([p.contents[i] for p in parts])[rows] for i in range(len(first.contents))),
            first.mixed,
        )


@dataclass(frozen=True, slots=True)
class Caps:
    """How many units one image and one person may anchor in a family, and how many one wording may word."""

    image: int
    person: int
    paraphrase: int | None = None


class Cells(Protocol):
    """Cells with a quota each, see generators.quotas."""

    @property
    def wanted(self) -> Ints:
        """How many units each cell gets."""
        ...

    def of(self, units: "Units") -> Ints:
        """The cell of each unit; NOBODY where it is in none."""
        ...


def turns_of(anchors: Ints, words: Words, seed: np.uint64, most: int) -> Iterator[tuple[int, Ints, Words]]:
    """Every anchor's k-th turn in the order of its words, in blocks: k, rows of `anchors`, and the words of the turn.

    `words` belong to the anchors. Blocks keep memory flat and let a small quota stop early; they change no row.
    """
    for k in range(most):
        word = mix(seed, words, k)
        order = np.argsort(word, kind="stable")
        for start in range(0, max(len(anchors), 1), BLOCK):
            rows = order[start : start + BLOCK]
            yield k, anchors[rows], word[rows]


def wording_in_turn(paraphrases: Ints, words: Words, seed: np.uint64, k: int) -> Ints:
    """The wording of each anchor's k-th row: they are gone through in turn, from one that is the anchor's own."""
    first = below(mix(seed, words, 8), len(paraphrases))
    return paraphrases[(first + k) % len(paraphrases)]


def draws(words: Words, count: int, *salt: int) -> Words:
    """`count` further words for each word, shape (n, count)."""
    return mix(words[:, None], np.arange(count, dtype=np.uint64)[None, :], *salt)


def fill(
    levels: Iterator[Units],
    wanted: int,
    person: Ints,
    caps: Caps,
    patience: int = PATIENCE,
    cells: Cells | None = None,
) -> Units:
    """The first `wanted` units over the levels: no duplicates, within the caps, every anchor once before any twice.

    Inside a level the order is that of the units' words; units with the columns `group` and `cell` are dealt out
    instead: one of every cell before a second of any, and likewise over groups. Levels are made only when needed, and
    no more after `patience` in a row that brought nothing new. With `cells` each of them takes its own first units.
    """
    if cells is not None:
        return _fill_cells(levels, person, caps, patience, cells)
    kept: list[Units] = []
    waiting: list[Units] = []
    size = fruitless = 0
    for level in levels:
        waiting.append(_in_order(level))
        fruitless += 1
        if size + sum(units.size for units in waiting) < wanted and fruitless < patience:
            continue
        kept, waiting = [joined([*kept, *waiting], person, caps, wanted)], []
        fruitless = 0 if kept[0].size > size else fruitless
        size = kept[0].size
        if size >= wanted or fruitless >= patience:
            break
    return joined([*kept, *waiting], person, caps, wanted) if waiting else kept[0]


def _fill_cells(levels: Iterator[Units], person: Ints, caps: Caps, patience: int, cells: Cells) -> Units:
    """The first units of every cell, as many as it wants; a full cell takes nothing from the caps of the others."""
    kept: Units | None = None
    fruitless = 0
    for level in levels:
        new = _in_order(level, cells)
        counts = np.zeros(len(cells.wanted), dtype=np.int64)
        if kept is not None:
            counts = np.bincount(cells.of(kept), minlength=len(cells.wanted))
        of = cells.of(new)
        new = new.take((of >= 0) & (counts < cells.wanted)[of])
        both = joined([new] if kept is None else [kept, new], person, caps)
        of = cells.of(both)
        grown = both.take(rank_within(of) < cells.wanted[of])
        fruitless = fruitless + 1 if kept is not None and grown.size == kept.size else 0
        kept = grown
        if kept.size >= int(cells.wanted.sum()) or fruitless >= patience:
            break
    if kept is None:
        raise ValueError("a family must offer one level at least")
    return kept


def patience_for(anchors: Ints) -> int:
    """How many blocks in a row may bring nothing: as many as PATIENCE turns of all anchors have."""
    return PATIENCE * max(1, -(-len(anchors) // BLOCK))


def _in_order(units: Units, cells: Cells | None = None) -> Units:
    """Units by their words, dealt out over their columns; in each cell of a quota as if there were no other."""
    units = units.take(np.argsort(units.word, kind="stable"))
    for column in ("cell", "group"):
        if column in units.columns:
            dealt = units.columns[column]
            units = units.take(spread(dealt if cells is None else _pairs(cells.of(units), dealt)))
    return units


def _pairs(one: Ints, other: Ints) -> Ints:
    """One number for each pair of numbers."""
    _, dense = numbered(other)
    return np.asarray(one * (int(dense.max(initial=0)) + 1) + dense, dtype=np.int64)


def joined(parts: Sequence[Units], person: Ints, caps: Caps, most: int | None = None) -> Units:
    """The units in their order, at most so many, without duplicates and within the caps."""
    rows = within_caps(parts, without_duplicates(parts), person, caps)
    return Units.join(parts, rows[:most])


def without_duplicates(parts: Sequence[Units]) -> Ints:
    """The rows of the units, in their order, that repeat no content of an earlier one."""
    width = len(parts[0].contents)
    contents = [np.concatenate([part.contents[i] for part in parts]) for i in range(width)]
    rows = np.arange(sum(part.size for part in parts))
    for content in contents:
        _, first = np.unique(content[rows], return_index=True)
        rows = rows[np.sort(first)]
    if not parts[0].mixed:
        return rows
    flat = np.stack([content[rows] for content in contents], axis=1).reshape(-1)
    _, first, at = np.unique(flat, return_index=True, return_inverse=True)
    owner = (first // width)[at].reshape(len(rows), width)
    return np.asarray(rows[(owner == np.arange(len(rows))[:, None]).all(axis=1)], dtype=np.int64)


def within_caps(parts: Sequence[Units], rows: Ints, person: Ints, caps: Caps) -> Ints:
    """The rows in their order, at most so many of one image, then of one person, then in one wording."""
    anchor = np.concatenate([p.anchor for p in parts])
    rows = rows[rank_within(anchor[rows]) < caps.image]
    anchors = person[anchor[rows]]
    rows = rows[(rank_within(anchors) < caps.person) | (anchors == NOBODY)]
    if caps.paraphrase is None:
        return rows
    paraphrase = np.concatenate([p.columns["paraphrase"] for p in parts])
    return rows[rank_within(paraphrase[rows]) < caps.paraphrase]


def rank_within(cells: Ints) -> Ints:
    """For each element, how many earlier elements are in the same cell."""
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(cells) else np.zeros(0, dtype=np.int64)
    lengths = np.diff(np.r_[starts, len(cells)])
    ranks = np.empty(len(cells), dtype=np.int64)
    ranks[order] = np.arange(len(cells)) - np.repeat(starts, lengths)
    return ranks


def spread(cells: Ints) -> Ints:
    """The order that takes one element of every cell before a second of any, keeping the order inside cells."""
    return np.asarray(np.argsort(rank_within(cells), kind="stable"), dtype=np.int64)


def content(*columns: Words | np.uint64) -> Words:
    """One word for what a row shows, from the words of its images and texts in order."""
    return mix(*columns)


def some_of(words: Words, allowed: Flags, most: Ints) -> Flags:
    """For each row up to `most` of its allowed columns, those with the smallest words; both (n, columns)."""
    ranked = np.where(allowed, words, np.iinfo(np.uint64).max)
    place = np.argsort(np.argsort(ranked, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(allowed & (place < most[:, None]))
