"""Line-ups: one or several pictures of a person, then candidates that are all filmed by one camera.

The matches are further pictures of the person in the same outfit; strangers come from the very camera of the matches.
So cameras tell nothing, however many matches there are.
"""

from collections.abc import Callable, Iterator

import numpy as np

from generators.choosing import Ring, Units, cells_of, content, first_allowed, patience_for, turns_of
from generators.galleries import MOST, candidate_words, finder_of
from generators.margins import margin_columns, margin_remarks
from generators.pairing import MatchFinder, PairRule, after, hardness, match_subtasks
from generators.quotas import ANSWERS, caps_of, fill_quota, shortfall
from generators.sets import Again, SetGallery, set_gallery, set_negatives
from schemas.keys import Words, below, mix
from schemas.question import NOBODY, Ask, Draft, Flags, Ints

REASON = "there are not enough pictures of one person by one camera, or too few strangers there"


def same_look(ask: Ask) -> PairRule:
    """Matches in the same outfit, where outfits are known, and the same modality."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        alike = pool.clothes[anchors] == pool.clothes[candidates]
        return np.asarray(alike & (pool.modality[anchors] == pool.modality[candidates]))

    return PairRule(anchors=np.ones(pool.size, dtype=np.bool_), matches=matches, shortfall=REASON)


class Looks:
    """Finds further pictures of a person in one outfit and modality."""

    def __init__(self, ask: Ask) -> None:
        pool = self._pool = ask.pool
        self._cells = cells_of(pool.source, pool.person, pool.clothes + 1, pool.modality)
        self._ring = Ring(self._cells, mix(ask.seed, pool.words, 81))

    def more(self, like: Ints, word: Words, allowed: Callable[[Ints, Ints], Flags]) -> Ints:
        """Another picture of the look of each picture in `like` (NOBODY asks for none) that is allowed."""
        cells = np.where(like >= 0, self._cells[like], NOBODY)
        return first_allowed(self._ring, cells, word, allowed)

    def here_again(self, anchors: Ints) -> Again:
        """Further matches beside the first one of each row: by the same camera, none taken, none the anchor."""
        camera = self._pool.camera

        def again(word: Words, taken: Ints) -> Ints:
            first = taken[:, 0]

            def allowed(rows: Ints, members: Ints) -> Flags:
                new = (taken[rows] != members[:, None]).all(axis=1) & (members != anchors[rows])
                return np.asarray(new & (camera[first[rows]] == camera[members]))

            return self.more(first, word, allowed)

        return again


def lineup_units(ask: Ask, none_allowed: bool) -> Units:
    """Units of a query and a gallery with any number of matches; at least one where none is not allowed."""
    levels = _levels(ask, none_allowed)
    patience = patience_for(np.arange(ask.pool.size))
    return fill_quota(ask, levels, ask.rows, patience, {"answer": ANSWERS})


def _levels(ask: Ask, none_allowed: bool) -> Iterator[Units]:
    pool, finder, looks = ask.pool, finder_of(ask), Looks(ask)
    matcher = MatchFinder(ask, same_look(ask))
    words = np.append(pool.words, np.uint64(0))
    for k, anchors, word in turns_of(np.arange(pool.size), pool.words, ask.seed, caps_of(ask).image):
        match = matcher.find(anchors, word)
        found = set_gallery(finder, anchors, match, word, looks.here_again(anchors))
        matched = (found.hits == 1).any(axis=1)
        columns = {"shown": found.shown, "rank": found.rank, "hits": found.hits, "size": found.size, "match": match}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        columns |= {"difficulty": hardness(found.rank), "answer": (~matched).astype(np.int64)}
        columns |= margin_columns(ask, anchors, match, found.shown, found.hits == 0)
        seen = content(pool.words[anchors], *(words[column] for column in found.shown.T))
        units = Units(anchors, np.full(len(anchors), k), word, columns, (seen,))
        yield units.take((found.size > 0) & (matched | none_allowed))


def gallery_of(units: Units) -> SetGallery:
    """The galleries of line-up units."""
    columns = units.columns
    return SetGallery(columns["shown"], columns["rank"], columns["hits"], columns["size"])


def lineup_draft(ask: Ask, units: Units, gold: Ints) -> Draft:
    """The draft of line-ups, with their gold: the query is image 1."""
    columns, found = units.columns, gallery_of(units)
    return Draft(
        images=np.concatenate([units.anchor[:, None], found.shown], axis=1),
        roles=("query", *["gallery"] * MOST),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=match_subtasks(ask.pool, units),
        gold=gold,
        n_options=found.size,
        slots={"candidates": candidate_words(found.size, 2)},
        negatives=after(set_negatives(ask.pool, units.anchor, found, "same_camera"), 1),
        difficulty=columns["difficulty"],
        remarks=margin_remarks(columns),
        shortfall=shortfall(ask, units, REASON, ask.rows, {"answer": ANSWERS}),
    )
