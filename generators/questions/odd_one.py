"""ODD_ONE: all pictures but one show the same person; which is the other person's?"""

import numpy as np

from generators.groups import group_draft, group_units
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Question

LAYOUTS = ("A0 A0 B0", "A0 A0 A1 B1", "A0 A1 A1 B0", "A0 A0 A0 A1 A1 B1")
_REASON = "there are not enough pictures of one person by one camera, or too few strangers there"


def compose(ask: Ask) -> Draft:
    """Rows of three, four or six pictures, of which one shows somebody else."""
    units = group_units(ask, LAYOUTS)
    odd = np.argmax(units.columns["person"] == 1, axis=1) + 1
    return group_draft(ask, units, LAYOUTS, _REASON, odd)


QUESTION = Question(
    title="Which picture shows another person than the rest?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES),
    default_stage=2,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1"},
                {"person": "ann", "camera": "c1"},
                {"person": "bob", "camera": "c1"},
            ),
            rows=1,
            answers=("Image 1",),
        ),
    ),
)
