"""CC_PICK: which candidate is the person of the query in other clothes? In about 15 % of rows none is."""

import dataclasses

from generators.facts import drawn
from generators.galleries import candidate_words
from generators.pairing import match_subtasks
from generators.searching import Search, in_other_clothes, search_draft, search_units
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Question

NONE_SHARE = 0.15


def compose(ask: Ask) -> Draft:
    """Rows of a query and a gallery whose match wears another outfit; strangers are often dressed like the query."""
    pool = ask.pool
    lacking = "too few persons of this recipe's sources are known in more than one outfit"
    rule = in_other_clothes(pool, ~drawn(pool), lacking)
    search = Search(rule=rule, none_share=NONE_SHARE)
    units = search_units(ask, search)
    draft = search_draft(ask, search, units, units.anchor[:, None], ("query",))
    slots = {"candidates": candidate_words(units.columns["size"], 2)}
    return dataclasses.replace(draft, subtask=match_subtasks(pool, units), slots=slots)


QUESTION = Question(
    title="Which candidate is the person in other clothes?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "none_share"),
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
