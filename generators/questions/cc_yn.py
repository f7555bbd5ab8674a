"""CC_YN: is it the same person in other clothes? Strangers are often the ones who are dressed alike."""

import numpy as np

from generators.pairing import PairRule, twin_pairs
from schemas.question import Ask, Draft, Example, Flags, Ints, Question


def compose(ask: Ask) -> Draft:
    """Twins of a yes (same person, another outfit) and a no (another person, half of them clothes twins)."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        changed = (pool.clothes[candidates] >= 0) & (pool.clothes[anchors] != pool.clothes[candidates])
        return np.asarray(changed & (pool.modality[anchors] == pool.modality[candidates]))

    rule = PairRule(
        anchors=pool.clothes >= 0,
        matches=matches,
        hard_name="clothes_twin",
        shortfall="too few persons of this recipe's sources are known in more than one outfit",
    )
    return twin_pairs(ask, rule)


QUESTION = Question(
    title="Is it the same person in other clothes?",
    answer="yesno",
    compose=compose,
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "clothes": "red"},
                {"person": "ann", "camera": "c2", "clothes": "blue"},
                {"person": "bob", "camera": "c2", "clothes": "red"},
            ),
            rows=2,
            answers=("Yes", "No"),
        ),
    ),
)
