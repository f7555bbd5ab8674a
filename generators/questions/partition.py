"""PARTITION: sort the pictures into persons, `1, 3 | 2, 4`; there may be one, two or three of them."""

import numpy as np

from generators.groups import group_draft, group_units
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Ints, Question

LAYOUTS = (
    "A0 A1 B0 B1",
    "A0 A0 A1 B1",
    "A0 A0 A1 A1",
    "A0 A0 B0 B0",
    "A0 A0 A1 B0 B1 B1",
    "A0 A0 A1 A1 B0 B1",
    "A0 A1 B0 B1 C0 C1",
)
_REASON = "there are not enough pictures of several persons by the same one or two cameras"


def compose(ask: Ask) -> Draft:
    """Rows of four or six pictures of up to three persons."""
    units = group_units(ask, LAYOUTS)
    return group_draft(ask, units, LAYOUTS, _REASON, _numbered(units.columns["person"]))


def _numbered(person: Ints) -> Ints:
    """The group of every picture, groups counted in order of display; NOBODY where there is no picture."""
    first = np.stack([np.where(person == one, np.arange(person.shape[1]), 99).min(axis=1) for one in range(3)], axis=1)
    number = np.argsort(np.argsort(first, axis=1, kind="stable"), axis=1, kind="stable")
    found = np.take_along_axis(number, np.maximum(person, 0), axis=1)
    return np.asarray(np.where(person >= 0, found, person))


QUESTION = Question(
    title="Sort pictures into persons",
    answer="partition",
    compose=compose,
    options=(*STRANGERS, *MATCHES),
    default_stage=2,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1"},
                {"person": "ann", "camera": "c2"},
                {"person": "bob", "camera": "c1"},
                {"person": "bob", "camera": "c2"},
                {"person": "cid", "camera": "c1"},
                {"person": "cid", "camera": "c2"},
            ),
            rows=1,
            answers=("1, 2 | 3, 4",),
            options={"shares": {"subtask": {"groups_2_2": 1}}},
        ),
    ),
)
