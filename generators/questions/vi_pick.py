"""VI_PICK: a query in infrared and a gallery in colour, or the other way round. In some 15 % nobody matches."""

import dataclasses

import numpy as np

from generators.galleries import candidate_words
from generators.pairing import PairRule
from generators.searching import Search, search_draft, search_units
from generators.wording import words_at
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

NONE_SHARE = 0.15


def compose(ask: Ask) -> Draft:
    """Rows in both directions, equally many of each; the subtask says which one it is."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        return np.asarray(pool.infrared[anchors] != pool.infrared[candidates])

    def direction(anchors: Ints, match: Ints) -> Ints:
        return pool.infrared[anchors].astype(np.int64)

    rule = PairRule(
        anchors=np.ones(pool.size, dtype=np.bool_),
        matches=matches,
        shortfall="too few persons of this recipe's sources are seen both in colour and in infrared",
    )
    search = Search(rule=rule, none_share=NONE_SHARE, group=direction)
    units = search_units(ask, search)
    draft = search_draft(ask, search, units, units.anchor[:, None], ("query",))
    subtask = words_at(("colour_first", "infrared_first"), pool.infrared[units.anchor].astype(np.int64))
    kind = words_at(("colour", "infrared"), pool.infrared[units.anchor].astype(np.int64))
    others = words_at(("infrared", "colour"), pool.infrared[units.anchor].astype(np.int64))
    slots = {"candidates": candidate_words(units.columns["size"], 2), "kind": kind, "others": others}
    return dataclasses.replace(draft, subtask=subtask, slots=slots)


QUESTION = Question(
    title="Who is it under another light?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "none_share"),
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1"},
                {"person": "ann", "camera": "c3", "modality": "near_infrared"},
                {"person": "bob", "camera": "c3", "modality": "near_infrared"},
                {"person": "cid", "camera": "c3", "modality": "near_infrared"},
            ),
            rows=1,
            answers=("None",),
            options={"none_share": 1},
        ),
    ),
)
