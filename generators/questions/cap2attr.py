"""CAP2ATTR: from a description alone to a record, a JSON object of named fields, null for what is not mentioned.

There is no picture. The record is what the text states plainly. Null is only asked for where it is certain: fields that
a rule-made caption cannot mention, because nothing is known of them.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Units, content, patience_for, some_of, turns_of
from generators.described import quoted
from generators.portraits import joined, packed
from generators.quotas import caps_of, fill_quota, shortfall
from generators.sayings import KEYS, Sayings
from schemas.answers import json_field
from schemas.keys import below, mix, seed_of
from schemas.question import NOBODY, Ask, Draft, Example, Ints, Question

FIELDS = (2, 5)
NULLS = 2
WORDS = (5, 110)


def compose(ask: Ask) -> Draft:
    """Rows of a caption and the fields asked of it; every turn asks for other fields."""
    n_words = ask.pool.captions.n_words
    captions = np.flatnonzero((n_words >= WORDS[0]) & (n_words <= WORDS[1]))
    sayings = Sayings(ask.pool)
    levels = _levels(ask, captions, sayings)
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(captions)), sayings)


def _levels(ask: Ask, usable: Ints, sayings: Sayings) -> Iterator[Units]:
    told = ask.pool.captions
    rule = pc.equal(told.table.column("caption_source"), "rule").to_numpy()
    hashes = np.array([seed_of(key) for key in KEYS], dtype=np.uint64)
    for k, captions, word in turns_of(usable, told.words[usable], ask.seed, caps_of(ask).image):
        said = sayings.stated(captions)
        own = told.image[captions]
        unknown = np.stack([ask.pool.values[key][own] == 0 for key in KEYS], axis=1)
        drawn = mix(word[:, None], hashes[None, :], 131)
        nulls = some_of(drawn, unknown & ~said & rule[captions][:, None], below(mix(word, 132), NULLS + 1))
        fields = some_of(drawn, said, FIELDS[0] + below(mix(word, 133), FIELDS[1] - FIELDS[0] + 1)) | nulls
        paraphrase = ask.paraphrases[below(mix(word, 134), len(ask.paraphrases))]
        columns = {"caption": captions, "paraphrase": paraphrase, "fields": fields.astype(np.int64)}
        shown = (content(told.texts[captions], packed(fields), paraphrase.astype(np.uint64)),)
        units = Units(own, np.full(len(own), k), word, columns, shown)
        yield units.take(np.asarray(said.sum(axis=1) >= FIELDS[0]))


def _draft(ask: Ask, units: Units, sayings: Sayings) -> Draft:
    captions = units.columns["caption"]
    fields = units.columns["fields"].astype(np.bool_).reshape(units.size, len(KEYS))
    code = sayings.code(captions)
    names = [pc.if_else(pa.array(fields[:, at]), key, "") for at, key in enumerate(KEYS)]
    told = []
    for at, key in enumerate(KEYS):
        texts = pa.array([json_field(key, record.get(key)) for record in sayings.records], pa.string())
        told.append(pc.if_else(pa.array(fields[:, at]), texts.take(pa.array(code)), ""))
    return Draft(
        images=np.full((units.size, 1), NOBODY, dtype=np.int64),
        roles=("query",),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=pa.repeat(pa.scalar("record", pa.string()), units.size),
        answer=pc.binary_join_element_wise("{", joined(told, ", "), "}", ""),
        asked=packed(fields),
        texts=captions[:, None],
        slots={"fields": joined(names, ", "), "caption": quoted(ask.pool, captions)},
        shortfall=shortfall(ask, units, "too few captions that state two attributes plainly", ask.rows),
    )


QUESTION = Question(
    title="From a description to a record",
    answer="json",
    compose=compose,
    options=("confidence",),
    examples=(
        Example(
            images=({"person": "ann", "camera": "c1", "caption": "A woman who wears a red coat and blue jeans."},),
            rows=1,
            answers=('{"upper_type": "coat", "lower_type": "jeans", "lower_color_primary": "blue"}',),
        ),
    ),
)
