"""ATTR_MCQ: which of four values does the picture show? The same four options go to four pictures, each right once.

So no option, no place and no combination of options gives the answer away. The four pictures show different persons of
one camera, and no option may pass for another: jeans never stand beside trousers, nor blue beside dark blue.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.attribute_masks import apart, mask_of, near_masks, plain_keys, told_once, words_of
from generators.choosing import Ring, Units, cells_of, content, draws, first_allowed, wording_in_turn
from generators.quotas import fill_quota, shortfall
from generators.wording import coded_words
from schemas.keys import Words, mix, seed_of
from schemas.question import NOBODY, Ask, Draft, Example, Flags, Ints, Question
from schemas.vocabulary import VOCABULARY

OPTIONS = 4
LETTERS = "ABCD"


def compose(ask: Ask) -> Draft:
    """Rows in fours about one set of options; an odd quota cuts the last four short."""
    names = {"subtask": _keys(ask)}
    wanted = -(-ask.rows // OPTIONS)
    units = fill_quota(ask, _levels(ask), wanted, names=names)
    reason = "too few pictures of one camera with four values that cannot be taken for each other"
    return _draft(ask, units, shortfall(ask, units, reason, wanted, names))


def _keys(ask: Ask) -> list[str]:
    return plain_keys(ask.words["ask"])


def _levels(ask: Ask) -> Iterator[Units]:
    asked = [_Asked(ask, at, key) for at, key in enumerate(_keys(ask))]
    for k in range(2 * len(ask.paraphrases)):
        yield Units.join([one.turn(k) for one in asked])


class _Asked:
    """One attribute and the pictures that show one value of it; `other` is never an option."""

    def __init__(self, ask: Ask, at: int, key: str) -> None:
        pool, values = ask.pool, ask.pool.values[key]
        usable = told_once(key, values, pool.infrared)
        if "other" in VOCABULARY[key].values:
            usable &= values != mask_of(key, "other")
        self._ask, self._at, self._key, self._values = ask, at, seed_of(key), values
        self._near = near_masks(key, values)
        self._anchors = np.flatnonzero(usable)
        self._cells = np.where(usable, cells_of(pool.source, pool.modality, pool.camera + 1), NOBODY)
        self._ring = Ring(self._cells, mix(ask.seed, pool.words, self._key, 31))

    def turn(self, k: int) -> Units:
        """Every anchor's k-th set of four pictures, the anchor first."""
        ask, anchors = self._ask, self._anchors
        words = ask.pool.words[anchors]
        word = mix(ask.seed, words, self._key, k)
        shown = self._four(word)
        paraphrase = wording_in_turn(ask.paraphrases, words, mix(ask.seed, self._key)[0], k)
        places = np.argsort(draws(word, OPTIONS, 34), axis=1, kind="stable")
        values = self._values[np.maximum(shown, 0)].astype(np.int64)
        listed = np.take_along_axis(values, places, axis=1)
        which = np.full(len(anchors), self._at, dtype=np.int64)
        columns = {"subtask": which, "group": which, "cell": which << 32 | values[:, 0], "paraphrase": paraphrase}
        columns |= {"shown": shown, "place": np.argsort(places, axis=1, kind="stable"), "options": listed}
        asked = (self._key, *listed.T.astype(np.uint64), paraphrase.astype(np.uint64))
        seen = tuple(content(ask.pool.words[column], *asked) for column in shown.T)
        units = Units(anchors, np.full(len(anchors), k), word, columns, seen, mixed=True)
        return units.take(np.asarray((shown >= 0).all(axis=1)))

    def _four(self, word: Words) -> Ints:
        """The anchors, and beside each three pictures of others whose values are clearly apart; NOBODY where none."""
        person, anchors = self._ask.pool.person, self._anchors
        shown = np.full((len(anchors), OPTIONS), NOBODY, dtype=np.int64)
        shown[:, 0] = anchors
        for column in range(1, OPTIONS):

            def allowed(rows: Ints, members: Ints, before: Ints = shown[:, :column]) -> Flags:
                fine = np.ones(len(rows), dtype=np.bool_)
                for taken in before.T:
                    own = person[taken[rows]]
                    fine &= ((own != person[members]) | (own == NOBODY)) & self._apart(taken[rows], members)
                return fine

            cells = np.where(shown[:, column - 1] >= 0, self._cells[anchors], NOBODY)
            shown[:, column] = first_allowed(self._ring, cells, mix(word, 33, column), allowed)
        return shown

    def _apart(self, one: Ints, other: Ints) -> Flags:
        near, values = self._near, self._values
        return apart(values[one], near[one], values[other], near[other])


def _draft(ask: Ask, units: Units, reason: str) -> Draft:
    each = np.repeat(np.arange(units.size), OPTIONS)[: ask.rows]
    member = np.tile(np.arange(OPTIONS), units.size)[: ask.rows]
    columns = {name: column[each] for name, column in units.columns.items()}
    rows = np.arange(len(each))
    keys, group = _keys(ask), columns["subtask"]
    options = columns["options"].astype(np.uint64)
    return Draft(
        images=columns["shown"][rows, member][:, None],
        roles=("query",),
        k=units.k[each],
        paraphrase=columns["paraphrase"],
        subtask=coded_words(keys, group),
        gold=columns["place"][rows, member] + 1,
        lettered=True,
        n_options=np.full(len(each), OPTIONS),
        asked=mix(*options.T),
        slots={
            "options": _listed(ask, keys, group, columns["options"]),
            **{table: coded_words([ask.words[table][key] for key in keys], group) for table in ("ask", "noun")},
        },
        shortfall=reason,
    )


def _listed(ask: Ask, keys: list[str], group: Ints, options: Ints) -> pa.Array:
    """`A: red. B: dark blue. C: white. D: black.`"""
    said = [_spoken(ask, keys, group, column) for column in options.T]
    parts = [part for letter, words in zip(LETTERS, said, strict=True) for part in (f"{letter}: ", words, ". ")]
    return pc.binary_join_element_wise(*parts[:-1], ".", "") if len(group) else pa.array([], pa.string())


def _spoken(ask: Ask, keys: list[str], group: Ints, mask: Ints) -> pa.Array:
    """The values in words, whichever attribute each row asks about; some have a wording of their own."""
    parts = [pa.array([], pa.string())]
    for at, key in enumerate(keys):
        plain = words_of(key, mask[group == at].astype(np.uint32))
        own = {value.split("/")[1]: text for value, text in ask.words["value"].items() if value.split("/")[0] == key}
        for value, text in own.items():
            plain = pc.if_else(pc.equal(plain, value.replace("_", " ")), text, plain)
        parts.append(plain)
    back = np.argsort(np.argsort(group, kind="stable"), kind="stable")
    return pa.concat_arrays(parts).take(pa.array(back))


QUESTION = Question(
    title="Which of four values does the picture show?",
    answer="pick1",
    compose=compose,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "upper_color_primary": "red"},
                {"person": "bob", "camera": "c1", "upper_color_primary": "green"},
                {"person": "cid", "camera": "c1", "upper_color_primary": "black"},
                {"person": "dan", "camera": "c1", "upper_color_primary": "white"},
            ),
            rows=4,
            answers=("Option A", "Option B", "Option C", "Option D"),
        ),
    ),
)
