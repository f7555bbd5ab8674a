"""DIALOG_NARROW: a witness speaks, the line-up shrinks: name who is left and what to ask next, round by round.

In each round a fact is told that is decided for everybody who is left: the same as said, or clearly different. The
answer of a round names those it leaves and, while several are left, the one question that separates them best; the
witness then answers just that.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Units, content, patience_for, turns_of
from generators.dialogue import (
    LineUp,
    agreeing,
    best_question,
    differing,
    finders,
    line_up_draft,
    line_ups,
    next_step,
    numbers_left,
    same_look,
    spoken_set,
    without,
)
from generators.facts import Facts, choose, phrase
from generators.galleries import candidate_words
from generators.pairing import PairRule
from generators.quotas import caps_of, fill_quota, shortfall
from generators.searching import content_of
from generators.toys import in_tops
from schemas.keys import Words, below, mix
from schemas.question import MATCHES, NOBODY, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

WIDTH = 4
ROUNDS = 3


def compose(ask: Ask) -> Draft:
    """Rows of a line-up and one to three rounds."""
    facts = Facts(ask.pool)
    rule = same_look(ask, facts, 2, "too few line-ups are known well enough to be narrowed down")
    everybody = np.flatnonzero(rule.anchors)
    levels = _levels(ask, facts, rule, everybody)
    return _draft(ask, facts, rule, fill_quota(ask, levels, ask.rows, patience_for(everybody)))


def _levels(ask: Ask, facts: Facts, rule: PairRule, everybody: Ints) -> Iterator[Units]:
    pool, (matcher, finder) = ask.pool, finders(ask, rule)
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):
        match = matcher.find(anchors, word)
        found = line_ups(ask, facts, finder, match, word, WIDTH)
        rows = np.flatnonzero(found.whole)
        told, left, asked = _rounds(facts, match[rows], found.shown[rows], word[rows])
        columns = {"shown": found.shown[rows], "rank": found.rank[rows], "place": found.place[rows]}
        columns |= {"told": told, "left": left, "asked": asked, "match": match[rows]}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word[rows], 8), len(ask.paraphrases))]}
        seen = content(*(pool.words[column] for column in columns["shown"].T), content_of(told))
        units = Units(anchors[rows], np.full(len(rows), k), word[rows], columns, (seen,))
        yield units.take((told[:, 0] >= 0) & _settled(told, left, asked))


def _rounds(facts: Facts, match: Ints, shown: Ints, word: Words) -> tuple[Ints, Ints, Ints]:
    """What is told in each round (rows, rounds), who is left after it (rows, rounds, w), what is asked next."""
    same, apart = agreeing(facts, match, shown), differing(facts, match, shown)
    told = np.full((len(match), ROUNDS), NOBODY, dtype=np.int64)
    asked, left = told.copy(), np.ones((len(match), ROUNDS, WIDTH), dtype=np.int64)
    telling = np.asarray((same | apart).all(axis=1) & apart.any(axis=1))
    now = choose(telling, mix(word, 96), 1, 1)[:, 0]
    wanted = 1 + below(mix(word, 97), ROUNDS)
    still, used = np.ones((len(match), WIDTH), dtype=np.bool_), np.zeros(telling.shape, dtype=np.bool_)
    for turn in range(ROUNDS):
        told[:, turn] = np.where(wanted > turn, now, NOBODY)
        still = still & _kept(same, told[:, turn])
        used = used | without(told[:, turn])
        now = np.where(told[:, turn] >= 0, best_question(facts, match, shown, still, used), NOBODY)
        asked[:, turn], left[:, turn] = now, still
    return told, left, asked


def _settled(told: Ints, left: Ints, asked: Ints) -> Flags:
    """Which rows end with one person left, or with a question to go on with."""
    rows, last = np.arange(len(told)), np.maximum((told >= 0).sum(axis=1) - 1, 0)
    return np.asarray((left[rows, last].sum(axis=1) == 1) | (asked[rows, last] >= 0))


def _kept(same: Flags, told: Ints) -> Flags:
    """Who shares the told fact, (rows, w); everybody where nothing is told."""
    picked = np.take_along_axis(same, np.maximum(told, 0)[:, None, None], axis=2)[:, :, 0]
    return np.asarray(picked | (told < 0)[:, None])


def _draft(ask: Ask, facts: Facts, rule: PairRule, units: Units) -> Draft:
    columns = units.columns
    found = LineUp(columns["shown"], columns["rank"], columns["place"])
    draft = line_up_draft(ask, found, units.anchor, units.k, columns["paraphrase"], "rounds")
    told, left, asked = columns["told"], columns["left"].astype(np.bool_), columns["asked"]
    said = [phrase("say", column) for column in facts.codes(columns["match"], told).T]
    last = (told >= 0).sum(axis=1) - 1
    final = left[np.arange(units.size), last]
    between: list[pa.Array] = []
    for turn in range(1, ROUNDS):
        here = pa.array(told[:, turn] >= 0)
        answered = spoken_set(left[:, turn - 1], asked[:, turn - 1])
        between += [pc.if_else(here, answered, pa.scalar(None, pa.string())), said[turn]]
    return dataclasses.replace(
        draft,
        subtask=pa.array(["one_round", "two_rounds", "three_rounds"]).take(pa.array(last)),
        gold=numbers_left(final),
        reason=next_step(asked[np.arange(units.size), last]),
        between=tuple(between),
        asked=content_of(told),
        slots={"candidates": candidate_words(np.full(units.size, WIDTH), 1), "said": said[0]},
        shortfall=shortfall(ask, units, rule.shortfall, ask.rows),
    )


QUESTION = Question(
    title="Who is left after what was said?",
    answer="set",
    compose=compose,
    options=(*STRANGERS, *MATCHES),
    default_stage=3,
    examples=(
        Example(
            images=in_tops({"bob": "green", "cid": "black", "dan": "purple", "eve": "green"}, {"backpack": "no"}),
            rows=1,
            answers=("Images 4",),
        ),
    ),
)
