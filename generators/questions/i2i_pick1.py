"""I2I_PICK1: which candidate is the person of the query picture? In about 15 % of rows none is."""

from collections.abc import Iterator

import numpy as np

from generators.choosing import Units, content, patience_for, turns_of
from generators.distractors import DistractorFinder
from generators.galleries import MOST, Gallery, candidate_words, finder_of, gallery, strategies
from generators.margins import margin_columns, margin_remarks
from generators.pairing import MatchFinder, PairRule, after, hardness, match_subtasks
from generators.quotas import ANSWERS, caps_of, fill_quota, shortfall
from generators.toys import crowd
from schemas.keys import below, mix
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

NONE_SHARE = 0.15


def compose(ask: Ask) -> Draft:
    """Rows of a query and its gallery; the match wears the same outfit where outfits are known."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        same_look = pool.clothes[anchors] == pool.clothes[candidates]
        return np.asarray(same_look & (pool.modality[anchors] == pool.modality[candidates]))

    everybody = np.ones(pool.size, dtype=np.bool_)
    reason = "there are not enough pictures of one person, or too few strangers by the same camera"
    rule = PairRule(anchors=everybody, matches=matches, shortfall=reason)
    patience = patience_for(np.arange(pool.size))
    return _draft(
        ask, rule, fill_quota(ask, _levels(ask, rule, caps_of(ask).image), ask.rows, patience, {"answer": ANSWERS})
    )


def _levels(ask: Ask, rule: PairRule, most: int) -> Iterator[Units]:
    pool, finder, matcher, strange = ask.pool, finder_of(ask), MatchFinder(ask, rule), DistractorFinder(ask)
    words = np.append(pool.shown_words, np.uint64(0))
    share = float(ask.options.get("none_share", NONE_SHARE))
    for k, anchors, word in turns_of(np.arange(pool.size), pool.words, ask.seed, most):
        match = matcher.find(anchors, word)
        found = strange.let_in(gallery(finder, anchors, match, word, share), match, word)
        columns = {"shown": found.shown, "rank": found.rank, "size": found.size, "place": found.place, "match": match}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        columns |= {"difficulty": hardness(found.rank), "answer": (found.place < 0).astype(np.int64)}
        wrong = np.arange(MOST) != found.place[:, None]
        columns |= margin_columns(ask, anchors, match, found.shown, wrong)
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
        subtask=match_subtasks(pool, units),
        gold=np.where(found.place >= 0, found.place + 2, 0),
        n_options=found.size,
        slots={"candidates": candidate_words(found.size, 2)},
        negatives=after(strategies(pool, units.anchor, found, "same_camera"), 1),
        difficulty=columns["difficulty"] if "shares" in ask.options else None,
        remarks=margin_remarks(columns),
        shortfall=shortfall(ask, units, rule.shortfall, ask.rows, {"answer": ANSWERS}),
    )


QUESTION = Question(
    title="Which candidate is the person of the query?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "distractors", "none_share"),
    default_stage=2,
    examples=(
        Example(
            images=crowd("bob", "cid"),
            rows=1,
            answers=("None",),
            options={"none_share": 1},
        ),
    ),
)
