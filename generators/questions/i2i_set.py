"""I2I_SET: which candidates show the person of the query? One, two, three, or none in some 15 % of rows."""

import numpy as np

from generators.lineups import gallery_of, lineup_draft, lineup_units
from generators.toys import crowd
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Question


def compose(ask: Ask) -> Draft:
    """Rows of a query and a gallery of four or six pictures by one camera."""
    units = lineup_units(ask, none_allowed=True)
    gold = gallery_of(units).gold
    return lineup_draft(ask, units, np.where(gold > 0, gold + 1, 0))


QUESTION = Question(
    title="Which candidates show the person of the query?",
    answer="set",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow"),
    default_stage=2,
    examples=(
        Example(
            images=crowd("bob", "cid", "dan"),
            rows=1,
            answers=("Images 5",),
            options={"shares": {"answer": {"match": 1}}},
        ),
    ),
)
