"""CAP_FIX: a description with one wrong part. Which is it, how should it read, or which claims are supported?

The wrong part is what another person of the same camera shows there, and is known to be otherwise in the picture; in a
share of rows nothing is wrong. So neither the words nor their likelihood in that place tell which part it is.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.choosing import Ring, Units, cells_of, content, draws, first_allowed, patience_for, some_of, turns_of
from generators.evidence import KEYS, Compared, records_evidence
from generators.portraits import PARTS, Portraits, in_words, joined, own_keys_of
from generators.quotas import caps_of, fill_quota, shortfall
from generators.toys import DRESSED
from generators.wording import words_at
from schemas.keys import Words, below, mix, uniform
from schemas.question import NOBODY, Ask, Draft, Evidence, Example, Flags, Ints, Pool, Question

TASKS = ("find", "correct", "rate")
LEAST, MOST = 3, 5
RIGHT_SHARE = 0.2
_NAMES = {"subtask": TASKS, "answer": ("wrong", "right")}


def compose(ask: Ask) -> Draft:
    """Rows over (picture, parts named, wrong part); every turn of a picture names other parts."""
    portraits = Portraits(ask.pool)
    known = portraits.known_parts()
    anchors = np.flatnonzero(known.sum(axis=1) >= LEAST)
    codes = np.stack([portraits.code(part) for part in PARTS], axis=1)
    levels = _levels(ask, anchors, known, codes)
    return _draft(ask, fill_quota(ask, levels, ask.rows, patience_for(anchors), _NAMES), portraits)


def _levels(ask: Ask, everybody: Ints, known: Flags, codes: Ints) -> Iterator[Units]:
    swaps = _Swaps(ask.pool, known, ask.seed)
    share = float(ask.options.get("right_share", RIGHT_SHARE))
    for k, anchors, word in turns_of(everybody, ask.pool.words[everybody], ask.seed, caps_of(ask).image):
        drawn = draws(word, len(PARTS), 61)
        named = some_of(drawn, known[anchors], LEAST + below(mix(word, 62), MOST - LEAST + 1))
        wrong = np.argmin(np.where(named, mix(drawn, 63), np.iinfo(np.uint64).max), axis=1)
        right = uniform(mix(word, 64)) < share
        other = np.where(right, anchors, swaps.find(anchors, wrong, word))
        task, paraphrase = below(mix(word, 66), len(TASKS)), ask.paraphrases[below(mix(word, 67), len(ask.paraphrases))]
        columns = {"subtask": task, "paraphrase": paraphrase, "named": named.astype(np.int64), "wrong": wrong}
        columns |= {"other": other, "answer": right.astype(np.int64), "frame": below(mix(word, 68), 3)}
        asked = [column.astype(np.uint64) for column in (task, paraphrase, columns["frame"], *named.T)]
        claimed = codes[np.maximum(other, 0), wrong]
        said = np.where(right, 0, claimed + 1).astype(np.uint64)
        where = np.where(right, 0, wrong + 1).astype(np.uint64)
        shown = (content(ask.pool.words[anchors], said, where, *asked),)
        yield Units(anchors, np.full(len(anchors), k), word, columns, shown).take(other >= 0)


class _Swaps:
    """Finds other persons of an anchor's camera of whom a part is clearly not the same."""

    def __init__(self, pool: Pool, known: Flags, seed: np.uint64) -> None:
        self._pool, self._compared = pool, Compared(pool)
        cells = cells_of(pool.source, pool.modality, pool.camera + 1)
        self._cells = [np.where(known[:, at], cells, NOBODY) for at in range(len(PARTS))]
        self._rings = [Ring(cells, mix(seed, pool.words, at, 65)) for at, cells in enumerate(self._cells)]

    def find(self, anchors: Ints, part: Ints, word: Words) -> Ints:
        """A picture per anchor whose `part` contradicts the anchor's; NOBODY where there is none."""
        found = np.full(len(anchors), NOBODY, dtype=np.int64)
        for at, name in enumerate(PARTS):
            rows = np.flatnonzero(part == at)

            def allowed(chosen: Ints, members: Ints, own: Ints = anchors[rows], name: str = name) -> Flags:
                apart = np.asarray(self._pool.person[own[chosen]] != self._pool.person[members])
                return apart & contradicts(self._compared, name, own[chosen], members)

            found[rows] = first_allowed(self._rings[at], self._cells[at][anchors[rows]], mix(word[rows], 65), allowed)
        return found


