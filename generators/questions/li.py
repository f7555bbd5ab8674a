"""LI: find the person of Image 1 by an instruction that says what has changed: "now with a red jacket and no backpack".

The instruction states facts of the match that differ from the query's, read off the records of both, never off a
caption. The gallery may show strangers that fit the instruction, and the query's person in a look that does not.
"""

import dataclasses

import numpy as np

from generators.facts import Facts, all_of, any_of, choose, facts_evidence, note
from generators.galleries import candidate_words
from generators.pairing import PairRule
from generators.searching import Clue, Clues, Search, other_clothes, search_draft, search_units
from generators.wording import words_at
from schemas.keys import Words, below, mix
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

MOST_FACTS = 2


def compose(ask: Ask) -> Draft:
    """Rows of a query, one or two changes in words, and a gallery; one picture is of the person and fits the words."""
    pool, facts = ask.pool, Facts(ask.pool)

    changed = other_clothes(pool)

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        return np.asarray(changed(anchors, candidates) & facts.differ(anchors, candidates).any(axis=1))

    rule = PairRule(
        anchors=(pool.clothes >= 0) & ~pool.infrared,
        matches=matches,
        hard_name="clothes_twin",
        shortfall="too few persons of this recipe's sources are known in two outfits that differ by their records",
    )
    search = Search(rule=rule, clues=_changes(facts), plain="same_camera")
    units = search_units(ask, search)
    draft = search_draft(ask, search, units, units.anchor[:, None], ("query",))
    codes = units.columns["told"]
    chosen = np.where(codes >= 0, codes >> 32, codes)
    slots = {"candidates": candidate_words(units.columns["size"], 2), "change": note(codes, units.word)}
    lines = facts_evidence(facts, units.anchor, units.columns["match"], chosen, _changed)
    subtask = words_at(("one_change", "two_changes"), (chosen >= 0).sum(axis=1) - 1)
    return dataclasses.replace(draft, subtask=subtask, slots=slots, evidence=lines)


def _changed(same: Flags) -> object:
    return words_at(("different", "same"), same.astype(np.int64))


def _changes(facts: Facts) -> Clues:
    """One or two facts in which the match differs from the query; strangers may fit them, the person must not."""

    def clues(anchors: Ints, match: Ints, word: Words) -> Clue:
        there = np.maximum(match, 0)
        differing = facts.differ(anchors, there) & (match >= 0)[:, None]
        chosen = choose(differing, mix(word, 35), 1 + below(mix(word, 36), MOST_FACTS), MOST_FACTS)

        def fits(rows: Ints, members: Ints) -> Flags:
            return all_of(facts.agree(match[rows], members), chosen[rows])

        def breaks(rows: Ints, members: Ints) -> Flags:
            return any_of(facts.differ(match[rows], members), chosen[rows])

        return Clue(np.asarray(differing.any(axis=1)), {"told": facts.codes(there, chosen)}, fits, breaks)

    return clues


QUESTION = Question(
    title="The person of Image 1, with something changed",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "none_share"),
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "clothes": "one", "upper_color_primary": "red"},
                {"person": "ann", "camera": "c2", "clothes": "two", "upper_color_primary": "green"},
                {"person": "bob", "camera": "c2", "clothes": "one", "upper_color_primary": "green"},
                {"person": "bob", "camera": "c1", "clothes": "one", "upper_color_primary": "green"},
            ),
            rows=1,
            answers=("Image 2",),
        ),
    ),
)
