"""REFINE: a description found the wrong people; look at the right person and correct it.

One fact of the description is wrong, with a value that another person of the same camera has. All its facts are such in
which the two differ, and which of them is the right person is drawn: rare values are wrong no more often than frequent
ones. The feedback names the attribute at fault, or only that nobody fitted, or shows the stranger that the wrong words
returned.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Units, content, patience_for, turns_of
from generators.facts import KEYS, WORDS, Facts, choose, codes_evidence, each_distinct, has, note
from generators.galleries import finder_of
from generators.pairing import how, negatives_of
from generators.quotas import caps_of, fill_quota, shortfall
from generators.searching import content_of
from generators.wording import words_at
from schemas.keys import below, mix
from schemas.question import NOBODY, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

FEWEST, MOST = 2, 4
SUBTASKS = ("fault_named", "fault_unnamed", "stranger_shown")


def compose(ask: Ask) -> Draft:
    """Rows of a picture, a description with one wrong fact, and feedback; evenly over the three kinds of it."""
    facts = Facts(ask.pool)
    everybody = np.flatnonzero(facts.known(np.arange(ask.pool.size)).sum(axis=1) >= FEWEST)
    levels = _levels(ask, facts, everybody)
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(everybody)))


def _levels(ask: Ask, facts: Facts, everybody: Ints) -> Iterator[Units]:
    pool, finder = ask.pool, finder_of(ask)
    for k, sought, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):

        def differs(rows: Ints, members: Ints, sought: Ints = sought) -> Flags:
            return np.asarray(facts.differ(sought[rows], members).sum(axis=1) >= FEWEST)

        nobody = np.zeros((len(sought), 0), dtype=np.int64)
        found, rank = finder.find(sought, sought, word, nobody, differs)
        swap = below(mix(word, 105), 2) == 1
        anchors, other = np.where(swap, found, sought), np.where(swap, sought, found)
        most = FEWEST + below(mix(word, 103), MOST - FEWEST + 1)
        chosen = choose(facts.differ(anchors, other) & (found >= 0)[:, None], mix(word, 102), most, MOST)
        wrong = choose(has(chosen), mix(word, 101), 1, 1)
        right = facts.codes(anchors, chosen)
        said = np.where(chosen == wrong, facts.codes(other, chosen), right)
        columns = {"right": right, "said": said, "wrong": wrong[:, 0], "other": other}
        columns |= {"rank": np.where(swap, NOBODY, rank), "group": below(mix(word, 104), len(SUBTASKS))}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        seen = content(pool.words[anchors], content_of(said), columns["group"].astype(np.uint64))
        yield _once(Units(anchors, np.full(len(anchors), k), word, columns, (seen,)).take(found >= 0))


def _once(units: Units) -> Units:
    """The first of those that show the same, so that the kinds of feedback stay as many of each."""
    order = np.argsort(units.word, kind="stable")
    _, first = np.unique(units.contents[0][order], return_index=True)
    return units.take(order[first])


def _draft(ask: Ask, units: Units) -> Draft:
    columns, kind = units.columns, units.columns["group"]
    shown = kind == SUBTASKS.index("stranger_shown")
    images = np.stack([units.anchor, np.where(shown, columns["other"], NOBODY)], axis=1)
    ranks = np.stack([np.full(units.size, NOBODY), np.where(shown, columns["rank"], NOBODY)], axis=1)
    named = np.where(images >= 0, how(ranks, "embedding_topk", "attribute_other"), NOBODY)
    named[:, 0] = NOBODY
    described, corrected = (_described(note(columns[name], units.word)) for name in ("said", "right"))
    reason = "too few pictures have two known attributes in which a stranger from their camera clearly differs"
    return Draft(
        images=images,
        roles=("query", "candidate"),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=words_at(SUBTASKS, kind),
        answer=corrected,
        asked=content_of(columns["said"]),
        slots={"description": described, "feedback": _feedback(ask, kind, columns["wrong"])},
        evidence=codes_evidence(columns["said"], columns["right"], _verdict),
        negatives=negatives_of(ask.pool, units.anchor, named, ranks),
        shortfall=shortfall(ask, units, reason, ask.rows),
    )


def _described(things: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise("A person with ", things, ".", "")


def _feedback(ask: Ask, kind: Ints, wrong: Ints) -> pa.Array:
    """What the search reports, by kind of feedback; `{noun}` names the attribute at fault."""
    codes = np.stack([kind, np.where(kind == 0, wrong, NOBODY)], axis=1)
    return each_distinct(codes, lambda row: _said(ask, row))


def _said(ask: Ask, row: list[int]) -> str:
    noun = WORDS["noun"][KEYS[row[1]]] if len(row) > 1 else ""
    return ask.words["feedback"][SUBTASKS[row[0]]].replace("{noun}", noun)


def _verdict(same: Flags) -> pa.Array:
    return words_at(("contradicted", "supported"), same.astype(np.int64))


QUESTION = Question(
    title="Correct a description that found the wrong people",
    answer="caption",
    compose=compose,
    options=STRANGERS,
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "upper_color_primary": "red", "backpack": "no"},
                {"person": "bob", "camera": "c1", "upper_color_primary": "green", "backpack": "yes"},
            ),
            rows=1,
            answers=("A person with a red top and no backpack.",),
        ),
    ),
)
