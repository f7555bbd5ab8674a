"""CAP_FIX: a description with one wrong part. Which is it, how should it read, or which claims are supported?

A stranger of the same camera is set beside the picture, and only parts in which the two contradict each other are
named; the wrong one is as the stranger shows it, and in a share of rows nothing is wrong. Which of the two is the
picture makes no difference to that, so any words for a part are as frequent where they are right as where they are
wrong: neither the words nor their likelihood in that place tell which part it is.
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
    pairs = _Pairs(ask.pool, known, ask.seed)
    share = float(ask.options.get("right_share", RIGHT_SHARE))
    for k, drawn_first, word in turns_of(everybody, ask.pool.words[everybody], ask.seed, caps_of(ask).image):
        anchors, other = pairs.either_way(drawn_first, word)
        apart = pairs.apart(anchors, other)
        drawn = draws(word, len(PARTS), 61)
        named = some_of(drawn, apart, LEAST + below(mix(word, 62), MOST - LEAST + 1))
        wrong = np.argmin(np.where(named, mix(drawn, 63), np.iinfo(np.uint64).max), axis=1)
        right = uniform(mix(word, 64)) < share
        other = np.where(right, anchors, other)
        task, paraphrase = below(mix(word, 66), len(TASKS)), ask.paraphrases[below(mix(word, 67), len(ask.paraphrases))]
        columns = {"subtask": task, "paraphrase": paraphrase, "named": named.astype(np.int64), "wrong": wrong}
        columns |= {"other": other, "answer": right.astype(np.int64), "frame": below(mix(word, 68), 3)}
        asked = [column.astype(np.uint64) for column in (task, paraphrase, columns["frame"], *named.T)]
        claimed = codes[other, wrong]
        said = np.where(right, 0, claimed + 1).astype(np.uint64)
        where = np.where(right, 0, wrong + 1).astype(np.uint64)
        shown = (content(ask.pool.words[anchors], said, where, *asked),)
        units = Units(anchors, np.full(len(anchors), k), word, columns, shown)
        yield units.take(apart.sum(axis=1) >= LEAST)


class _Pairs:
    """Sets a stranger of the same camera beside each picture: one draw, kept or left, so that pairs have no direction.

    To try again until somebody contradicts would draw rare values more often than they are shown.
    """

    def __init__(self, pool: Pool, known: Flags, seed: np.uint64) -> None:
        self._pool, self._known, self._compared = pool, known, Compared(pool)
        self._cells = np.where(known.any(axis=1), cells_of(pool.source, pool.modality, pool.camera + 1), NOBODY)
        self._ring = Ring(self._cells, mix(seed, pool.words, 65))

    def either_way(self, anchors: Ints, word: Words) -> tuple[Ints, Ints]:
        """Each anchor and a picture of somebody else by its camera, either first; -1 twice where there is none."""
        person = self._pool.person

        def stranger(rows: Ints, members: Ints) -> Flags:
            return np.asarray(person[anchors[rows]] != person[members])

        other = first_allowed(self._ring, self._cells[anchors], mix(word, 65), stranger)
        anchors, swap = np.where(other >= 0, anchors, NOBODY), below(mix(word, 69), 2) == 1
        return np.where(swap, other, anchors), np.where(swap, anchors, other)

    def apart(self, one: Ints, other: Ints) -> Flags:
        """Which parts can be told of both pictures and contradict each other, (rows, parts)."""
        told = self._known[one] & self._known[other] & (other >= 0)[:, None]
        return told & np.stack([contradicts(self._compared, part, one, other) for part in PARTS], axis=1)


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
        asked=mix(
            ask.pool.words[columns["other"]],
            *named.T.astype(np.uint64),
            *(columns[name].astype(np.uint64) for name in ("wrong", "frame")),
        ),
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


_OTHERWISE = {"person": "bob", "camera": "c1", "hair_length": "short", "upper_type": "t_shirt", "lower_type": "skirt"}

QUESTION = Question(
    title="What is wrong in a description?",
    answer="caption",
    compose=compose,
    options=("right_share",),
    examples=(
        Example(
            images=(DRESSED, _OTHERWISE),
            rows=3,
            answers=("Nothing is wrong.",),
            options={"right_share": 1, "shares": {"subtask": {"find": 1}}},
        ),
    ),
)
