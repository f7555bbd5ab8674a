"""The blind solver on free answers: what they state of the vocabulary, attribute by attribute, and their whole words.

What the prompt states itself, or says word for word, is no part of the answer: a part of a description that an answer
repeats is a judgement about it, see tasks.checking.rated. Rows without a picture are answered from words by design.
"""

import json
import re
from collections.abc import Iterator, Mapping

import numpy as np

from generators.captions.attribute_read import read
from tasks.checking.blind import Blind, Ints, answers_as_codes, asked_as_codes, row_features
from tasks.checking.guessing import Tried, Tries, guessed, majority
from tasks.checking.rows import codes

_NEAR = 512
_CLAUSES = re.compile(r"[.,:;]| and ")


def stated_tries(blind: Blind, train: Ints, held: Ints, penalty: float, most: int, least: int) -> Tries:
    """Values of each attribute from the prompt and the pictures' facts; at most `most` lines of each on either side.

    Nothing where fewer than `least` held-out lines are left to judge.
    """
    rows = np.concatenate([train, held])
    key, value, instead, at = _lines(blind, rows)
    tried = [
        _tried(blind, rows[at[mine]], (value[mine], instead[mine]), at[mine] < len(train), penalty, most)
        for mine in _by(key)
    ]
    found = [one for one in tried if one is not None]
    if sum(len(one.row) for one in found) >= least:
        right, base, row = (np.concatenate([getattr(one, name) for one in found]) for name in ("right", "base", "row"))
        yield Tried("stated values", right, base, row)


def nearest_tries(blind: Blind, train: Ints, held: Ints) -> Tries:
    """The answer of the train row whose prompt is most alike, against the most frequent answer to what is asked."""
    rows = np.concatenate([train, held])
    known = np.arange(len(rows)) < len(train)
    answers, asked = answers_as_codes(blind, rows), asked_as_codes(blind, rows)
    bags = np.hstack([blind.words[rows][:, :-1], blind.wordings[rows]])
    bags /= np.maximum(np.linalg.norm(bags, axis=1, keepdims=True), 1e-9)
    parts = [
        np.argmax(bags[start : start + _NEAR] @ bags[known].T, axis=1) for start in range(len(train), len(rows), _NEAR)
    ]
    right = answers[known][np.concatenate(parts)] == answers[~known]
    base = majority(asked, answers, known) == answers[~known]
    yield Tried("the nearest prompt", right, base.astype(np.float64), held)


def _lines(blind: Blind, rows: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Codes of keys, of values that answers state and prompts do not, of what prompts state instead; places in rows."""
    found = [
        (key, f"{key}\0{value}", prompt.get(key, ""), at)
        for at, (answer, prompt) in enumerate(_said(blind, rows))
        for key, value in answer.items()
        if prompt.get(key) != value
    ]
    *words, places = (list(column) for column in zip(*found, strict=True)) if found else ([], [], [], [])
    keys, values, instead = (codes(np.array(column, dtype=object)) for column in words)
    return keys, values, instead, np.array(places, dtype=np.int64)


def _said(blind: Blind, rows: Ints) -> Iterator[tuple[Mapping[str, str], Mapping[str, str]]]:
    """What the answer and the prompt of each row state."""
    for row, prompt in zip(rows.tolist(), blind.prompts(rows), strict=True):
        text = str(blind.facts.text[row])
        as_record = blind.facts.kind[row] == "json"
        if as_record:
            yield {key: str(value) for key, value in json.loads(text).items()}, read(prompt)
        else:
            yield read(text), {**_quoted(text, prompt), **read(prompt)}


def _quoted(text: str, prompt: str) -> Mapping[str, str]:
    """What those clauses of an answer state that stand in the prompt as they are, whatever is denied beside them."""
    clauses = {clause.strip() for clause in _CLAUSES.split(text)}
    words = f" {' '.join(_CLAUSES.sub(' ', prompt).split())} "
    return {key: value for clause in sorted(clauses) if f" {clause} " in words for key, value in read(clause).items()}


def _by(key: Ints) -> list[Ints]:
    return [np.flatnonzero(key == one) for one in np.unique(key)]


def _tried(
    blind: Blind,
    rows: Ints,
    said: tuple[Ints, Ints],
    known: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    penalty: float,
    most: int,
) -> Tried | None:
    """One attribute, values and what the prompts state instead; None where one side is empty.

    Where prompts state something else, which the answer corrects, anybody knows the most frequent correction of that.
    """
    value, instead = said
    at = np.concatenate([np.flatnonzero(known)[:most], np.flatnonzero(~known)[:most]])
    rows, known, instead = rows[at], known[at], np.unique(instead[at], return_inverse=True)[1].astype(np.int64)
    value = np.unique(value[at], return_inverse=True)[1].astype(np.int64)
    if known.all() or not known.any():
        return None
    said_of = (blind.facts.subtask[rows], blind.modality[rows], blind.source[rows])
    asked = codes(np.asarray(["\0".join(one) for one in zip(*said_of, strict=True)], dtype=object))
    right, base = guessed(row_features(blind, rows, asked), value, asked, known, penalty)
    corrected = majority(instead, value, known) == value[~known]
    base = corrected if np.ptp(instead) and corrected.mean() > base.mean() else base
    return Tried("", right, base.astype(np.float64), rows[~known])
