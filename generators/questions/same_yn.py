"""SAME_YN: do two pictures of one source and modality show one person, in one outfit where outfits are known?"""

import numpy as np

from generators.pairing import PairRule, twin_pairs
from generators.toys import crowd
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question


def compose(ask: Ask) -> Draft:
    """Twins of a yes and a no about one anchor, most of them across cameras."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        same_look = pool.clothes[anchors] == pool.clothes[candidates]
        return np.asarray(same_look & (pool.modality[anchors] == pool.modality[candidates]))

    everybody = np.ones(pool.size, dtype=np.bool_)
    reason = "there are not enough different pairs of pictures of one person, or no stranger by the same camera"
    return twin_pairs(ask, PairRule(anchors=everybody, matches=matches, shortfall=reason))


QUESTION = Question(
    title="Do two pictures show one person?",
    answer="yesno",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow"),
    default_stage=2,
    examples=(
        Example(
            images=crowd("bob"),
            rows=2,
            answers=("Yes", "No"),
        ),
    ),
)
