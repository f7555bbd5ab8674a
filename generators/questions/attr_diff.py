"""ATTR_DIFF: what do two pictures share and where do they differ? Only what is clear in both records is compared.

The prompt names what to compare; the answer sorts all of it: `Shared: …; only in Image 1: …; only in Image 2: …`. Two
values that may pass for each other are not asked about. The pictures show different persons of one source and modality,
so that some is shared and some is not.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.attribute_masks import plain_keys, value_of
from generators.choosing import Ring, Units, cells_of, content, first_allowed, patience_for, some_of, turns_of
from generators.evidence import Compared, records_evidence
from generators.portraits import in_words, joined
from generators.quotas import caps_of, fill_quota, shortfall
from generators.wording import words_at
from schemas.keys import below, mix, seed_of
from schemas.question import Ask, Draft, Example, Flags, Ints, Question
from schemas.vocabulary import spoken

SCOPES = ("all", "upper", "lower", "single")
LEAST, MOST = 2, 5
_UPPER = ("upper_color_primary", "upper_type", "upper_sleeve", "upper_pattern")
_LOWER = ("lower_color_primary", "lower_type", "lower_length", "lower_pattern", "footwear_color", "footwear_type")
_NAMES = {"subtask": SCOPES}


def compose(ask: Ask) -> Draft:
    """Rows over (pair, what to compare); one thing at least differs in each."""
    anchors = np.arange(ask.pool.size)
    return _draft(ask, fill_quota(ask, _levels(ask, anchors), ask.rows, patience_for(anchors), _NAMES))


def _keys(ask: Ask) -> list[str]:
    return plain_keys(ask.words["aspect"])


def _levels(ask: Ask, everybody: Ints) -> Iterator[Units]:
    pool, keys, compared = ask.pool, _keys(ask), Compared(ask.pool)
    cells = cells_of(pool.source, pool.modality)
    ring = Ring(cells, mix(ask.seed, pool.words, 71))
    hashes = np.array([seed_of(key) for key in keys], dtype=np.uint64)
    inside = np.stack([_in_scope(keys, scope) for scope in SCOPES])
    for k, anchors, word in turns_of(everybody, pool.words[everybody], ask.seed, caps_of(ask).image):

        def strangers(rows: Ints, members: Ints, own: Ints = anchors) -> Flags:
            return np.asarray(pool.person[own[rows]] != pool.person[members])

        other = first_allowed(ring, cells[anchors], mix(word, 72), strangers)
        second = np.maximum(other, 0)
        shared = np.stack([compared.agrees(key, anchors, second) for key in keys], axis=1)
        apart = np.stack([compared.differs(key, anchors, second) for key in keys], axis=1)
        scope = below(mix(word, 73), len(SCOPES))
        draws = mix(word[:, None], hashes[None, :], 74)
        most = np.where(SCOPES.index("single") == scope, 1, LEAST + below(mix(word, 75), MOST - LEAST + 1))
        allowed = np.where((scope == SCOPES.index("single"))[:, None], apart, shared | apart) & inside[scope]
        fields = some_of(draws, allowed, most)
        good = (other >= 0) & (fields & apart).any(axis=1) & (fields.sum(axis=1) >= np.minimum(most, LEAST))
        paraphrase = ask.paraphrases[below(mix(word, 76), len(ask.paraphrases))]
        columns = {"subtask": scope, "paraphrase": paraphrase, "other": second, "fields": fields.astype(np.int64)}
        asked = [column.astype(np.uint64) for column in (scope, paraphrase, *fields.T)]
        shown = (content(pool.words[anchors], pool.words[second], *asked),)
        yield Units(anchors, np.full(len(anchors), k), word, columns, shown).take(good)


def _in_scope(keys: Sequence[str], scope: str) -> Flags:
    wanted = {"upper": _UPPER, "lower": _LOWER}.get(scope, tuple(keys))
    return np.array([key in wanted for key in keys])


def _draft(ask: Ask, units: Units) -> Draft:
    pool, keys, compared = ask.pool, _keys(ask), Compared(ask.pool)
    one, other = units.anchor, units.columns["other"]
    fields = units.columns["fields"].astype(np.bool_).reshape(units.size, len(keys))
    shared = [fields[:, at] & compared.agrees(key, one, other) for at, key in enumerate(keys)]
    apart = [fields[:, at] & compared.differs(key, one, other) for at, key in enumerate(keys)]
    return Draft(
        images=np.stack([one, other], axis=1),
        roles=("query", "candidate"),
        k=units.k,
        paraphrase=units.columns["paraphrase"],
        subtask=words_at(SCOPES, units.columns["subtask"]),
        answer=_sorted(_said(ask, keys, one, shared), _said(ask, keys, one, apart), _said(ask, keys, other, apart)),
        asked=mix(units.columns["subtask"].astype(np.uint64), *fields.T.astype(np.uint64)),
        slots={"aspects": _aspects(ask, keys, fields)},
        evidence=records_evidence(
            pool,
            one,
            other,
            {key: [(shared[at], "shared"), (apart[at], "different")] for at, key in enumerate(keys)},
        ),
        shortfall=shortfall(ask, units, "too few pairs with attributes known of both", ask.rows, _NAMES),
    )


def _sorted(shared: pa.Array, first: pa.Array, second: pa.Array) -> pa.Array:
    """`Shared: long sleeves; only in Image 1: red top; only in Image 2: blue top`, with `nothing` for no part."""
    parts = []
    for title, text in (("Shared: ", shared), ("only in Image 1: ", first), ("only in Image 2: ", second)):
        parts.append(pc.binary_join_element_wise(title, pc.if_else(pc.equal(text, ""), "nothing", text), ""))
    return pc.binary_join_element_wise(*parts, "; ")


def _said(ask: Ask, keys: Sequence[str], at: Ints, here: list[Flags]) -> pa.Array:
    """What the pictures show of the keys where they are meant: `red top, long sleeves`."""
    texts = []
    for key, flags in zip(keys, here, strict=True):
        masks, back = np.unique(ask.pool.values[key][at], return_inverse=True)
        worded = pa.array([_worded(ask, key, value_of(key, int(mask))) for mask in masks], pa.string())
        texts.append(pc.if_else(pa.array(flags), worded.take(pa.array(back.astype(np.int64))), ""))
    return joined(texts, ", ")


def _worded(ask: Ask, key: str, value: str) -> str:
    return ask.words["value"].get(f"{key}/{value}") or ask.words["phrase"][key].replace("...", spoken(value))


def _aspects(ask: Ask, keys: Sequence[str], fields: Flags) -> pa.Array:
    """What the prompt names: `the colour of the top, the sleeves and the bags`."""
    order = np.argsort(~fields, axis=1, kind="stable")[:, :MOST]
    names = [pc.if_else(pa.array(fields[:, at]), ask.words["aspect"][key], "") for at, key in enumerate(keys)]
    return in_words([pc.choose(pa.array(column), *names) for column in order.T])


QUESTION = Question(
    title="What do two pictures share, and where do they differ?",
    answer="caption",
    compose=compose,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "upper_color_primary": "red", "upper_sleeve": "long"},
                {"person": "bob", "camera": "c2", "upper_color_primary": "green", "upper_sleeve": "long"},
            ),
            rows=2,
            answers=(
                "Shared: long sleeves; only in Image 1: red top; only in Image 2: green top",
                "Shared: long sleeves; only in Image 1: green top; only in Image 2: red top",
            ),
            options={"shares": {"subtask": {"all": 1}}},
        ),
    ),
)
