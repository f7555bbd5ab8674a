"""Which rows of a block may break the grammar of prompts and answers: a quick look that misses none.

Texts are looked at once per different text, golds once per different answer, so that only rows that may be wrong need
to be read one by one.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas import answers
from schemas.keys import mix
from tasks.checking.blocks import Block, Ints, Keys
from tasks.checking.counting import summed
from tasks.checking.pictures import Index

Mask = npt.NDArray[np.bool_]
THOUGHT = r"</?think>"
MARKER = r"\[\[image:\d+\]\]"
_TEXT, _ROLE = "turns[].text", "turns[].role"


def suspects(block: Block, leftovers: str) -> Mask:
    """The rows whose turns may be wrong: their order, their last one, their markers, their unfilled slots."""
    row, n_images = block.rows_of(_TEXT), np.bincount(block.rows_of("images[].image_id"), minlength=block.rows)
    user, said = (block.words(_ROLE).among([role]) for role in ("user", "assistant"))
    bad = _disorder(block, user, said) | _empty(block)
    bad |= _markers(block, user) != n_images
    holding = _of_texts(block, said, lambda texts: pc.match_substring(texts, "[[image:"))
    asked = _of_texts(block, user, lambda texts: _left(texts, MARKER, leftovers))
    answered = _of_texts(block, said, lambda texts: _left(texts, THOUGHT, leftovers))
    bad[row[holding | asked]] = True
    bad[row[answered & ~block.words("answer.kind").among(["json"])[row]]] = True
    return np.asarray(bad)


def _empty(block: Block) -> Mask:
    text = block.words("answer.text")
    return np.array([*(not (value or "").strip() for value in text.values.to_pylist()), True])[text.codes]


def _disorder(block: Block, user: Mask, said: Mask) -> Mask:
    """Rows where user and assistant do not take turns, or the last turn is not the answer."""
    row, text, answer = block.rows_of(_TEXT), block.words(_TEXT), block.words("answer.text")
    n_turns = np.bincount(row, minlength=block.rows)
    bad = (n_turns == 0) | (n_turns % 2 == 1)
    bad[row[np.where(block.position(_TEXT) % 2 == 1, ~user, ~said)]] = True
    known = np.append(Index(text.values).places(answer.values), -1)[answer.codes]
    last = np.append(text.codes, -1)[np.cumsum(n_turns) - 1]
    return np.asarray(bad | (known < 0) | (known != last))


def _markers(block: Block, user: Mask) -> Ints:
    """How many images the user turns of each row show when they count from 1 without a gap; -1 where they do not."""
    text, row = block.words(_TEXT), block.rows_of(_TEXT)[user]
    runs = np.array([*(_run(value) for value in text.values.to_pylist()), (0, 0)], dtype=np.int64)[text.codes[user]]
    first, count = runs[:, 0], runs[:, 1]
    total = np.bincount(row, count, block.rows).astype(np.int64)
    before = np.cumsum(count) - count
    start = np.concatenate([[0], np.cumsum(total)[:-1]])
    bad = (count != 0) & (first != before - start[row] + 1)
    total[row[bad | (count < 0)]] = -1
    return total


def _run(text: str) -> tuple[int, int]:
    """The first marker of a turn and how many there are, counting on without a gap; -1 of them where they do not."""
    numbers = answers.markers(text)
    first = numbers[0] if numbers else 0
    return first, len(numbers) if numbers == list(range(first, first + len(numbers))) else -1


def _of_texts(block: Block, where: Mask, look: Callable[[pa.Array], pa.Array]) -> Mask:
    """Which turns, of those `where`, have a text that `look` finds."""
    text = block.words(_TEXT)
    used = np.zeros(len(text.values) + 1, dtype=bool)
    used[text.codes[where]] = True
    at = np.flatnonzero(used[:-1])
    found = np.zeros(len(used), dtype=bool)
    found[at] = np.asarray(pc.fill_null(look(text.values.take(pa.array(at))), True).to_numpy(zero_copy_only=False))
    return where & found[text.codes]


def _left(texts: pa.Array, without: str, leftovers: str) -> pa.Array:
    """Which texts hold leftovers; beyond ASCII, where expressions differ between libraries, all are worth a look."""
    plain = pc.replace_substring_regex(texts, without, "")
    return pc.or_(pc.match_substring_regex(plain, leftovers), pc.invert(pc.string_is_ascii(texts)))


def wrong_golds(block: Block, faulty: Callable[[int, Mapping[str, Any]], bool]) -> Mask:
    """The rows whose gold is `faulty`, a judgement on the number of images and the answer, asked once per pair."""
    n_images = np.bincount(block.rows_of("images[].image_id"), minlength=block.rows)
    words = [block.words(f"answer.{name}").codes for name in ("kind", "text", "gold_json")]
    numbers = [block.numbers(f"answer.{name}", -(2**20)) for name in ("gold_bool", "gold_index", "n_options")]
    lists = [_of_list(block, f"answer.{name}") for name in ("gold_set", "gold_rank")]
    key = mix(*(column.astype(np.uint64) for column in (n_images, *words, *numbers, *lists)))
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    stated = block.values("answer").take(pa.array(first)).to_pylist()
    wrong = [faulty(int(n), answer) for n, answer in zip(n_images[first], stated, strict=True)]
    return np.array(wrong, dtype=bool)[group] if len(first) else np.zeros(block.rows, dtype=bool)


def _of_list(block: Block, path: str) -> Keys:
    """One number per row for its list; lists that are not there differ from empty ones."""
    items, row = block.numbers(f"{path}[]", -1), block.rows_of(f"{path}[]")
    keys = mix(block.position(f"{path}[]").astype(np.uint64), items.astype(np.uint64))
    there = np.asarray(block.values(path).is_valid().to_numpy(zero_copy_only=False), dtype=np.uint64)
    return summed(keys, row, block.rows) + there
