"""I2I_RANK: order the candidates: those who are the person first, then the others, equal ones by their number.

Nothing else about their order is claimed: the distance of an encoder is no truth. The rule for equal ones, which every
prompt states, makes the answer one.
"""

import numpy as np

from generators.galleries import MOST, candidate_words
from generators.lineups import REASON, after, gallery_of, lineup_units
from generators.pairing import subtasks
from generators.quotas import ANSWERS, shortfall
from generators.sets import SetGallery, set_negatives
from schemas.question import NOBODY, Ask, Draft, Example, Ints, Question


def compose(ask: Ask) -> Draft:
    """Rows of a query and a gallery in which one to three pictures show its person."""
    units = lineup_units(ask, none_allowed=False)
    columns, found = units.columns, gallery_of(units)
    return Draft(
        images=np.concatenate([units.anchor[:, None], found.shown], axis=1),
        roles=("query", *["gallery"] * MOST),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=subtasks(ask.pool, np.stack([units.anchor, columns["match"]], axis=1)),
        gold=_ranked(found),
        n_options=found.size,
        slots={"candidates": candidate_words(found.size, 2)},
        negatives=after(set_negatives(ask.pool, units.anchor, found, "same_camera"), 1),
        difficulty=columns["difficulty"],
        shortfall=shortfall(ask, units, REASON, ask.rows, {"answer": ANSWERS}),
    )


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
    default_stage=2,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1"},
                {"person": "ann", "camera": "c2"},
                {"person": "bob", "camera": "c2"},
                {"person": "cid", "camera": "c2"},
                {"person": "dan", "camera": "c2"},
            ),
            rows=1,
            answers=("3 > 2 > 4 > 5",),
        ),
    ),
)
