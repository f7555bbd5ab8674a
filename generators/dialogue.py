"""Dialogues about a line-up: who is left after what a witness said, and the one question that separates them best.

A line-up shows the match and strangers from its camera. A question is only asked where its answer is known of everybody
who is left, and only where no other question separates more pairs of them: it is the one right question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.facts import KEYS, Facts, all_of, choose, each_distinct, topic
from generators.pairing import MatchFinder, PairRule, how, negatives_of
from generators.searching import PreferringFinder
from schemas import answers
from schemas.keys import Words, below, mix
from schemas.question import NOBODY, Ask, Draft, Flags, Ints, Negatives

_SHARED = 2


@dataclass(frozen=True, slots=True)
class LineUp:
    """Pictures in display order and their mined ranks (n, w), and the place of the match; -1 where it is not whole."""

    shown: Ints
    rank: Ints
    place: Ints

    @property
    def whole(self) -> Flags:
        """Which rows have all their pictures."""
        return np.asarray(self.place >= 0)


def line_ups(ask: Ask, facts: Facts, finder: PreferringFinder, match: Ints, word: Words, width: int) -> LineUp:
    """The match among `width` - 1 strangers, some of whom share two facts with it."""
    there = np.maximum(match, 0)
    shared = choose(facts.known(there), mix(word, 91), _SHARED, _SHARED)
    finder.prefers = lambda rows, members: all_of(facts.agree(there[rows], members), shared[rows])
    others = np.full((len(match), width - 1), NOBODY, dtype=np.int64)
    ranks = others.copy()
    for column in range(width - 1):
        found = finder.find(there, match, mix(word, 92, column), others[:, :column])
        others[:, column], ranks[:, column] = found
    place = below(mix(word, 93), width)
    columns = np.broadcast_to(np.arange(width), (len(match), width))
    source = np.clip(columns - (columns > place[:, None]), 0, width - 2)
    here = columns == place[:, None]
    shown = np.where(here, match[:, None], np.take_along_axis(others, source, axis=1))
    rank = np.where(here, NOBODY, np.take_along_axis(ranks, source, axis=1))
    whole = (match >= 0) & (others >= 0).all(axis=1)
    return LineUp(shown, rank, np.where(whole, place, NOBODY))


def same_look(ask: Ask, facts: Facts, least: int, shortfall: str) -> PairRule:
    """Matches in the same outfit and modality with at least so many known facts that agree, and none that differs."""
    pool = ask.pool

    def matches(anchors: Ints, candidates: Ints) -> Flags:
        same = pool.clothes[anchors] == pool.clothes[candidates]
        same &= pool.modality[anchors] == pool.modality[candidates]
        told = facts.agree(anchors, candidates).sum(axis=1) >= least
        return np.asarray(same & told & ~facts.differ(anchors, candidates).any(axis=1))

    known = np.asarray(facts.known(np.arange(pool.size)).sum(axis=1) >= least)
    return PairRule(anchors=known, matches=matches, shortfall=shortfall)


def finders(ask: Ask, rule: PairRule) -> tuple[MatchFinder, PreferringFinder]:
    """What finds matches, and strangers for line-ups."""
    return MatchFinder(ask, rule), PreferringFinder(ask, rule.hard)


def agreeing(facts: Facts, match: Ints, shown: Ints) -> Flags:
    """Which facts of the match each shown picture shares, (rows, w, keys)."""
    return np.stack([facts.agree(match, column) for column in shown.T], axis=1)


def differing(facts: Facts, match: Ints, shown: Ints) -> Flags:
    """Which facts of the match each shown picture clearly lacks, (rows, w, keys)."""
    return np.stack([facts.differ(match, column) for column in shown.T], axis=1)


def best_question(facts: Facts, match: Ints, shown: Ints, left: Flags, barred: Flags) -> Ints:
    """The place in KEYS of the one question that separates most pairs of those who are left.

    NOBODY where no question separates any, where two do so equally well, where the best one is not decided for
    everybody (blue or dark blue?), or fewer than two are left. `left` is (rows, w), `barred` (rows, keys).
    """
    decided = agreeing(facts, match, shown) | differing(facts, match, shown)
    settled = (decided | ~left[:, :, None]).all(axis=1)
    known = np.stack([facts.known(column) for column in shown.T], axis=1)
    open_to_all = (known | ~left[:, :, None]).all(axis=1) & ~barred
    pairs = np.zeros(open_to_all.shape, dtype=np.int64)
    for one in range(shown.shape[1]):
        for other in range(one + 1, shown.shape[1]):
            both = (left[:, one] & left[:, other])[:, None]
            pairs += facts.differ(shown[:, one], shown[:, other]) & both
    pairs = np.where(open_to_all, pairs, 0)
    ordered = np.sort(pairs, axis=1)
    best = np.argmax(pairs, axis=1)
    unique = (ordered[:, -1] > ordered[:, -2]) & np.take_along_axis(settled, best[:, None], axis=1)[:, 0]
    return np.where(unique, best, NOBODY)


def without(places: Ints) -> Flags:
    """Places in KEYS (rows,), NOBODY for none, as flags (rows, keys)."""
    return np.asarray(np.arange(len(KEYS))[None, :] == places[:, None])


def numbers_left(left: Flags) -> Ints:
    """Who is left, as image numbers in ascending order (rows, w), 0 after the last."""
    numbers = np.where(left, np.arange(1, left.shape[1] + 1), left.shape[1] + 1)
    ordered = np.sort(numbers, axis=1)
    return np.where(ordered <= left.shape[1], ordered, 0)


def next_step(asked: Ints) -> pa.Array:
    """`Ask about the backpack next.`; null where there is no next question."""
    return pc.binary_join_element_wise("Ask about ", topic(asked, "noun"), " next.", "")


def spoken_set(left: Flags, asked: Ints) -> pa.Array:
    """`Images 2, 3. Ask about the backpack next.`: who is left, and what to ask."""
    named = each_distinct(numbers_left(left), lambda row: answers.image_set([number for number in row if number]))
    return pc.binary_join_element_wise(named, next_step(asked), ". ", null_handling="skip")


def line_up_negatives(ask: Ask, anchors: Ints, found: LineUp, plain: str) -> Negatives:
    """How each stranger came in."""
    stranger = np.arange(found.shown.shape[1])[None, :] != found.place[:, None]
    named = np.where(stranger, how(found.rank, "embedding_topk", plain), NOBODY)
    return negatives_of(ask.pool, anchors, named, found.rank)


def sentences(opening: pa.Array, said: Sequence[pa.Array]) -> pa.Array:
    """An opening, never null, and the sentences of each row in one line, nulls left out."""
    return pc.binary_join_element_wise(opening, *said, " ", null_handling="skip")


def line_up_draft(ask: Ask, found: LineUp, anchors: Ints, k: Ints, paraphrase: Ints, subtask: str) -> Draft:
    """The draft of line-ups; what is answered is still open."""
    n, width = found.shown.shape
    return Draft(
        images=found.shown,
        roles=("candidate",) * width,
        k=k,
        paraphrase=paraphrase,
        subtask=pa.repeat(pa.scalar(subtask, pa.string()), n),
        n_options=np.full(n, width),
        negatives=line_up_negatives(ask, anchors, found, "same_camera"),
    )
