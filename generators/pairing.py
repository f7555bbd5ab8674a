"""Yes/no rows about two pictures, drawn as twins: the same anchor once with its own person, once with another.

Options of the recipe: `hard` is the share of negatives taken from the miner's neighbours, `twins` that of strangers who
look alike by their records (at least `twin_values` equal values); `cross_camera` is the share of matches from another
camera, `frame_gap` the least distance in frames of a match from the same one.

The other person's picture comes from the very camera (and source and modality) of the true match, and is the closest in
size of several, so neither cameras nor sizes tell the answers apart, and yes and no are equally many by construction.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from generators.choosing import Ring, Units, cells_of, content, first_allowed, patience_for, turns_of
from generators.margins import margin_columns, margin_remarks
from generators.quotas import caps_of, fill_quota, shortfall
from schemas.keys import Words, below, mix, uniform
from schemas.question import DIFFICULTIES, HIDDEN, NOBODY, STRATEGIES, Ask, Draft, Flags, Ints, Negatives, Pool

CROSS_CAMERA = 0.85
TWIN_VALUES = 3
TWIN = -2
"""The rank of a negative that was taken because its record is like the anchor's."""
DISTRACTOR = -3
"""The rank of a picture that shows nobody, see generators.distractors."""
NEAREST = 10
_LOOKS_PER_NEGATIVE = 3
_LOOKS_PER_TWIN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRule:
    """What makes a true match for a family: who may anchor, and whom a match may be.

    `hard` is the share of negatives taken from the miner's neighbours where the recipe does not say.
    `strangers(anchors, candidates)` may set a further condition on whom a no may show.
    """

    anchors: Flags
    matches: Callable[[Ints, Ints], Flags]
    shortfall: str
    hard: float = 0.5
    hard_name: str = "embedding_topk"
    strangers: Callable[[Ints, Ints], Flags] | None = None

    def strangers_of(self, anchors: Ints) -> Callable[[Ints, Ints], Flags] | None:
        """The rule's condition on strangers as finders take it, on rows of `anchors`."""
        rule = self.strangers
        return None if rule is None else lambda rows, members: rule(anchors[rows], members)


def twin_pairs(ask: Ask, rule: PairRule) -> Draft:
    """Rows in twins, half of them yes. With an odd quota the last twin loses its no."""
    anchors = np.flatnonzero(rule.anchors)
    levels = _levels(ask, rule, anchors, caps_of(ask).image)
    units = fill_quota(ask, levels, (ask.rows + 1) // 2, patience_for(anchors))
    return _draft(ask, rule, units)


def _levels(ask: Ask, rule: PairRule, everybody: Ints, most: int) -> Iterator[Units]:
    pool = ask.pool
    matcher = MatchFinder(ask, rule)
    finder = NegativeFinder(ask, rule.hard)
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, most):
        match = matcher.find(anchors, word)
        nobody = np.zeros((len(anchors), 0), dtype=np.int64)
        other, rank = finder.find(anchors, match, word, nobody, rule.strangers_of(anchors))
        columns = {"match": match, "other": other, "rank": rank, "difficulty": hardness(rank)}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        columns |= margin_columns(ask, anchors, match, other[:, None], np.ones((len(anchors), 1), dtype=np.bool_))
        shown = [content(pool.words[anchors], pool.words[seen]) for seen in (match, other)]
        units = Units(anchors, np.full(len(anchors), k), word, columns, tuple(shown))
        yield units.take((match >= 0) & (other >= 0))


class MatchFinder:
    """Finds a true match for an anchor: from another camera, or for a fixed share from the same one where it can."""

    def __init__(self, ask: Ask, rule: PairRule) -> None:
        self._pool, self._rule = ask.pool, rule
        self._cells = cells_of(ask.pool.source, ask.pool.person)
        self._ring = Ring(self._cells, mix(ask.seed, ask.pool.words, 1))
        self._across = float(ask.options.get("cross_camera", CROSS_CAMERA))
        self._gap = int(ask.options.get("frame_gap", 0))
        self._frame = np.asarray(ask.pool.table.column("frame").fill_null(NOBODY).to_numpy(), dtype=np.int64)

    def find(self, anchors: Ints, word: Words) -> Ints:
        """A picture of each anchor's person that the rule allows; NOBODY where there is none."""
        across = uniform(mix(word, 2)) < self._across
        found = self._from(anchors, across, self._cells[anchors], mix(word, 3))
        lost = (found < 0) & ~across
        return np.where(lost, self._from(anchors, across | lost, self._cells[anchors], mix(word, 4)), found)

    def _from(self, anchors: Ints, across: Flags, cells: Ints, word: Words) -> Ints:
        camera = camera_or_none(self._pool)

        def allowed(rows: Ints, members: Ints) -> Flags:
            own, crosses = anchors[rows], across[rows] & (camera[members] > 0)
            fine = self._rule.matches(own, members) & (own != members)
            elsewhere = camera[own] != camera[members]
            fine &= elsewhere | (np.abs(self._frame[own] - self._frame[members]) >= self._gap)
            return np.asarray(fine & (elsewhere == crosses))

        return first_allowed(self._ring, cells, word, allowed)


