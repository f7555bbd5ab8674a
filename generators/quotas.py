"""A family's quota: how many rows, how they divide over cells, and what one image, person or wording may take of them.

    families:
      SAME_YN:
        rows: {train: 20000}
        options:
          per_image: 16          # rows that one image may anchor (twins count once)
          per_person: 400
          per_paraphrase: 2000
          shares:                # every combination is a cell with its own quota
            source: {market1501: 0.6, ltcc: 0.4}
            modality: {rgb: 1}
            difficulty: {easy: 0.2, twin: 0.3, near: 0.3, nearest: 0.2}
            margin: {wrong: 0.5, narrow: 0.5}
            answer: {match: 0.8, none: 0.2}

A cell is met exactly, or the shortfall names it with what it got. What is in no cell is not used.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from generators.choosing import PATIENCE, Caps, Units, fill
from schemas.errors import BadRecipe
from schemas.question import DIFFICULTIES, MARGINS, NOBODY, Ask, Ints

PER_IMAGE, PER_PERSON = 64, 100_000
MATCH, NONE = 0, 1
NAMED = ("difficulty", "margin", "answer", "subtask")
"""The columns of units by which a quota may divide, where a family has them."""
_KNOWN = {"difficulty": DIFFICULTIES, "margin": MARGINS}
ANSWERS = ("match", "none")
"""The answer classes of families that may have nothing to find."""


def caps_of(ask: Ask) -> Caps:
    """The caps of the recipe's options `per_image`, `per_person` and `per_paraphrase`."""
    options = ask.options
    return Caps(
        int(options.get("per_image", PER_IMAGE)),
        int(options.get("per_person", PER_PERSON)),
        int(options["per_paraphrase"]) if "per_paraphrase" in options else None,
    )


def fill_quota(
    ask: Ask,
    levels: Iterator[Units],
    wanted: int,
    patience: int = PATIENCE,
    names: Mapping[str, Sequence[str]] | None = None,
    taken: Units | None = None,
) -> Units:
    """The units that become rows, by the recipe's caps and shares, beside those that are `taken` already.

    `names` are those of the codes in the units' columns `answer` and `subtask`, for families that have them. Raises
    BadRecipe for a share of something unknown.
    """
    cells, size = cells_of_quota(ask, wanted, names), 0
    if taken is not None:
        cells, size = cells.less(taken) if cells is not None else None, taken.size
    return fill(levels, wanted - size, ask.pool.person, caps_of(ask), patience, cells)


