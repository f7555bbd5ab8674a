"""I2I_PICK1: which candidate is the person of the query picture? In about 15 % of rows none is."""

from collections.abc import Iterator

import numpy as np

from generators.choosing import Units, content, patience_for, turns_of
from generators.galleries import MOST, Gallery, candidate_words, finder_of, gallery, strategies
from generators.pairing import MatchFinder, PairRule, hardness, subtasks
from generators.quotas import ANSWERS, caps_of, fill_quota, shortfall
from schemas.keys import below, mix
from schemas.question import NOBODY, Ask, Draft, Example, Flags, Ints, Negatives, Question

NONE_SHARE = 0.15


def compose(ask: Ask) -> Draft:
    """Rows of a query and its gallery; the match wears the same outfit where outfits are known."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        same_look = pool.clothes[anchors] == pool.clothes[candidates]
        return np.asarray(same_look & (pool.modality[anchors] == pool.modality[candidates]))

    everybody = np.ones(pool.size, dtype=np.bool_)
    rule = PairRule(anchors=everybody, matches=matches, shortfall="there are not enough pictures of one person")
    patience = patience_for(np.arange(pool.size))
    return _draft(
        ask, rule, fill_quota(ask, _levels(ask, rule, caps_of(ask).image), ask.rows, patience, {"answer": ANSWERS})
    )


def _levels(ask: Ask, rule: PairRule, most: int) -> Iterator[Units]:
    pool, finder, matcher = ask.pool, finder_of(ask), MatchFinder(ask, rule)
    words = np.append(pool.words, np.uint64(0))
    share = float(ask.options.get("none_share", NONE_SHARE))
    for k, anchors, word in turns_of(np.arange(pool.size), pool.words, ask.seed, most):
        match = matcher.find(anchors, word)
        found = gallery(finder, anchors, match, word, share)
        columns = {"shown": found.shown, "rank": found.rank, "size": found.size, "place": found.place, "match": match}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        columns |= {"difficulty": hardness(found.rank), "answer": (found.place < 0).astype(np.int64)}
        seen = content(pool.words[anchors], *(words[column] for column in found.shown.T))
        yield Units(anchors, np.full(len(anchors), k), word, columns, (seen,)).take(found.whole)


def _draft(ask: Ask, rule: PairRule, units: Units) -> Draft:
    pool, columns = ask.pool, units.columns
    found = Gallery(columns["shown"], columns["rank"], columns["size"], columns["place"])
    images = np.concatenate([units.anchor[:, None], found.shown], axis=1)
    return Draft(
        images=images,
        roles=("query", *["gallery"] * MOST),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=subtasks(pool, np.stack([units.anchor, columns["match"]], axis=1)),
        gold=np.where(found.place >= 0, found.place + 2, 0),
        n_options=found.size,
        slots={"candidates": candidate_words(found.size, 2)},
        negatives=_beside_query(strategies(pool, units.anchor, found, "same_camera")),
        difficulty=columns["difficulty"] if "shares" in ask.options else None,
        shortfall=shortfall(ask, units, rule.shortfall, ask.rows, {"answer": ANSWERS}),
    )


def _beside_query(negatives: Negatives) -> Negatives:
    """The same with a first column for the query, which is no negative."""

    def padded(column: Ints) -> Ints:
        return np.insert(column, 0, NOBODY, axis=1)

    score = np.insert(negatives.score, 0, np.nan, axis=1)
    return Negatives(strategy=padded(negatives.strategy), rank=padded(negatives.rank), score=score)


QUESTION = Question(
    title="Which candidate is the person of the query?",
    answer="pick1",
    compose=compose,
    default_stage=2,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1"},
                {"person": "ann", "camera": "c2"},
                {"person": "bob", "camera": "c2"},
                {"person": "cid", "camera": "c2"},
            ),
            rows=1,
            answers=("None",),
            options={"none_share": 1},
        ),
    ),
)
