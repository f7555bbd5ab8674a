"""CC_YN: is it the same person in other clothes? Strangers are often the ones who are dressed alike."""

import numpy as np

from generators.pairing import twin_pairs
from generators.searching import in_other_clothes
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Question


def compose(ask: Ask) -> Draft:
    """Twins of a yes (same person, another outfit) and a no (another person, half of them clothes twins)."""
    anybody = np.ones(ask.pool.size, dtype=np.bool_)
    lacking = "too few persons of this recipe's sources are known in more than one outfit"
    return twin_pairs(ask, in_other_clothes(ask.pool, anybody, lacking))


QUESTION = Question(
    title="Is it the same person in other clothes?",
    answer="yesno",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow"),
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
