"""DIALOG_ASK: four people still fit what a witness said; ask the one question that separates them best.

What has been said is true of all four, so it cannot be asked again to any use. The answer is the question about the one
attribute, known of all four, that tells more pairs of them apart than any other.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from generators.choosing import Units, content, patience_for, turns_of
from generators.dialogue import LineUp, agreeing, best_question, finders, line_up_draft, line_ups, same_look, sentences
from generators.facts import Facts, choose, has, phrase, topic
from generators.galleries import candidate_words
from generators.pairing import PairRule
from generators.quotas import caps_of, fill_quota, shortfall
from generators.searching import content_of
from generators.toys import in_tops
from generators.wording import words_at
from schemas.keys import Words, below, mix
from schemas.question import MATCHES, NOBODY, STRANGERS, Ask, Draft, Example, Ints, Question

WIDTH = 4
MOST_SAID = 3


def compose(ask: Ask) -> Draft:
    """Rows of a line-up and what is known; the questions are as many of each attribute as the pictures allow."""
    facts = Facts(ask.pool)
    rule = same_look(ask, facts, 2, "too few line-ups have one question that separates them best")
    everybody = np.flatnonzero(rule.anchors)
    levels = _levels(ask, facts, rule, everybody)
    return _draft(ask, rule, fill_quota(ask, levels, ask.rows, patience_for(everybody)))


def _levels(ask: Ask, facts: Facts, rule: PairRule, everybody: Ints) -> Iterator[Units]:
    pool, (matcher, finder) = ask.pool, finders(ask, rule)
    words = np.append(pool.words, np.uint64(0))
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):
        match = matcher.find(anchors, word)
        found = line_ups(ask, facts, finder, match, word, WIDTH)
        asked, said = _question(facts, match, found, word)
        columns = {"shown": found.shown, "rank": found.rank, "place": found.place, "asked": asked}
        columns |= {"told": facts.codes(np.maximum(match, 0), said), "group": np.maximum(asked, 0)}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        seen = content(*(words[column] for column in found.shown.T), content_of(columns["told"]))
        yield Units(anchors, np.full(len(anchors), k), word, columns, (seen,)).take(asked >= 0)


def _question(facts: Facts, match: Ints, found: LineUp, word: Words) -> tuple[Ints, Ints]:
    """What to ask (a place in KEYS, NOBODY where nothing is best), and what has been said: facts that all share."""
    there, shown = np.maximum(match, 0), np.maximum(found.shown, 0)
    shared = np.asarray(agreeing(facts, there, shown).all(axis=1))
    said = choose(shared, mix(word, 94), below(mix(word, 95), MOST_SAID + 1), MOST_SAID)
    everyone = np.ones(shown.shape, dtype=np.bool_)
    asked = best_question(facts, there, shown, everyone, has(said))
    return np.where(found.whole, asked, NOBODY), said


def _draft(ask: Ask, rule: PairRule, units: Units) -> Draft:
    columns = units.columns
    found = LineUp(columns["shown"], columns["rank"], columns["place"])
    draft = line_up_draft(ask, found, units.anchor, units.k, columns["paraphrase"], "best_question")
    slots = {"candidates": candidate_words(np.full(units.size, WIDTH), 1), "known": _known(columns["told"])}
    return dataclasses.replace(
        draft,
        answer=topic(columns["asked"], "ask"),
        asked=content_of(columns["told"]),
        slots=slots,
        shortfall=shortfall(ask, units, rule.shortfall, ask.rows),
    )


def _known(told: Ints) -> pa.Array:
    """What the witness has said so far."""
    opening = words_at(("Said so far:", "Nothing has been said yet."), (told == NOBODY).all(axis=1).astype(np.int64))
    return sentences(opening, [phrase("say", column) for column in told.T])


QUESTION = Question(
    title="Ask what separates the candidates",
    answer="question",
    compose=compose,
    options=(*STRANGERS, *MATCHES),
    default_stage=3,
    examples=(
        Example(
            images=in_tops({"bob": "green", "cid": "black", "dan": "purple"}, {"backpack": "no"}),
            rows=1,
            answers=("What colour is the top?",),
        ),
    ),
)
