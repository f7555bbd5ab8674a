"""INSUFF: what cannot be seen is not told: the answer says why, and the same question elsewhere gets its answer.

Rows come in twins. One asks for what is hidden, or for a colour in infrared. The other is either the same question
about a picture that shows it, or an answerable question about the same picture: neither alone gives it away.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Ring, Units, cells_of, content, first_allowed, wording_in_turn
from generators.facts import KEYS, Facts, choose, phrase, topic
from generators.quotas import fill_quota, shortfall
from generators.wording import words_at
from schemas.answers import KINDS
from schemas.keys import Words, mix, seed_of
from schemas.question import HIDDEN, NOBODY, Ask, Draft, Example, Flags, Ints, Question

_COLOURS = ("upper_color_primary", "lower_color_primary", "footwear_color")


def compose(ask: Ask) -> Draft:
    """Twins of a question that cannot be answered and one that can; evenly over the attributes."""
    return _draft(ask, fill_quota(ask, _levels(ask), (ask.rows + 1) // 2))


def _levels(ask: Ask) -> Iterator[Units]:
    facts = Facts(ask.pool)
    asked = [_Unseen(ask, facts, at) for at in range(len(KEYS))]
    for k in range(2 * len(ask.paraphrases)):
        yield Units.join([one.turn(k) for one in asked])


class _Unseen:
    """One attribute: every picture that hides it, with something that can be answered beside it."""

    def __init__(self, ask: Ask, facts: Facts, at: int) -> None:
        pool, key = ask.pool, KEYS[at]
        hidden = (pool.values[key] & HIDDEN) != 0
        self._dark = pool.infrared & (key in _COLOURS)
        self._ask, self._facts, self._at = ask, facts, at
        self._anchors = np.flatnonzero(hidden | self._dark)
        stated = facts.values[:, at] != 0
        self._cells = cells_of(pool.source)
        self._ring = Ring(np.where(stated, self._cells, NOBODY), mix(ask.seed, pool.words, seed_of(key), 111))

    def turn(self, k: int) -> Units:
        """Every anchor's k-th unit: with the same question elsewhere for even k, another question here for odd k."""
        ask, anchors = self._ask, self._anchors
        words = ask.pool.words[anchors]
        word = mix(ask.seed, words, seed_of(KEYS[self._at]), k)
        other, key = self._elsewhere(word) if k % 2 == 0 else self._here(word)
        code = self._facts.codes(np.maximum(other, 0), key[:, None])[:, 0]
        paraphrase = wording_in_turn(ask.paraphrases, words, ask.seed, k)
        columns = {"key": np.full(len(anchors), self._at), "other": other, "other_key": key, "code": code}
        columns |= {"group": columns["key"], "dark": self._dark[anchors].astype(np.int64), "paraphrase": paraphrase}
        shown = [
            content(ask.pool.words[seen], at.astype(np.uint64), paraphrase.astype(np.uint64))
            for seen, at in ((anchors, columns["key"]), (other, key))
        ]
        return Units(anchors, np.full(len(anchors), k), word, columns, tuple(shown)).take((other >= 0) & (code >= 0))

    def _elsewhere(self, word: Words) -> tuple[Ints, Ints]:
        person, anchors = self._ask.pool.person, self._anchors

        def allowed(rows: Ints, members: Ints) -> Flags:
            return np.asarray(person[members] != person[anchors[rows]])

        other = first_allowed(self._ring, self._cells[anchors], mix(word, 112), allowed)
        return other, np.full(len(anchors), self._at)

    def _here(self, word: Words) -> tuple[Ints, Ints]:
        key = choose(self._facts.known(self._anchors), mix(word, 113), 1, 1)[:, 0]
        return np.where(key >= 0, self._anchors, NOBODY), key


def _draft(ask: Ask, units: Units) -> Draft:
    columns, n = units.columns, units.size
    both, told = np.repeat(np.arange(n), 2)[: ask.rows], np.tile([0, 1], n)[: ask.rows]
    taken = {name: column[both] for name, column in columns.items()}
    shown = np.where(told == 1, taken["other"], units.anchor[both])
    key = np.where(told == 1, taken["other_key"], taken["key"])
    answer = pc.if_else(pa.array(told == 1), phrase("say", taken["code"]), _unseen(taken["key"], taken["dark"]))
    reason = "no picture of this recipe's sources is infrared or has a label that says what is hidden"
    return Draft(
        images=shown[:, None],
        roles=("query",),
        k=units.k[both],
        paraphrase=taken["paraphrase"],
        subtask=words_at(KEYS, key),
        answer=answer,
        kinds=np.where(told == 1, KINDS.index("caption"), KINDS.index("insufficient")),
        slots={"ask": topic(key, "ask")},
        shortfall=shortfall(ask, units, reason, (ask.rows + 1) // 2),
    )


def _unseen(key: Ints, dark: Ints) -> pa.Array:
    """`Cannot tell: the hair cannot be seen.`"""
    hidden = pc.binary_join_element_wise("Cannot tell: ", topic(key, "hidden"), ".", "")
    return pc.if_else(pa.array(dark == 1), "Cannot tell: the picture is infrared and shows no colour.", hidden)


QUESTION = Question(
    title="What cannot be seen is not told",
    answer="insufficient",
    compose=compose,
    default_stage=3,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "headwear": "not_visible", "backpack": "no"},
                {"person": "bob", "camera": "c1", "headwear": "cap"},
            ),
            rows=2,
            answers=("Cannot tell: the head cannot be seen.", "The person wears a cap."),
        ),
    ),
)
