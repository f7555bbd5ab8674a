"""VI_YN: is the person of an infrared picture the one of a colour picture? Either may come first."""

import dataclasses

import numpy as np

from generators.pairing import PairRule, twin_pairs
from generators.wording import words_at
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question


def compose(ask: Ask) -> Draft:
    """Twins of a yes and a no across modalities; the subtask says which picture is the infrared one."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        return np.asarray(pool.infrared[anchors] != pool.infrared[candidates])

    rule = PairRule(
        anchors=np.ones(pool.size, dtype=np.bool_),
        matches=matches,
        shortfall="too few persons of this recipe's sources are seen both in colour and in infrared",
    )
    draft = twin_pairs(ask, rule)
    first = pool.infrared[draft.images[:, 0]].astype(np.int64)
    return dataclasses.replace(draft, subtask=words_at(("colour_first", "infrared_first"), first))


QUESTION = Question(
    title="Is the person in infrared the one in colour?",
    answer="yesno",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow"),
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1"},
                {"person": "ann", "camera": "c3", "modality": "near_infrared"},
                {"person": "bob", "camera": "c3", "modality": "near_infrared"},
            ),
            rows=2,
            answers=("Yes", "No"),
        ),
    ),
)
