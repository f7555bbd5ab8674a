"""COT_EVID: same person or not, with the reasons first: a comparison part by part, then the answer.

Every line of the reasoning is read off the records of the two pictures. A yes is only asked where nothing known differs
and two parts agree at least; a no only where a part clearly differs: the reasoning decides, and would not fit the other
answer. Background, camera and time are never named.
"""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.facts import KEYS, WORDS, Facts, choose, each_distinct, facts_evidence, value_words
from generators.pairing import PairRule, twin_pairs
from generators.toys import in_tops
from generators.wording import words_at
from schemas.keys import mix
from schemas.question import MATCHES, NOBODY, STRANGERS, Ask, Draft, Example, Flags, Ints, Question

FEWEST_AGREED = 2
MOST_AGREED, MOST_DIFFERENT = 3, 2
MOST = MOST_AGREED + MOST_DIFFERENT
_COUNTED = {"yes": "one", "no": "none"}
"""How a line says that a bag is there or not."""
_CLOSING = ("Something clearly differs.", "Everything that can be compared agrees.")


def compose(ask: Ask) -> Draft:
    """Twins of a yes and a no about one anchor, both reasoned."""
    pool, facts = ask.pool, Facts(ask.pool)

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        same_look = pool.clothes[anchors] == pool.clothes[candidates]
        alike = facts.agree(anchors, candidates).sum(axis=1) >= FEWEST_AGREED
        clash = facts.differ(anchors, candidates).any(axis=1)
        return np.asarray(same_look & (pool.modality[anchors] == pool.modality[candidates]) & alike & ~clash)

    def strangers(anchors: Ints, candidates: Ints) -> Flags:
        return np.asarray(facts.differ(anchors, candidates).any(axis=1))

    rule = PairRule(
        anchors=np.ones(pool.size, dtype=np.bool_),
        matches=matches,
        strangers=strangers,
        shortfall="too few pictures have two known attributes that agree with another picture of the person",
    )
    return _reasoned(ask, facts, twin_pairs(ask, rule))


def _reasoned(ask: Ask, facts: Facts, draft: Draft) -> Draft:
    one, other = draft.images[:, 0], draft.images[:, 1]
    word = mix(ask.seed, ask.pool.words[one], ask.pool.words[other], 61)
    apart = choose(facts.differ(one, other), word, MOST_DIFFERENT, MOST_DIFFERENT)
    alike = choose(facts.agree(one, other), mix(word, 62), MOST_AGREED, MOST_AGREED)
    places = np.where((both := np.concatenate([apart, alike], axis=1)) >= 0, both, len(KEYS))
    chosen = np.sort(places, axis=1)
    chosen = np.where(chosen < len(KEYS), chosen, NOBODY)
    return dataclasses.replace(
        draft,
        thought=_thought(facts, one, other, chosen, _flag(draft.gold)),
        evidence=facts_evidence(facts, one, other, chosen, _verdict),
    )


def _flag(gold: Ints | None) -> Ints:
    return np.zeros(0, dtype=np.int64) if gold is None else gold.astype(np.int64)


def _verdict(same: Flags) -> pa.Array:
    return words_at(("different", "same"), same.astype(np.int64))


def _thought(facts: Facts, one: Ints, other: Ints, chosen: Ints, gold: Ints) -> pa.Array:
    """The lines of each row, `Top, colour: red and red, the same.`, and a closing line."""
    codes = [facts.codes(pictures, chosen) for pictures in (one, other)]
    pairs = [np.stack([first, second], axis=1) for first, second in zip(codes[0].T, codes[1].T, strict=True)]
    lines = [each_distinct(pair, _line) for pair in pairs]
    return pc.binary_join_element_wise(*lines, words_at(_CLOSING, gold), "\n", null_handling="skip")


def _line(pair: list[int]) -> str | None:
    if not pair:
        return None
    one, other = pair
    verdict = "the same" if one == other else "different"
    first, second = (_COUNTED.get(words, words) for words in map(value_words, pair))
    return f"{WORDS['part'][KEYS[one >> 32]]}: {first} and {second}, {verdict}."


QUESTION = Question(
    title="Same person? Reasons first",
    answer="yesno",
    compose=compose,
    options=(*STRANGERS, *MATCHES, "narrow"),
    default_stage=3,
    examples=(
        Example(
            images=in_tops({"bob": "green"}, {"lower_type": "shorts"}),
            rows=2,
            answers=(
                "<think>\nTop, colour: red and red, the same.\nLower garment, kind: shorts and shorts, the same.\n"
                "Everything that can be compared agrees.\n</think>\n\nYes",
                "<think>\nTop, colour: red and green, different.\nLower garment, kind: shorts and shorts, the same.\n"
                "Something clearly differs.\n</think>\n\nNo",
            ),
        ),
    ),
)
