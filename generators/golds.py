"""A family's gold as the `answer` column: its canonical words and the values that a machine checks, all as flat arrays.

What `Draft.gold` means goes by the answer's kind: a bool for yesno; the number of an image (of an option where
Draft.lettered) for pick1, 0 for None; rows of image numbers for set (ascending) and rank (best first), 0 after the
last; a group number per shown image for partition.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.wording import words_at
from schemas import answers
from schemas.question import NOBODY, Draft, Ints
from schemas.tables import CONVERSATIONS

_FIELDS = CONVERSATIONS.schema.field("answer").type
_NUMBERS = _FIELDS.field("gold_set").type
_MOST_IMAGES = 32
_MOST_OPTIONS = 10


def answer_words(kind: str, draft: Draft) -> pa.Array:
    """The answer of each row: a draft's `thought`, the canonical answer, its `reason`."""
    said = _canonical(kind, draft)
    if draft.reason is not None:
        said = pc.binary_join_element_wise(said, draft.reason, ". ", null_handling="skip")
    if draft.thought is None:
        return said
    opening, closing = answers.thought("\0").split("\0")
    return pc.binary_join_element_wise(opening, draft.thought, closing, said, "")


def _canonical(kind: str, draft: Draft) -> pa.Array:
    if draft.gold is None or draft.answer is not None:
        return draft.answer
    if draft.gold.ndim > 1:
        return _each_distinct(draft.gold, _ROW_WORDS[kind])
    words = {
        "yesno": [answers.yesno(False), answers.yesno(True)],
        "pick1": [answers.NONE, *(answers.image(number) for number in range(1, _MOST_IMAGES))],
    }[kind]
    if draft.lettered:
        words = [answers.NONE, *(answers.option(at) for at in range(_MOST_OPTIONS))]
    return pa.array(words, pa.string()).take(pa.array(draft.gold))


def answer_struct(kind: str, draft: Draft, words: pa.Array) -> pa.Array:
    """The `answer` column: the kind, the words, and the gold in the field of its kind."""
    n = draft.size
    kinds = pa.repeat(pa.scalar(kind, pa.string()), n) if draft.kinds is None else words_at(answers.KINDS, draft.kinds)
    children: dict[str, pa.Array] = {"kind": kinds, "text": words}
    if kind == "json":
        children["gold_json"] = words
    if draft.gold is not None and kind in _GOLDS:
        name, made = _GOLDS[kind]
        children[name] = made(draft.gold)
    if draft.n_options is not None:
        children["n_options"] = pa.array(draft.n_options.astype(np.int16))
    filled = [children.get(field.name, pa.nulls(n, field.type)) for field in _FIELDS]
    return pa.StructArray.from_arrays(filled, fields=list(_FIELDS))


def _each_distinct(gold: Ints, worded: Callable[[list[int]], str]) -> pa.Array:
    """The words of every row, made once for each row that differs; numbers must be below 255."""
    bytes_of = np.ascontiguousarray((gold + 1).astype(np.uint8))
    _, first, at = np.unique(
        bytes_of.view(np.dtype((np.void, gold.shape[1])))[:, 0], return_index=True, return_inverse=True
    )
    return pa.array([worded(row) for row in gold[first].tolist()], pa.string()).take(pa.array(at))


def _shown(numbers: Sequence[int]) -> list[int]:
    return [number for number in numbers if number > 0]


def _groups(row: Sequence[int]) -> list[list[int]]:
    """Image numbers by group from a group number per image; NOBODY where no image is."""
    numbered = [(group, number) for number, group in enumerate(row, start=1) if group != NOBODY]
    return [[number for group, number in numbered if group == which] for which in sorted({g for g, _ in numbered})]


def _lists(gold: Ints) -> pa.Array:
    shown = gold > 0
    offsets = np.zeros(len(gold) + 1, dtype=np.int32)
    np.cumsum(shown.sum(axis=1), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(gold[shown].astype(np.int16)), type=_NUMBERS)


_ROW_WORDS: dict[str, Callable[[list[int]], str]] = {
    "set": lambda row: answers.image_set(_shown(row)),
    "rank": lambda row: answers.rank(_shown(row)),
    "partition": lambda row: answers.partition(_groups(row)),
}
_GOLDS: dict[str, tuple[str, Callable[[Ints], pa.Array]]] = {
    "yesno": ("gold_bool", lambda gold: pa.array(gold.astype(bool))),
    "pick1": ("gold_index", lambda gold: pa.array(gold.astype(np.int16))),
    "set": ("gold_set", _lists),
    "rank": ("gold_rank", _lists),
    "partition": ("gold_json", lambda gold: _each_distinct(gold, lambda row: answers.groups_json(_groups(row)))),
}
