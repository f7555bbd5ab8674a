"""ATTR_QA: one open question about one attribute of one picture, answered by a vocabulary value in words.

Attributes are asked equally often (some count double or more, see `weight` in the wording) and, inside one, its values
as evenly as the pictures allow; `other` is never asked for. A small share is about what cannot be seen: colours in
infrared, and what a label says is hidden; the answer is then `not visible`.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from generators.attribute_masks import is_single, mask_of, words_of
from generators.choosing import Units, content
from generators.quotas import fill_quota, shortfall
from generators.wording import coded_words
from schemas.keys import below, mix, seed_of
from schemas.question import HIDDEN, NOBODY, Ask, Draft, Example, Flags, Ints, Masks, Question
from schemas.vocabulary import VOCABULARY

HIDDEN_SHARE = 0.04
# Colours that every person has somewhere, so that they may be asked of any infrared picture.
_EVERYBODYS = ("hair_color", "upper_color_primary", "lower_color_primary", "footwear_color")


def compose(ask: Ask) -> Draft:
    """Rows over (picture, attribute); a picture is asked the same again only in other words."""
    share = float(ask.options.get("hidden_share", HIDDEN_SHARE))
    names = {"subtask": _keys(ask)}
    hidden = fill_quota(ask, _levels(ask, hidden=True), int(ask.rows * share), names=names)
    seen = fill_quota(ask, _levels(ask, hidden=False), ask.rows, names=names, taken=hidden)
    return _draft(ask, Units.join([hidden, seen]))


def _keys(ask: Ask) -> list[str]:
    return [key for key in VOCABULARY if key in ask.words["ask"]]


def _answerable(ask: Ask, key: str, hidden: bool) -> tuple[Flags, Masks]:
    """Which images can be asked about a key, and the mask that answers. Colours of infrared pictures are hidden."""
    values = ask.pool.values[key]
    unseen = (values != 0) & ((values & HIDDEN) != 0)
    if not VOCABULARY[key].in_infrared:
        unseen = (unseen | ask.pool.infrared) if key in _EVERYBODYS else unseen & ~ask.pool.infrared
    if hidden:
        return unseen, np.full(len(values), HIDDEN, dtype=np.uint32)
    told = is_single(values)
    if "other" in VOCABULARY[key].values:
        told &= values != mask_of(key, "other")
    return ~unseen & told, values


def _levels(ask: Ask, hidden: bool) -> Iterator[Units]:
    for k in range(len(ask.paraphrases)):
        yield Units.join([_of_key(ask, at, key, hidden, k) for at, key in enumerate(_keys(ask))])


def _of_key(ask: Ask, at: int, key: str, hidden: bool, k: int) -> Units:
    can, values = _answerable(ask, key, hidden)
    anchors = np.flatnonzero(can)
    words = ask.pool.words[anchors]
    first = below(mix(ask.seed, words, seed_of(key), 8), len(ask.paraphrases))
    paraphrase = ask.paraphrases[(first + k) % len(ask.paraphrases)]
    mask = values[anchors].astype(np.int64)
    which, word = np.full(len(anchors), at, dtype=np.int64), mix(ask.seed, words, seed_of(key), k)
    share = below(mix(word, 9), int(ask.words.get("weight", {}).get(key, "1")))
    columns = {"key": which, "mask": mask, "paraphrase": paraphrase}
    columns |= {"subtask": which, "group": which * 16 + share, "cell": (which * 16 + share << 32) | mask}
    shown = content(words, seed_of(key), paraphrase.astype(np.uint64))
    return Units(anchors, np.full(len(anchors), k), word, columns, (shown,))


def _draft(ask: Ask, units: Units) -> Draft:
    keys, group = _keys(ask), units.columns["key"]
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=coded_words(keys, group),
        answer=_spoken(keys, group, units.columns["mask"]),
        slots={table: coded_words([ask.words[table][key] for key in keys], group) for table in ("ask", "noun")},
        shortfall=shortfall(
            ask, units, "there are not enough pictures with known attributes", ask.rows, {"subtask": keys}
        ),
    )


def _spoken(keys: list[str], group: Ints, mask: Ints) -> pa.Array:
    """The values in words, whichever attribute each row asks about."""
    order = np.argsort(group, kind="stable")
    parts = [pa.array([], pa.string())]
    for at, key in enumerate(keys):
        parts.append(words_of(key, mask[order][group[order] == at].astype(np.uint32)))
    back = np.full(len(order), NOBODY, dtype=np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(parts).take(pa.array(back))


QUESTION = Question(
    title="One attribute of one picture, in open words",
    answer="attr",
    compose=compose,
    options=("hidden_share",),
    examples=(
        Example(
            images=({"person": "ann", "camera": "c1", "upper_color_primary": "dark_blue"},),
            rows=1,
            answers=("dark blue",),
        ),
        Example(
            images=({"person": "ann", "camera": "c1", "headwear": "not_visible"},),
            rows=1,
            answers=("not visible",),
            options={"hidden_share": 1},
        ),
    ),
)