def shortfall(
    ask: Ask, units: Units, reason: str, wanted: int, names: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Why rows are missing: a cap, nothing mined, or the family's reason, and each cell with too few."""
    cells = cells_of_quota(ask, wanted, names)
    lacking = cells.lacking(units) if cells is not None else []
    told = _worded_out(ask, units) or _used_up(ask, units) or _unmined(ask, lacking) or reason
    return f"{told} ({'; '.join(lacking)})" if lacking else told


def _worded_out(ask: Ask, units: Units) -> str | None:
    """That every wording has what the recipe allows it, where that is so."""
    most = caps_of(ask).paraphrase
    if most is None or "paraphrase" not in units.columns:
        return None
    worded = np.bincount(units.columns["paraphrase"], minlength=int(ask.paraphrases.max()) + 1)[ask.paraphrases]
    if (worded < most).any():
        return None
    return f"per_paraphrase allows {most} to each wording, and all {len(worded)} wordings have them: raise it"


def _used_up(ask: Ask, units: Units) -> str | None:
    """That every picture, or every person, from whom rows start has what the recipe allows it, where that is so."""
    caps = caps_of(ask)
    owners = (("per_image", caps.image, units.anchor), ("per_person", caps.person, ask.pool.person[units.anchor]))
    for (name, most, owner), noun in zip(owners, ("pictures", "persons"), strict=True):
        counts = np.unique(owner[owner >= 0], return_counts=True)[1]
        if len(counts) and (counts >= most).all():
            return (
                f"{name} allows {most} to each, and all {len(counts)} {noun} that rows start from have them: raise it"
            )
    return None


def _unmined(ask: Ask, lacking: Sequence[str]) -> str | None:
    """That nothing was mined of the pictures, where shares of difficulty ask for what a miner finds."""
    mined = {"near", "nearest"} & set(ask.options.get("shares", {}).get("difficulty", {}))
    if not mined or not lacking or ask.pool.neighbours is not None:
        return None
    return "nothing was mined of these pictures, so no stranger is near or nearest (test pictures are never mined)"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a quota: their codes per dimension (cells, dimensions), their names, how many units each gets."""

    dimensions: tuple[str, ...]
    codes: Ints
    titles: tuple[str, ...]
    wanted: Ints
    pool_codes: Mapping[str, Ints]

    def of(self, units: Units) -> Ints:
        """The cell of each unit; NOBODY where it is in none."""
        found = np.full(units.size, NOBODY, dtype=np.int64)
        columns = [self._column(name, units) for name in self.dimensions]
        for cell, codes in enumerate(self.codes):
            inside = np.ones(units.size, dtype=np.bool_)
            for column, code in zip(columns, codes, strict=True):
                inside &= column == code
            found[inside] = cell
        return found

    def _column(self, name: str, units: Units) -> Ints:
        if name not in self.pool_codes and name not in units.columns:
            raise _undivided(name, [*self.pool_codes, *(known for known in NAMED if known in units.columns)])
        return self.pool_codes[name][units.anchor] if name in self.pool_codes else units.columns[name]

    def less(self, units: Units) -> "Cells":
        """The same cells, of which each wants what these units leave of it."""
        cells = self.of(units)
        filled = np.bincount(cells[cells >= 0], minlength=len(self.wanted))
        return replace(self, wanted=np.maximum(self.wanted - filled, 0))

    def lacking(self, units: Units) -> list[str]:
        """Each cell with too few units, in words."""
        cells = self.of(units)
        filled = np.bincount(cells[cells >= 0], minlength=len(self.wanted))
        rows = zip(self.titles, filled.tolist(), self.wanted.tolist(), strict=True)
        return [f"{title}: {got} of {wanted}" for title, got, wanted in rows if got < wanted]


def cells_of_quota(ask: Ask, wanted: int, names: Mapping[str, Sequence[str]] | None = None) -> Cells | None:
    """The cells of the recipe's option `shares`; None when it has none."""
    shares: Mapping[str, Mapping[str, float]] = ask.options.get("shares", {})
    if not shares:
        return None
    if "margin" in shares and ask.pool.seen is None:
        raise BadRecipe("The option 'shares' has 'margin', for which the recipe must say `mine: {margins: true}`.")
    known: dict[str, Sequence[str]] = dict(names or {})
    pool_codes = {name: _coded(ask, name, known) for name in ("source", "modality")}
    dimensions = tuple(sorted(shares))
    for name in dimensions:
        _check(name, shares[name], known)
    combined = list(product(*(sorted(shares[name].items()) for name in dimensions)))
    codes = [[list(known[d]).index(value) for d, (value, _) in zip(dimensions, cell, strict=True)] for cell in combined]
    parts = np.array([float(np.prod([share for _, share in cell])) for cell in combined])
    titles = tuple(" x ".join(value for value, _ in cell) for cell in combined)
    return Cells(dimensions, np.array(codes, dtype=np.int64), titles, divided(wanted, parts), pool_codes)


def _coded(ask: Ask, name: str, known: dict[str, Sequence[str]]) -> Ints:
    """The codes of a column of the pool; its names are noted, with those that the recipe expects beside them."""
    column = ask.pool.table.column(name).combine_chunks().dictionary_encode()
    found = column.dictionary.to_pylist()
    expected = [value for value in ask.options.get("shares", {}).get(name, {}) if value not in found]
    known[name] = [*found, *expected]
    return np.asarray(column.indices.to_numpy(), dtype=np.int64)


def _check(name: str, shares: Mapping[str, float], known: dict[str, Sequence[str]]) -> None:
    if name in _KNOWN:
        known.setdefault(name, _KNOWN[name])
    if name not in known:
        raise _undivided(name, known)
    wrong = [value for value in shares if value not in known[name]]
    if wrong:
        raise BadRecipe(f"The share {wrong[0]!r} is no {name}: {', '.join(known[name])}.")
    check_shares(name, shares)


def check_shares(name: str, shares: Mapping[str, float]) -> None:
    """Raises BadRecipe where shares cannot divide anything: one is below zero, or all of them are zero."""
    if min(shares.values(), default=0) < 0 or sum(shares.values()) <= 0:
        raise BadRecipe(f"The shares of {name!r} must be positive, found {dict(shares)!r}.")


def _undivided(name: str, known: Iterable[str]) -> BadRecipe:
    return BadRecipe(f"The option 'shares' has {name!r}, by which this family does not divide: {', '.join(known)}.")


def divided(wanted: int, parts: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Ints:
    """A whole number per part that add up to `wanted`: the largest remainders are rounded up."""
    exact = wanted * parts / parts.sum()
    whole: Ints = np.floor(exact).astype(np.int64)
    up = np.argsort(whole - exact, kind="stable")[: wanted - int(whole.sum())]
    whole[up] += 1
    return whole
