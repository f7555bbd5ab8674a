"""Searches: a query picture, something said or shown beside it, and a gallery in which one picture fits both.

Beside strangers a gallery may hold the person of the query in a look that the clue rules out, so that neither the
picture nor the clue is enough alone. Strangers that fit the clue are preferred for half of the places.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from generators.choosing import Ring, Units, cells_of, content, first_allowed, patience_for, turns_of
from generators.galleries import MOST, Gallery, gallery, strategies
from generators.margins import margin_columns, margin_remarks
from generators.pairing import MatchFinder, NegativeFinder, PairRule, after, camera_or_none, hardness
from generators.quotas import ANSWERS, caps_of, fill_quota, shortfall
from schemas.keys import Words, below, mix, uniform
from schemas.question import NOBODY, STRATEGIES, Ask, Draft, Flags, Ints, Negatives, Pool

Condition = Callable[[Ints, Ints], Flags]
LOOK_ALIKE_SHARE = 0.5
DECOY_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Clue:
    """What is given beside the query, per row: whether there is one, its columns, and whom it fits or rules out.

    `fits(rows, candidates)` and `breaks(rows, candidates)` are about people other than the match; what neither fits nor
    breaks is never used as the query's own person. Either may be None: no stranger can fit, nobody is ruled out.
    """

    given: Flags
    columns: Mapping[str, Ints] = field(default_factory=dict)
    fits: Condition | None = None
    breaks: Condition | None = None


Clues = Callable[[Ints, Ints, Words], Clue]
"""A clue per row from anchors, matches and words."""


def no_clue(anchors: Ints, match: Ints, word: Words) -> Clue:
    """Nothing beside the query."""
    return Clue(np.ones(len(anchors), dtype=np.bool_))


def other_clothes(pool: Pool) -> Condition:
    """Whether a candidate is known in another outfit than the anchor, in the same kind of picture."""

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        changed = (pool.clothes[candidates] >= 0) & (pool.clothes[anchors] != pool.clothes[candidates])
        return np.asarray(changed & (pool.modality[anchors] == pool.modality[candidates]))

    return matches


def in_other_clothes(pool: Pool, anchors: Flags, shortfall: str) -> PairRule:
    """Matches of anchors whose outfit is known are in another one; strangers are often dressed like the anchor."""
    return PairRule(
        anchors=(pool.clothes >= 0) & anchors,
        matches=other_clothes(pool),
        hard_name="clothes_twin",
        shortfall=shortfall,
    )


class PreferringFinder(NegativeFinder):
    """A finder that first looks for strangers who fit a condition, for a share of its draws, then for any."""

    def __init__(self, ask: Ask, hard: float, share: float = LOOK_ALIKE_SHARE) -> None:
        super().__init__(ask, hard)
        self._share = share
        self.prefers: Condition | None = None

    def find(
        self, anchors: Ints, match: Ints, word: Words, taken: Ints, also: Condition | None = None
    ) -> tuple[Ints, Ints]:
        """As NegativeFinder.find, trying those first who fit `prefers`."""
        plain, ranks = super().find(anchors, match, word, taken, also)
        fits = self.prefers
        if fits is None:
            return plain, ranks

        def both(rows: Ints, members: Ints) -> Flags:
            fine = np.asarray(fits(rows, members))
            return fine if also is None else fine & also(rows, members)

        wanted = np.where(uniform(mix(word, 26)) < self._share, match, NOBODY)
        liked, liked_ranks = super().find(anchors, wanted, mix(word, 27), taken, both)
        return np.where(liked >= 0, liked, plain), np.where(liked >= 0, liked_ranks, ranks)


class DecoyFinder:
    """Finds the query's own person in a look that the clue rules out, filmed by the camera of the match."""

    def __init__(self, ask: Ask) -> None:
        pool = self._pool = ask.pool
        self._place = cells_of(pool.source, pool.modality, camera_or_none(pool))
        self._cells = cells_of(pool.source, pool.person, self._place)
        self._ring = Ring(self._cells, mix(ask.seed, pool.words, 28))

    def find(self, anchors: Ints, match: Ints, word: Words, breaks: Condition) -> Ints:
        """A picture per row; NOBODY for rows that have none or are not to have one."""
        wanted = (match >= 0) & (uniform(mix(word, 29)) < DECOY_SHARE)
        cells = np.where(wanted, self._cells[match], NOBODY)

        def allowed(rows: Ints, members: Ints) -> Flags:
            return np.asarray((members != anchors[rows]) & (members != match[rows]) & breaks(rows, members))

        return first_allowed(self._ring, cells, mix(word, 30), allowed)


