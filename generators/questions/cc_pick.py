"""CC_PICK: which candidate is the person of the query in other clothes? In about 15 % of rows none is."""

import dataclasses

import numpy as np

from generators.facts import drawn
from generators.galleries import candidate_words
from generators.pairing import PairRule, subtasks
from generators.searching import Search, other_clothes, search_draft, search_units
from schemas.question import Ask, Draft, Example, Question

NONE_SHARE = 0.15


def compose(ask: Ask) -> Draft:
    """Rows of a query and a gallery whose match wears another outfit; strangers are often dressed like the query."""
    pool = ask.pool
    rule = PairRule(
        anchors=(pool.clothes >= 0) & ~drawn(pool),
        matches=other_clothes(pool),
        hard_name="clothes_twin",
        shortfall="too few persons of this recipe's sources are known in more than one outfit",
    )
    search = Search(rule=rule, none_share=NONE_SHARE)
    units = search_units(ask, search)
    draft = search_draft(ask, search, units, units.anchor[:, None], ("query",))
    pairs = np.stack([units.anchor, units.columns["match"]], axis=1)
    slots = {"candidates": candidate_words(units.columns["size"], 2)}
    return dataclasses.replace(draft, subtask=subtasks(pool, pairs), slots=slots)


QUESTION = Question(
    title="Which candidate is the person in other clothes?",
    answer="pick1",
    compose=compose,
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "clothes": "red"},
                {"person": "ann", "camera": "c2", "clothes": "blue"},
                {"person": "bob", "camera": "c2", "clothes": "red"},
                {"person": "cid", "camera": "c2", "clothes": "red"},
            ),
            rows=1,
            answers=("None",),
            options={"none_share": 1},
        ),
    ),
)
