"""ATTR_JSON: fill in a record of one picture, a JSON object of three to six named fields, null where hidden.

Only fields are asked that are known of the picture or known to be hidden in it, such as colours in infrared; so null
means that it cannot be seen, never that nobody knows. Keys and values are those of the vocabulary, keys in its order.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.attribute_masks import value_of
from generators.choosing import Units, content, patience_for, some_of, turns_of
from generators.portraits import joined, packed
from generators.quotas import caps_of, fill_quota, shortfall
from schemas.answers import json_field
from schemas.keys import below, mix, seed_of
from schemas.question import HIDDEN, Ask, Draft, Example, Flags, Ints, Question
from schemas.vocabulary import VOCABULARY

FIELDS = (3, 6)
NULL_SHARE = 0.3
# Colours that every person has somewhere, so that they may be asked of any infrared picture.
_EVERYBODYS = ("hair_color", "upper_color_primary", "lower_color_primary", "footwear_color")
_LEFT_OUT = ("modality", "image_quality", "action", "height_relative")
KEYS = tuple(key for key, declared in VOCABULARY.items() if not declared.sensitive and key not in _LEFT_OUT)


def compose(ask: Ask) -> Draft:
    """Rows over (picture, fields); every turn asks a picture for other fields."""
    seen, hidden = _known(ask)
    anchors = np.flatnonzero(seen.sum(axis=1) >= FIELDS[0])
    levels = _levels(ask, anchors, seen, hidden)
    units = fill_quota(ask, levels, ask.rows, patience_for(anchors))
    return _draft(ask, units, hidden)


def _known(ask: Ask) -> tuple[Flags, Flags]:
    """Which keys each picture can answer with a value, and which with null: (images, keys)."""
    pool = ask.pool
    seen, hidden = [], []
    for key in KEYS:
        values = pool.values[key]
        unseen = (values & HIDDEN) != 0
        if key in _EVERYBODYS:
            unseen |= pool.infrared
        blind = pool.infrared & (not VOCABULARY[key].in_infrared)
        seen.append((values != 0) & ~unseen & ~blind)
        hidden.append(unseen)
    return np.stack(seen, axis=1), np.stack(hidden, axis=1)


def _levels(ask: Ask, everybody: Ints, seen: Flags, hidden: Flags) -> Iterator[Units]:
    words = ask.pool.words[everybody]
    keys = np.array([seed_of(key) for key in KEYS], dtype=np.uint64)
    for k, anchors, word in turns_of(everybody, words, ask.seed, caps_of(ask).image):
        count = FIELDS[0] + below(mix(word, 41), FIELDS[1] - FIELDS[0] + 1)
        draws = mix(word[:, None], keys[None, :], 42)
        rare = hidden[anchors] & (mix(word, 43)[:, None] % np.uint64(100) < np.uint64(100 * NULL_SHARE))
        null = some_of(draws, rare, np.ones(len(anchors), dtype=np.int64))
        fields = some_of(draws, seen[anchors], count - null.sum(axis=1)) | null
        paraphrase = ask.paraphrases[below(mix(word, 44), len(ask.paraphrases))]
        asked = packed(fields)
        columns = {"fields": fields.astype(np.int64), "paraphrase": paraphrase}
        shown = (content(ask.pool.words[anchors], asked, paraphrase.astype(np.uint64)),)
        yield Units(anchors, np.full(len(anchors), k), word, columns, shown)


def _draft(ask: Ask, units: Units, hidden: Flags) -> Draft:
    fields = units.columns["fields"].astype(np.bool_).reshape(units.size, len(KEYS))
    names = [pc.if_else(pa.array(fields[:, at]), key, "") for at, key in enumerate(KEYS)]
    told = [_field(ask, units.anchor, key, fields[:, at], hidden[:, at]) for at, key in enumerate(KEYS)]
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=pa.repeat(pa.scalar("record", pa.string()), units.size),
        answer=pc.binary_join_element_wise("{", joined(told, ", "), "}", ""),
        asked=packed(fields),
        slots={"fields": joined(names, ", ")},
        shortfall=shortfall(ask, units, "too few pictures with three known attributes or more", ask.rows),
    )


def _field(ask: Ask, anchors: Ints, key: str, asked: Flags, hidden: Flags) -> pa.Array:
    """`"upper_sleeve": "long"` where the field is asked, "" elsewhere."""
    masks = ask.pool.values[key][anchors]
    distinct, at = np.unique(masks, return_inverse=True)
    told = [json_field(key, value_of(key, int(mask))) for mask in distinct]
    which = np.where(hidden[anchors], len(told), at)
    texts = pa.array([*told, json_field(key, None)], pa.string()).take(pa.array(which))
    return pc.if_else(pa.array(asked), texts, "")


QUESTION = Question(
    title="A record of one picture as JSON",
    answer="json",
    compose=compose,
    examples=(
        Example(
            images=(
                {
                    "person": "ann",
                    "camera": "c1",
                    "upper_color_primary": "dark_blue",
                    "lower_type": "jeans",
                    "backpack": "no",
                },
            ),
            rows=1,
            answers=('{"upper_color_primary": "dark_blue", "lower_type": "jeans", "backpack": "no"}',),
        ),
    ),
)