def with_decoy(found: Gallery, decoy: Ints, word: Words) -> Gallery:
    """Galleries in which a decoy takes the place of one stranger, drawn by word."""
    here = np.flatnonzero((decoy >= 0) & (found.size > 1) & (found.place >= 0))
    shown, rank = found.shown.copy(), found.rank.copy()
    column = below(mix(word[here], 31), found.size[here] - 1)
    column += column >= found.place[here]
    shown[here, column], rank[here, column] = decoy[here], NOBODY
    return Gallery(shown, rank, found.size, found.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One family of searches: who may ask, whom a match may be, and the clue beside the query."""

    rule: PairRule
    clues: Clues = no_clue
    none_share: float = 0.0
    plain: str = "same_camera"
    group: Callable[[Ints, Ints], Ints] | None = None
    """Codes of rows by anchor and match that the quota is to divide evenly over."""


def search_units(ask: Ask, search: Search) -> Units:
    """The units of a family of searches, in the quota's order."""
    everybody = np.flatnonzero(search.rule.anchors)
    levels = _levels(ask, search, everybody)
    return fill_quota(ask, levels, ask.rows, patience_for(everybody), {"answer": ANSWERS})


def _levels(ask: Ask, search: Search, everybody: Ints) -> Iterator[Units]:
    pool, matcher, decoys = ask.pool, MatchFinder(ask, search.rule), DecoyFinder(ask)
    finder = PreferringFinder(ask, search.rule.hard)
    share = float(ask.options.get("none_share", search.none_share))
    words = np.append(pool.words, np.uint64(0))
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):
        match = matcher.find(anchors, word)
        clue = search.clues(anchors, match, word)
        finder.prefers = clue.fits
        match = np.where(clue.given, match, NOBODY)
        found = gallery(finder, anchors, match, word, share, search.rule.strangers_of(anchors))
        if clue.breaks is not None:
            found = with_decoy(found, decoys.find(anchors, match, word, clue.breaks), word)
        columns = {"shown": found.shown, "rank": found.rank, "size": found.size, "place": found.place, "match": match}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))], **clue.columns}
        columns |= {"difficulty": hardness(found.rank), "answer": (found.place < 0).astype(np.int64)}
        wrong = np.arange(MOST) != found.place[:, None]
        columns |= margin_columns(ask, anchors, match, found.shown, wrong)
        columns["fitting"] = _fitting(clue, found.shown)
        if search.group is not None:
            columns["group"] = search.group(anchors, match)
        told = [content_of(column) for name, column in sorted(clue.columns.items()) if name.startswith("told")]
        seen = content(pool.words[anchors], *told, *(words[column] for column in found.shown.T))
        yield Units(anchors, np.full(len(anchors), k), word, columns, (seen,)).take(found.whole)


def _fitting(clue: Clue, shown: Ints) -> Ints:
    """Which pictures of the galleries fit the clue, as 0 and 1."""
    found = np.zeros(shown.shape, dtype=np.int64)
    if clue.fits is not None:
        rows, columns = np.nonzero(shown >= 0)
        found[rows, columns] = clue.fits(rows, shown[rows, columns])
    return found


def content_of(column: Ints) -> Words:
    """A word per row of a column of codes, one or several a row."""
    columns = column[:, None] if column.ndim == 1 else column
    return mix(*columns.T.astype(np.uint64))


def gallery_of(units: Units) -> Gallery:
    """The galleries of units of searches."""
    columns = units.columns
    return Gallery(columns["shown"], columns["rank"], columns["size"], columns["place"])


def search_draft(ask: Ask, search: Search, units: Units, beside: Ints, first_roles: tuple[str, ...]) -> Draft:
    """The draft of searches: the pictures of `beside` (rows, w) come first, then the gallery; wording is still open."""
    found = gallery_of(units)
    images = np.concatenate([beside, found.shown], axis=1)
    first = beside.shape[1]
    return Draft(
        images=images,
        roles=(*first_roles, *["gallery"] * MOST),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=pa.repeat(pa.scalar("one_match", pa.string()), units.size),
        gold=np.where(found.place >= 0, found.place + first + 1, 0),
        n_options=found.size,
        negatives=after(search_negatives(ask.pool, units, search.plain, search.rule.hard_name), first),
        difficulty=units.columns["difficulty"] if "shares" in ask.options else None,
        remarks=margin_remarks(units.columns),
        shortfall=shortfall(ask, units, search.rule.shortfall, ask.rows, {"answer": ANSWERS}),
    )


def search_negatives(pool: Pool, units: Units, plain: str, mined: str) -> Negatives:
    """How each picture of the galleries came in: the query's own person is `same_person`, whom the clue suits
    `fits_note`, the miner's finds `mined`, others `plain`."""
    found = gallery_of(units)
    how = strategies(pool, units.anchor, found, plain)
    own = pool.person[found.shown] == pool.person[units.anchor][:, None]
    is_mined = how.strategy == STRATEGIES.index("embedding_topk")
    names = [STRATEGIES.index(name) for name in ("same_person", mined, "fits_note")]
    named = np.select([own, is_mined, units.columns["fitting"] == 1], names, how.strategy)
    strategy = np.where(how.strategy == NOBODY, NOBODY, named).astype(np.int8)
    return Negatives(strategy=strategy, rank=how.rank, score=how.score)
