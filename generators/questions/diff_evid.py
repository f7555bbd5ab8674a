"""DIFF_EVID: same person or not, and what speaks for it? The decision comes first, then up to two visible reasons.

A no rests on what is known to differ, a yes on what is known to be shared. Reasons come from the records of both
pictures, so none can be invented, and a reason for the one answer is false under the other.
"""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.facts import Facts, choose, facts_evidence, note
from generators.pairing import PairRule, twin_pairs
from generators.toys import in_tops
from generators.wording import words_at
from schemas.keys import mix
from schemas.question import MATCHES, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

REASONS = 2


def compose(ask: Ask) -> Draft:
    """Twins of a yes with shared facts and a no with differing ones."""
    pool, facts = ask.pool, Facts(ask.pool)

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        same_look = pool.clothes[anchors] == pool.clothes[candidates]
        alike = same_look & (pool.modality[anchors] == pool.modality[candidates])
        return np.asarray(alike & facts.agree(anchors, candidates).any(axis=1))

    def strangers(anchors: Ints, candidates: Ints) -> Flags:
        return np.asarray(facts.differ(anchors, candidates).any(axis=1))

    rule = PairRule(
        anchors=np.asarray((facts.values != 0).any(axis=1)),
        matches=matches,
        strangers=strangers,
        shortfall="too few pairs of which enough is known to give a reason",
    )
    return _with_reasons(ask, facts, twin_pairs(ask, rule))


def _with_reasons(ask: Ask, facts: Facts, draft: Draft) -> Draft:
    one, other = draft.images.T
    same = np.zeros(draft.size, dtype=np.bool_) if draft.gold is None else draft.gold == 1
    word = mix(ask.seed, ask.pool.words[one], ask.pool.words[other], 111)
    allowed = np.where(same[:, None], facts.agree(one, other), facts.differ(one, other))
    chosen = choose(allowed, word, REASONS, REASONS)
    return dataclasses.replace(
        draft,
        reason=_reasons(facts, one, other, chosen, same),
        evidence=facts_evidence(
            facts, one, other, chosen, lambda equal: words_at(("different", "shared"), equal.astype(int))
        ),
    )


def _reasons(facts: Facts, one: Ints, other: Ints, chosen: Ints, same: Flags) -> pa.Array:
    """`Both show a red top.` or `Image 1 shows a red top, Image 2 a blue top.`"""
    first, second = (note(facts.codes(pictures, chosen)) for pictures in (one, other))
    shared = pc.binary_join_element_wise("Both show ", first, ".", "")
    apart = pc.binary_join_element_wise("Image 1 shows ", first, ", Image 2 ", second, ".", "")
    return pc.if_else(pa.array(same), shared, apart)


QUESTION = Question(
    title="Same person or not, with visible reasons",
    answer="yesno",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow"),
    default_stage=2,
    examples=(
        Example(
            images=in_tops({"bob": "green"}),
            rows=2,
            answers=("Yes. Both show a red top.", "No. Image 1 shows a red top, Image 2 a green top."),
        ),
    ),
)
