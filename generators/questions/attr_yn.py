"""ATTR_YN: is one thing true of the person? The same question goes to a picture where it is and to one where it is not.

So "yes" and "no" are equally frequent for every value of every attribute, not only overall: knowing that few people
wear hats does not help. Sensitive attributes are not asked.
"""

from collections.abc import Iterator

import numpy as np

from generators.attribute_masks import mask_of, near_masks, plain_keys, told_once, value_of
from generators.choosing import Ring, Units, cells_of, content, first_allowed
from generators.pairing import negatives_of
from generators.quotas import fill_quota, shortfall
from generators.wording import coded_words
from schemas.keys import Words, below, mix, seed_of
from schemas.question import NOBODY, STRATEGIES, Ask, Draft, Example, Flags, Ints, Question
from schemas.vocabulary import VOCABULARY, spoken


def compose(ask: Ask) -> Draft:
    """Twins of one question: a yes for the anchor, a no for another person from the same camera."""
    return _draft(ask, fill_quota(ask, _levels(ask), (ask.rows + 1) // 2, names={"subtask": _keys(ask)}))


def _keys(ask: Ask) -> list[str]:
    return plain_keys(ask.words["claim"])


def _levels(ask: Ask) -> Iterator[Units]:
    asked = [_Asked(ask, at, key) for at, key in enumerate(_keys(ask))]
    for k in range(2 * len(ask.paraphrases)):
        yield Units.join([one.turn(k) for one in asked])


class _Asked:
    """One attribute: a yes for every picture with one known value (never "no" or "other"), and a no beside it."""

    def __init__(self, ask: Ask, at: int, key: str) -> None:
        pool, values = ask.pool, ask.pool.values[key]
        usable = told_once(key, values, pool.infrared)
        unasked = [mask_of(key, value) for value in ("no", "other") if value in VOCABULARY[key].values]
        self._ask, self._at, self._key = ask, at, seed_of(key)
        self._values, self._admitted = values, near_masks(key, values)
        self._anchors = np.flatnonzero(usable & ~np.isin(values, unasked))
        self._cells = np.where(usable, cells_of(pool.source, pool.modality, pool.camera + 1), NOBODY)
        self._ring = Ring(self._cells, mix(ask.seed, pool.words, self._key, 31))

    def turn(self, k: int) -> Units:
        """Every anchor's k-th unit; the wording moves on with k."""
        ask, anchors = self._ask, self._anchors
        words = ask.pool.words[anchors]
        word = mix(ask.seed, words, self._key, k)
        other = self._otherwise(word)
        first = below(mix(ask.seed, words, self._key, 8), len(ask.paraphrases))
        paraphrase = ask.paraphrases[(first + k) % len(ask.paraphrases)]
        mask, group = self._values[anchors].astype(np.int64), np.full(len(anchors), self._at, dtype=np.int64)
        columns = {
            "subtask": group,
            "group": group,
            "cell": (group << 32) | mask,
            "mask": mask,
            "paraphrase": paraphrase,
            "other": other,
        }
        asked = (self._key, mask.astype(np.uint64), paraphrase.astype(np.uint64))
        shown = tuple(content(ask.pool.words[seen], *asked) for seen in (anchors, other))
        return Units(anchors, np.full(len(anchors), k), word, columns, shown).take(other >= 0)

    def _otherwise(self, word: Words) -> Ints:
        """A picture of another person, from the anchor's camera, where the anchor's value is clearly not the case.

        Where nobody knows who is who, any picture will do: the question is about the value alone.
        """
        person, anchors = self._ask.pool.person, self._anchors

        def allowed(rows: Ints, members: Ints) -> Flags:
            apart = (self._admitted[anchors[rows]] & self._values[members]) == 0
            own = person[anchors[rows]]
            return np.asarray(apart & ((own != person[members]) | (own == NOBODY)))

        return first_allowed(self._ring, self._cells[anchors], mix(word, 32), allowed)


def _draft(ask: Ask, units: Units) -> Draft:
    both = np.repeat(np.arange(units.size), 2)[: ask.rows]
    gold = np.tile([1, 0], units.size)[: ask.rows]
    keys, group = _keys(ask), units.columns["group"][both]
    cells, at = np.unique(units.columns["cell"], return_inverse=True)
    shown = np.where(gold == 1, units.anchor[both], units.columns["other"][both])[:, None]
    words = {table: [_worded(ask, table, keys, int(cell)) for cell in cells] for table in ("claim", "ask")}
    how = np.where(gold == 0, STRATEGIES.index("attribute_other"), NOBODY)[:, None]
    return Draft(
        images=shown,
        roles=("query",),
        k=units.k[both],
        paraphrase=units.columns["paraphrase"][both],
        subtask=coded_words(keys, group),
        gold=gold,
        n_options=np.full(len(both), 2),
        asked=units.columns["mask"][both].astype(np.uint64),
        slots={table: coded_words(worded, at[both]) for table, worded in words.items()},
        negatives=negatives_of(ask.pool, units.anchor[both], how, np.full_like(how, NOBODY)),
        shortfall=shortfall(
            ask,
            units,
            "too few pictures with known attributes, or all of one camera share the value",
            (ask.rows + 1) // 2,
            {"subtask": keys},
        ),
    )


def _worded(ask: Ask, table: str, keys: list[str], cell: int) -> str:
    """The question or claim about one value: its own wording (`headwear/none`) or the attribute's with the value."""
    key = keys[cell >> 32]
    value = value_of(key, cell & 0xFFFFFFFF)
    value_words = ask.words["value"].get(f"{key}/{value}", spoken(value))
    own = ask.words[f"own_{table}"].get(f"{key}/{value}", ask.words[table][key])
    return own.replace("{value}", value_words)


QUESTION = Question(
    title="Is one thing true of the person?",
    answer="yesno",
    compose=compose,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "backpack": "yes"},
                {"person": "bob", "camera": "c1", "backpack": "no"},
            ),
            rows=2,
            answers=("Yes", "No"),
        ),
    ),
)