class NegativeFinder:
    """Finds pictures of other people that share source, modality and camera with a true match."""

    def __init__(self, ask: Ask, hard: float) -> None:
        self._pool, self._hard = ask.pool, float(ask.options.get("hard", hard))
        self._twins = float(ask.options.get("twins", 0.0))
        self._alike = int(ask.options.get("twin_values", TWIN_VALUES))
        cells = cells_of(ask.pool.source, ask.pool.modality, camera_or_none(ask.pool))
        self._cells, self._ring = cells, Ring(cells, mix(ask.seed, ask.pool.words, 5))

    def find(
        self, anchors: Ints, match: Ints, word: Words, taken: Ints, also: Callable[[Ints, Ints], Flags] | None = None
    ) -> tuple[Ints, Ints]:
        """A negative per row and its mined rank (NOBODY when not mined, TWIN). `taken` (n, t) are already shown.

        `also(rows, candidates)` may set a further condition.
        """
        pool = self._pool

        def allowed(rows: Ints, members: Ints) -> Flags:
            fine = np.asarray(pool.person[members] != pool.person[anchors[rows]])
            fine &= self._cells[members] == self._cells[match[rows]]
            for column in taken.T:
                fine &= pool.person[members] != np.where(column[rows] >= 0, pool.person[column[rows]], NOBODY)
            return fine if also is None else fine & also(rows, members)

        mined, rank = self._mined(anchors, match, word, allowed)
        if self._twins > 0:
            twin = self._twin(anchors, match, word, allowed, mined < 0)
            mined, rank = np.where(twin >= 0, twin, mined), np.where(twin >= 0, TWIN, rank)
        drawn = self._drawn(match, word, allowed, mined < 0)
        return np.where(mined >= 0, mined, drawn), rank

    def _mined(
        self, anchors: Ints, match: Ints, word: Words, allowed: Callable[[Ints, Ints], Flags]
    ) -> tuple[Ints, Ints]:
        """For the wished share of rows, a keyed choice among the allowed mined neighbours of the anchor."""
        found = np.full(len(anchors), NOBODY, dtype=np.int64)
        rank = found.copy()
        neighbours = self._pool.neighbours
        rows = np.flatnonzero((uniform(mix(word, 6)) < self._hard) & (match >= 0))
        if neighbours is None or not len(rows):
            return found, rank
        least = np.full(len(rows), np.iinfo(np.uint64).max, dtype=np.uint64)
        for place in range(neighbours.near.shape[1]):
            near = neighbours.near[anchors[rows], place]
            good = near >= 0
            good[good] = allowed(rows[good], near[good])
            draw = mix(word[rows], self._pool.words[near])
            better = good & (draw < least)
            least[better], found[rows[better]], rank[rows[better]] = draw[better], near[better], place
        return found, rank

    def _drawn(self, match: Ints, word: Words, allowed: Callable[[Ints, Ints], Flags], wanted: Flags) -> Ints:
        """The closest in size to the match of a few independent draws from its camera."""
        cells = np.where(wanted & (match >= 0), self._cells[match], NOBODY)
        best = np.full(len(match), NOBODY, dtype=np.int64)
        least = np.full(len(match), np.inf, dtype=np.float32)
        height = self._pool.log_height
        for look in range(_LOOKS_PER_NEGATIVE):
            member = first_allowed(self._ring, cells, mix(word, 7, look), allowed)
            gap = np.where(member >= 0, np.abs(height[member] - height[match]), np.inf)
            better = gap < least
            best[better], least[better] = member[better], gap[better]
        return best

    def _twin(
        self, anchors: Ints, match: Ints, word: Words, allowed: Callable[[Ints, Ints], Flags], wanted: Flags
    ) -> Ints:
        """For the wished share of rows, the one of several strangers whose record is most like the anchor's."""
        here = wanted & (match >= 0) & (uniform(mix(word, 9)) < self._twins / max(1.0 - self._hard, self._twins))
        cells = np.where(here, self._cells[match], NOBODY)
        best = np.full(len(match), NOBODY, dtype=np.int64)
        most = np.full(len(match), self._alike - 1, dtype=np.int64)
        for look in range(_LOOKS_PER_TWIN):
            member = first_allowed(self._ring, cells, mix(word, 10, look), allowed)
            equal = np.where(member >= 0, equal_values(self._pool, anchors, member), 0)
            better = equal > most
            best[better], most[better] = member[better], equal[better]
        return best


