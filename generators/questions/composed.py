"""COMPOSED: a picture that says who and a note that says what is worn, because the picture cannot or no longer does.

The picture is infrared, a sketch, or shows another outfit; the note states facts of the match from its record. In the
gallery strangers may fit the note, and the person may be shown in a look that the note rules out: it takes both clues.
"""

import dataclasses

import numpy as np
import pyarrow as pa

from generators.facts import Facts, all_of, any_of, choose, drawn, facts_evidence, note
from generators.galleries import candidate_words
from generators.pairing import PairRule
from generators.searching import Clue, Clues, Search, search_draft, search_units
from generators.wording import words_at
from schemas.keys import Words, below, mix
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

FEWEST, MOST = 1, 3
SUBTASKS = ("other_outfit", "infrared", "sketch")


def compose(ask: Ask) -> Draft:
    """Rows of a query, a note and a gallery in colour, evenly over the kinds of query that there are."""
    pool, facts = ask.pool, Facts(ask.pool)
    kind = _kinds(ask)

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        dressed = (pool.clothes[anchors] >= 0) & (pool.clothes[candidates] >= 0)
        changed = dressed & (pool.clothes[anchors] != pool.clothes[candidates])
        told = facts.known(candidates).sum(axis=1) >= FEWEST
        return np.asarray((kind[candidates] == 0) & told & (changed | (kind[anchors] > 0)))

    def query(anchors: Ints, match: Ints) -> Ints:
        return np.asarray(kind[anchors])

    rule = PairRule(
        anchors=np.ones(pool.size, dtype=np.bool_),
        matches=matches,
        hard_name="clothes_twin",
        shortfall="too few persons of this recipe's sources have a known picture in colour beside an infrared one, a "
        "sketch or another outfit",
    )
    search = Search(rule=rule, clues=_notes(facts), group=query)
    units = search_units(ask, search)
    draft = search_draft(ask, search, units, units.anchor[:, None], ("query",))
    codes = units.columns["told"]
    lines = facts_evidence(
        facts, units.columns["match"], units.columns["match"], np.where(codes >= 0, codes >> 32, -1), _fits
    )
    slots = {"candidates": candidate_words(units.columns["size"], 2), "note": note(codes, units.word)}
    slots["picture"] = words_at(("shows another outfit", "is infrared", "is a sketch"), kind[units.anchor])
    subtask = words_at(SUBTASKS, kind[units.anchor])
    return dataclasses.replace(draft, subtask=subtask, slots=slots, evidence=lines)


def _fits(same: Flags) -> pa.Array:
    return words_at(("contradicted", "supported"), same.astype(np.int64))


def _kinds(ask: Ask) -> Ints:
    """What each picture is as a query: a place in SUBTASKS."""
    return np.asarray(np.select([ask.pool.infrared, drawn(ask.pool)], [1, 2], 0), dtype=np.int64)


def _notes(facts: Facts) -> Clues:
    """One to three facts of the match; strangers may fit them all, the query's person elsewhere breaks one."""

    def clues(anchors: Ints, match: Ints, word: Words) -> Clue:
        there = np.maximum(match, 0)
        known = facts.known(there) & (match >= 0)[:, None]
        chosen = choose(known, mix(word, 35), FEWEST + below(mix(word, 36), MOST - FEWEST + 1), MOST)

        def fits(rows: Ints, members: Ints) -> Flags:
            return all_of(facts.agree(match[rows], members), chosen[rows])

        def breaks(rows: Ints, members: Ints) -> Flags:
            return any_of(facts.differ(match[rows], members), chosen[rows])

        return Clue(np.asarray(known.sum(axis=1) >= FEWEST), {"told": facts.codes(there, chosen)}, fits, breaks)

    return clues


QUESTION = Question(
    title="A picture and a note together",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "none_share"),
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c3", "modality": "near_infrared"},
                {"person": "ann", "camera": "c1", "upper_color_primary": "green", "lower_type": "shorts"},
                {"person": "bob", "camera": "c1", "upper_color_primary": "green", "lower_type": "shorts"},
            ),
            rows=1,
            answers=("Image 3",),
        ),
    ),
)