def contradicts(compared: Compared, part: str, one: Ints, other: Ints) -> Flags:
    """Whether what is known of a part differs clearly in at least one attribute."""
    keys = [key for key in own_keys_of(part) if key in KEYS]
    return np.asarray(np.any([compared.differs(key, one, other) for key in keys], axis=0))


def _draft(ask: Ask, units: Units, portraits: Portraits) -> Draft:
    columns = units.columns
    named = columns["named"].astype(np.bool_).reshape(units.size, len(PARTS))
    shown = [np.where(columns["wrong"] == at, columns["other"], units.anchor) for at in range(len(PARTS))]
    told = [_where(named[:, at], portraits.said(part, shown[at])) for at, part in enumerate(PARTS)]
    truth = [_where(named[:, at], portraits.said(part, units.anchor)) for at, part in enumerate(PARTS)]
    right, wrong = pa.array(columns["answer"] == 1), columns["wrong"]
    verdicts = [_verdict(text, pc.and_(pa.array(wrong == at), pc.invert(right))) for at, text in enumerate(told)]
    answers = [
        pc.if_else(right, "Nothing is wrong.", pc.choose(pa.array(wrong), *told)),
        _sentence(ask, columns["frame"], truth),
        joined(verdicts, "; "),
    ]
    return Draft(
        images=units.anchor[:, None],
        roles=("query",),
        k=units.k,
        paraphrase=columns["paraphrase"],
        subtask=words_at(TASKS, columns["subtask"]),
        answer=pc.choose(pa.array(columns["subtask"]), *answers),
        asked=mix(ask.pool.words[columns["other"]], *named.T.astype(np.uint64), wrong.astype(np.uint64)),
        slots={
            "caption": _sentence(ask, columns["frame"], told),
            "task": words_at([ask.words["task"][task] for task in TASKS], columns["subtask"]),
        },
        evidence=_evidence(ask.pool, units),
        shortfall=shortfall(
            ask, units, "too few pictures of which three parts are known and one can be told wrong", ask.rows, _NAMES
        ),
    )


def _where(flags: Flags, texts: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(flags), texts, "")


def _sentence(ask: Ask, frame: Ints, parts: list[pa.Array]) -> pa.Array:
    """The named parts in one sentence; the frames are short, so that the parts carry it."""
    kept = np.stack([pc.not_equal(part, "").to_numpy(zero_copy_only=False) for part in parts], axis=1)
    order = np.argsort(~kept, axis=1, kind="stable")[:, :MOST]
    frames = [ask.words["frame"][name].split("...", 1) for name in sorted(ask.words["frame"])]
    before, after = (words_at([one[side] for one in frames], frame) for side in (0, 1))
    listed = in_words([pc.choose(pa.array(column), *parts) for column in order.T])
    return pc.binary_join_element_wise(before, listed, after, "")


def _verdict(text: pa.Array, wrong: pa.Array) -> pa.Array:
    verdict = pc.if_else(wrong, ": contradicted", ": supported")
    return pc.if_else(pc.equal(text, ""), "", pc.binary_join_element_wise(text, verdict, ""))


def _evidence(pool: Pool, units: Units) -> Evidence:
    """Which attributes of the wrong part are claimed otherwise than seen: value_a is claimed, value_b is seen."""
    compared, other, wrong = Compared(pool), units.columns["other"], units.columns["wrong"]
    found = {}
    for key in KEYS:
        parts = [at for at, part in enumerate(PARTS) if key in own_keys_of(part)]
        if parts:
            here = (wrong == parts[0]) & compared.differs(key, units.anchor, other)
            found[key] = [(here, "contradicted")]
    return records_evidence(pool, other, units.anchor, found)


QUESTION = Question(
    title="What is wrong in a description?",
    answer="caption",
    compose=compose,
    examples=(
        Example(
            images=(DRESSED,),
            rows=3,
            answers=("Nothing is wrong.",),
            options={"right_share": 1, "shares": {"subtask": {"find": 1}}},
        ),
    ),
)
