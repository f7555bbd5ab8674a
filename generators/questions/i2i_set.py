"""I2I_SET: which candidates show the person of the query? One, two, three, or none in some 15 % of rows."""

import numpy as np

from generators.galleries import MOST, candidate_words
from generators.lineups import REASON, after, gallery_of, lineup_units
from generators.pairing import subtasks
from generators.quotas import ANSWERS, shortfall
from generators.sets import set_negatives
from schemas.question import Ask, Draft, Example, Question


def compose(ask: Ask) -> Draft:
    """Rows of a query and a gallery of four or six pictures by one camera."""
    units = lineup_units(ask, none_allowed=True)
    columns, found = units.columns, gallery_of(units)
    gold = found.gold
    return Draft(
        images=np.concatenate([units.anchor[:, None], found.shown], axis=1),
        roles=("query", *["gallery"] * MOST),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=subtasks(ask.pool, np.stack([units.anchor, columns["match"]], axis=1)),
        gold=np.where(gold > 0, gold + 1, 0),
        n_options=found.size,
        slots={"candidates": candidate_words(found.size, 2)},
        negatives=after(set_negatives(ask.pool, units.anchor, found, "same_camera"), 1),
        difficulty=columns["difficulty"],
        shortfall=shortfall(ask, units, REASON, ask.rows, {"answer": ANSWERS}),
    )


QUESTION = Question(
    title="Which candidates show the person of the query?",
    answer="set",
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
            answers=("Images 5",),
            options={"shares": {"answer": {"match": 1}}},
        ),
    ),
)