def equal_values(pool: Pool, one: Ints, other: Ints) -> Ints:
    """How many attributes of the vocabulary are known to be equal in two pictures."""
    counts = np.zeros(len(one), dtype=np.int64)
    for values in pool.values.values():
        counts += (values[one] == values[other]) & (values[one] != 0) & (values[one] != HIDDEN)
    return counts


def hardness(rank: Ints) -> Ints:
    """The difficulty of each row by the hardest of its negatives' ranks, (n,) or (n, w): see DIFFICULTIES."""
    ranks = rank.reshape(len(rank), -1 if len(rank) else 1)
    mined, twin = (ranks >= 0).any(axis=1), (ranks == TWIN).any(axis=1)
    nearest = ((ranks >= 0) & (ranks < NEAREST)).any(axis=1)
    names = [DIFFICULTIES.index(name) for name in ("nearest", "near", "twin", "easy")]
    return np.asarray(np.select([nearest, mined, twin], names[:3], names[3]), dtype=np.int64)


def how(rank: Ints, mined: str, plain: str) -> Ints:
    """The strategy behind each negative's rank: `mined`, attribute_twin, distractor or `plain`."""
    named = [np.int8(STRATEGIES.index(name)) for name in (mined, "attribute_twin", "distractor", plain)]
    which = [rank >= 0, rank == TWIN, rank == DISTRACTOR]
    return np.asarray(np.select(which, named[:3], named[3]), dtype=np.int8)


def camera_or_none(pool: Pool) -> Ints:
    """Camera codes where a source without cameras counts as having one."""
    return pool.camera + 1


def _draft(ask: Ask, rule: PairRule, units: Units) -> Draft:
    n = units.size
    both = np.repeat(np.arange(n), 2)
    gold = np.tile([1, 0], n)
    second = np.where(gold == 1, units.columns["match"][both], units.columns["other"][both])
    images = np.stack([units.anchor[both], second], axis=1)[: ask.rows]
    gold, both = gold[: ask.rows], both[: ask.rows]
    return Draft(
        images=images,
        roles=("query", "candidate"),
        k=units.k[both],
        paraphrase=units.columns["paraphrase"][both],
        subtask=subtasks(ask.pool, images),
        gold=gold,
        n_options=np.full(len(gold), 2),
        negatives=_how(ask.pool, rule, images, gold, units.columns["rank"][both]),
        difficulty=units.columns["difficulty"][both] if "shares" in ask.options else None,
        remarks=tuple(remark.take(pa.array(both)) for remark in margin_remarks(units.columns)),
        shortfall=shortfall(ask, units, rule.shortfall, (ask.rows + 1) // 2),
    )


def subtasks(pool: Pool, images: Ints) -> pa.Array:
    """`cross_camera` or `same_camera` of the two pictures; a source without cameras is `one_camera`."""
    first, second = pool.camera[images[:, 0]], pool.camera[images[:, 1]]
    which = np.where(first < 0, 2, (first == second).astype(np.int64))
    return pa.array(["cross_camera", "same_camera", "one_camera"]).take(pa.array(which))


def match_subtasks(pool: Pool, units: Units) -> pa.Array:
    """The subtasks of units by their anchor and their match."""
    return subtasks(pool, np.stack([units.anchor, units.columns["match"]], axis=1))


def _how(pool: Pool, rule: PairRule, images: Ints, gold: Ints, rank: Ints) -> Negatives:
    rank = np.where(gold == 0, rank, NOBODY)
    name = how(rank, rule.hard_name, "same_camera")
    strategy = np.full(images.shape, NOBODY, dtype=np.int64)
    strategy[:, 1] = np.where(gold == 0, name, NOBODY)
    return negatives_of(pool, images[:, 0], strategy, np.stack([np.full_like(rank, NOBODY), rank], axis=1))


def negatives_of(pool: Pool, anchors: Ints, strategy: Ints, rank: Ints) -> Negatives:
    """Strategies and ranks with the distances that the miner measured from each row's anchor."""
    score = np.full(rank.shape, np.nan, dtype=np.float32)
    if pool.neighbours is not None:
        rows, columns = np.nonzero(rank >= 0)
        score[rows, columns] = pool.neighbours.distance[anchors[rows], rank[rows, columns]]
    return Negatives(strategy=strategy.astype(np.int8), rank=rank.astype(np.int16), score=score)


def after(negatives: Negatives, first: int) -> Negatives:
    """The same with columns in front for pictures that are no negatives."""

    def padded(column: Ints) -> Ints:
        return np.pad(column, ((0, 0), (first, 0)), constant_values=NOBODY)

    score = np.pad(negatives.score, ((0, 0), (first, 0)), constant_values=np.nan)
    return Negatives(strategy=padded(negatives.strategy), rank=padded(negatives.rank), score=score)
