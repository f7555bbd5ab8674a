"""I2I_RANK: order the candidates: those who are the person first, then the others, equal ones by their number.

Nothing else about their order is claimed: the distance of an encoder is no truth. The rule for equal ones, which every
prompt states, makes the answer one.
"""

import numpy as np

from generators.galleries import MOST
from generators.lineups import gallery_of, lineup_draft, lineup_units
from generators.sets import SetGallery
from generators.toys import crowd
from schemas.question import MATCHES, NOBODY, STRANGERS, Ask, Draft, Example, Ints, Question


def compose(ask: Ask) -> Draft:
    """Rows of a query and a gallery in which one to three pictures show its person."""
    units = lineup_units(ask, none_allowed=False)
    return lineup_draft(ask, units, _ranked(gallery_of(units)))


def _ranked(found: SetGallery) -> Ints:
    """Image numbers, matches first, each part ascending, 0 after the last; the query is image 1."""
    places = np.broadcast_to(np.arange(MOST), found.shown.shape)
    last = np.where(found.shown == NOBODY, 2, 1 - found.hits)
    order = np.argsort(last * MOST + places, axis=1, kind="stable")
    return np.where(places < found.size[:, None], order + 2, 0)


QUESTION = Question(
    title="Order the candidates by whether they are the person",
    answer="rank",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow"),
    default_stage=2,
    examples=(
        Example(
            images=crowd("bob", "cid", "dan"),
            rows=1,
            answers=("3 > 2 > 4 > 5",),
        ),
    ),
)
