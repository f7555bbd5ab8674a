"""RANK_LIST: put the candidates in order by how much of a note they fit: all of it, all but one fact, but two, nothing.

The note states three facts of the match; each other candidate is of another person, and every fact of the note is known
of it and either the same or clearly different. So the order is the only one. Asked for: the whole order, the best two,
or the order with what is wrong with each.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.captions.phrases import listed
from generators.choosing import Units, content, patience_for, turns_of
from generators.facts import KEYS, WORDS, Facts, all_of, choose, each_distinct, facts_evidence, has, note
from generators.galleries import MOST as MOST_SHOWN
from generators.galleries import candidate_words, finder_of
from generators.pairing import MatchFinder, PairRule, how, negatives_of
from generators.quotas import caps_of, fill_quota, shortfall
from generators.searching import content_of
from generators.wording import words_at
from schemas.keys import below, mix
from schemas.question import MATCHES, NOBODY, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

NOTED = 3
FEWEST = 3
MOST = NOTED + 1
SUBTASKS = ("order", "best_two", "with_reasons")


def compose(ask: Ask) -> Draft:
    """Rows of a note and three or four candidates; asked evenly in the three ways."""
    pool, facts = ask.pool, Facts(ask.pool)

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        same_look = pool.clothes[anchors] == pool.clothes[candidates]
        told = facts.agree(anchors, candidates).sum(axis=1) >= NOTED
        return np.asarray(same_look & (pool.modality[anchors] == pool.modality[candidates]) & told)

    rule = PairRule(
        anchors=np.asarray(facts.known(np.arange(pool.size)).sum(axis=1) >= NOTED),
        matches=matches,
        shortfall="too few pictures with three known attributes and others that share one or two of them",
    )
    everybody = np.flatnonzero(rule.anchors)
    levels = _levels(ask, facts, rule, everybody)
    return _draft(ask, facts, rule, fill_quota(ask, levels, ask.rows, patience_for(everybody)))


def _levels(ask: Ask, facts: Facts, rule: PairRule, everybody: Ints) -> Iterator[Units]:
    pool, matcher, finder = ask.pool, MatchFinder(ask, rule), finder_of(ask)
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):
        match = matcher.find(anchors, word)
        there = np.maximum(match, 0)
        agreed = facts.agree(anchors, there) & (match >= 0)[:, None]
        chosen = choose(agreed, mix(word, 81), NOTED, NOTED)
        ranked, ranks = match[:, None], np.full((len(match), 1), NOBODY, dtype=np.int64)
        for fitting in range(NOTED - 1, -1, -1):
            also = _fitting(facts, there, chosen, fitting)
            other, rank = finder.find(anchors, match, mix(word, 82, fitting), ranked[:, 1:], also)
            ranked, ranks = (np.concatenate([a, b[:, None]], axis=1) for a, b in ((ranked, other), (ranks, rank)))
        columns = {"ranked": ranked, "rank": ranks, "told": facts.codes(there, chosen)}
        columns |= {"order": _shuffled(ranked, mix(word[:, None], 83, np.arange(MOST, dtype=np.uint64)[None, :]))}
        columns |= {"group": below(mix(word, 84), len(SUBTASKS))}
        columns |= {"paraphrase": ask.paraphrases[below(mix(word, 8), len(ask.paraphrases))]}
        shown = (content(content_of(columns["told"]), content_of(ranked), content_of(columns["order"])),)
        units = Units(anchors, np.full(len(anchors), k), word, columns, shown)
        yield units.take((match >= 0) & ((ranked >= 0).sum(axis=1) >= FEWEST))


def _fitting(facts: Facts, match: Ints, chosen: Ints, count: int) -> Callable[[Ints, Ints], Flags]:
    """A condition on candidates: every chosen fact is decided, and so many of them are the same."""

    def allowed(rows: Ints, members: Ints) -> Flags:
        same, apart = facts.agree(match[rows], members), facts.differ(match[rows], members)
        decided = all_of(same | apart, chosen[rows])
        return np.asarray(decided & ((same & has(chosen[rows])).sum(axis=1) == count))

    return allowed


def _shuffled(ranked: Ints, draw: "np.ndarray[tuple[int, ...], np.dtype[np.uint64]]") -> Ints:
    """The columns of `ranked` in order of display, those without a picture last."""
    late = np.where(ranked >= 0, draw, np.uint64(np.iinfo(np.uint64).max))
    return np.asarray(np.argsort(late, axis=1, kind="stable"))


def _draft(ask: Ask, facts: Facts, rule: PairRule, units: Units) -> Draft:
    columns = units.columns
    order, ranked, task = columns["order"], columns["ranked"], columns["group"]
    shown = np.take_along_axis(ranked, order, axis=1)
    size = (shown >= 0).sum(axis=1)
    number = np.argsort(order, axis=1, kind="stable") + 1
    gold = _left(np.where(ranked >= 0, number, 0))
    chosen = np.where(columns["told"] >= 0, columns["told"] >> 32, NOBODY)
    reason = _reasons(facts, ranked, number, chosen)
    gold = np.where((task == SUBTASKS.index("best_two"))[:, None] & (np.arange(MOST) >= 2), 0, gold)
    stranger = np.take_along_axis(np.arange(MOST)[None, :] + np.zeros_like(ranked), order, axis=1) > 0
    ranks = np.take_along_axis(columns["rank"], order, axis=1)
    named = np.where(stranger & (shown >= 0), how(ranks, "embedding_topk", "contradicts_note"), NOBODY)
    worst = ranked[np.arange(units.size), (ranked >= 0).sum(axis=1) - 1]
    return Draft(
        images=shown,
        roles=("gallery",) * MOST,
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=words_at(SUBTASKS, task),
        gold=gold,
        n_options=size,
        reason=pc.if_else(pa.array(task == SUBTASKS.index("with_reasons")), reason, pa.scalar(None, pa.string())),
        asked=content_of(columns["told"]),
        slots={
            "candidates": candidate_words(np.minimum(size, MOST_SHOWN), 1),
            "note": note(columns["told"], units.word),
            "task": _tasks(ask, task, units.columns["paraphrase"]),
        },
        evidence=facts_evidence(facts, ranked[:, 0], worst, chosen, _verdict),
        negatives=negatives_of(ask.pool, units.anchor, named, ranks),
        shortfall=shortfall(ask, units, rule.shortfall, ask.rows),
    )


def _left(gold: Ints) -> Ints:
    """Rows of numbers with the zeros moved to the end."""
    order = np.argsort(gold == 0, axis=1, kind="stable")
    return np.asarray(np.take_along_axis(gold, order, axis=1))


def _tasks(ask: Ask, task: Ints, paraphrase: Ints) -> pa.Array:
    """What is asked for, in one of several wordings that go with the paraphrases."""
    tables = [list(ask.words[name].values()) for name in SUBTASKS]
    flat = [text for table in tables for text in table]
    starts = np.cumsum([0, *(len(table) for table in tables)])[:-1]
    sizes = np.array([len(table) for table in tables])
    return words_at(flat, starts[task] + paraphrase % sizes[task])


def _verdict(same: Flags) -> pa.Array:
    return words_at(("contradicted", "supported"), same.astype(np.int64))


def _reasons(facts: Facts, ranked: Ints, number: Ints, chosen: Ints) -> pa.Array:
    """`Image 3 fits; Image 1: not the backpack; …` in the order of the answer."""
    said = []
    for column in range(MOST):
        there = np.maximum(ranked[:, column], 0)
        wrong = facts.differ(np.maximum(ranked[:, 0], 0), there) & has(chosen)
        codes = np.where(wrong, np.arange(len(KEYS)), NOBODY)
        marked = np.concatenate([np.where(ranked[:, column] >= 0, number[:, column], 0)[:, None], codes], axis=1)
        said.append(each_distinct(marked, _remark))
    return pc.binary_join_element_wise(*said, "; ", null_handling="skip")


def _remark(row: list[int]) -> str | None:
    number, *wrong = row
    if not number:
        return None
    if not wrong:
        return f"Image {number} fits"
    return f"Image {number}: wrong in {listed([WORDS['noun'][KEYS[key]] for key in wrong])}"


QUESTION = Question(
    title="The candidates in order by a note",
    answer="rank",
    compose=compose,
    options=(*STRANGERS, *MATCHES),
    default_stage=3,
    examples=(
        Example(
            images=tuple(
                {"person": name, "camera": camera, "upper_color_primary": top, "lower_type": legs, "backpack": bag}
                for name, camera, top, legs, bag in (
                    ("ann", "c1", "red", "shorts", "yes"),
                    ("ann", "c2", "red", "shorts", "yes"),
                    ("bob", "c2", "red", "shorts", "no"),
                    ("cid", "c2", "green", "shorts", "no"),
                    ("dan", "c2", "green", "skirt", "no"),
                )
            ),
            rows=1,
            answers=("3 > 2",),
        ),
    ),
)
