"""CTCC_PICK: find the person of Image 1 in the clothes that Image 2 shows. Image 2 is cut from another picture.

The template shows an outfit without the head, cut from a picture of that outfit which is neither the match nor a
near-duplicate of it, from another camera than the match where there is one. The gallery may show the person in other
clothes too.
"""

import dataclasses

import numpy as np

from generators.choosing import Ring, cells_of, first_allowed
from generators.facts import drawn
from generators.galleries import candidate_words
from generators.pairing import camera_or_none, match_subtasks
from generators.pool import nearly_same
from generators.searching import Clue, Clues, Search, in_other_clothes, search_draft, search_units
from schemas.keys import Words, mix
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question, Region

CLOTHES = Region(x=0.0, y=0.18, w=1.0, h=0.67)
"""From below the chin to the shins of an upright person crop."""


def compose(ask: Ask) -> Draft:
    """Rows of a query, a clothes template and a gallery; the match is the query's person in the template's outfit."""
    pool = ask.pool
    lacking = "too few persons of this recipe's sources are known in two outfits with two pictures of the second"
    rule = in_other_clothes(pool, ~pool.infrared & ~drawn(pool), lacking)
    search = Search(rule=rule, clues=_templates(ask))
    units = search_units(ask, search)
    beside = np.stack([units.anchor, units.columns["told_template"]], axis=1)
    draft = search_draft(ask, search, units, beside, ("query", "clothes_template"))
    slots = {"candidates": candidate_words(units.columns["size"], 3)}
    return dataclasses.replace(draft, subtask=match_subtasks(pool, units), slots=slots, regions={1: CLOTHES})


def _templates(ask: Ask) -> Clues:
    """Another picture of the match's outfit, and whom it rules out: the same person known in other clothes."""
    pool, camera = ask.pool, camera_or_none(ask.pool)
    cells = cells_of(pool.source, pool.person, pool.clothes, pool.modality)
    ring = Ring(cells, mix(ask.seed, pool.words, 33))

    def clues(anchors: Ints, match: Ints, word: Words) -> Clue:
        wanted = np.where(match >= 0, cells[match], match)

        def elsewhere(rows: Ints, members: Ints) -> Flags:
            return np.asarray(other(rows, members) & (camera[members] != camera[match[rows]]))

        def other(rows: Ints, members: Ints) -> Flags:
            return ~nearly_same(pool, members, match[rows])

        far, near = (first_allowed(ring, wanted, mix(word, 34), allowed) for allowed in (elsewhere, other))
        template = np.where(far >= 0, far, near)

        def breaks(rows: Ints, members: Ints) -> Flags:
            known = pool.clothes[members] >= 0
            return np.asarray(known & (pool.clothes[members] != pool.clothes[match[rows]]))

        return Clue(template >= 0, {"told_template": template}, None, breaks)

    return clues


QUESTION = Question(
    title="Who is it in these clothes?",
    answer="pick1",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow", "none_share"),
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "clothes": "red"},
                {"person": "ann", "camera": "c2", "clothes": "blue"},
                {"person": "ann", "camera": "c3", "clothes": "blue"},
                {"person": "bob", "camera": "c2", "clothes": "red"},
                {"person": "bob", "camera": "c3", "clothes": "red"},
            ),
            rows=1,
            answers=("Image 4",),
        ),
    ),
)
