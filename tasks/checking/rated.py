"""The blind solver on descriptions of which each part is rated: which part is likeliest contradicted, by its words?

Answers are `short hair: supported; a red coat: contradicted`. A part that is wrong more often the rarer it is, the
longer its words or the later it stands gives itself away without a picture.
"""

import re

import numpy as np

from schemas.keys import hash_ids
from tasks.checking.blind import Blind, Candidates, Floats, Ints
from tasks.checking.guessing import Tried, Tries, likeliest

_RATED = re.compile(r"(?:^|; )([^:;]+): (supported|contradicted)(?=;|$)")
_PLACES = 12


def rated_tries(blind: Blind, train: Ints, held: Ints, penalty: float) -> Tries:
    """Which part is likeliest contradicted; nothing where no answer rates parts on either side."""
    sides = [np.array([row for row in side.tolist() if _parts(blind, row)], dtype=np.int64) for side in (train, held)]
    if not all(map(len, sides)):
        return
    rows = np.concatenate(sides)
    right, base, at = likeliest(_alternatives(blind, rows), len(sides[0]), penalty)
    yield Tried("the likeliest wrong part", right, base, rows[at])


def _parts(blind: Blind, row: int) -> list[tuple[str, str]]:
    """The parts and their verdicts; none where the answer says anything else."""
    text = str(blind.facts.text[row])
    found = _RATED.findall(text)
    return found if "; ".join(": ".join(one) for one in found) == text else []


def _alternatives(blind: Blind, rows: Ints) -> Candidates:
    """Every part of some rows; those that the picture contradicts are right."""
    listed = [_parts(blind, row) for row in rows.tolist()]
    counts = np.array([len(parts) for parts in listed], dtype=np.int64)
    row = np.repeat(np.arange(len(rows)), counts)
    number = np.concatenate([np.arange(count) for count in counts])
    texts = [text for parts in listed for text, _ in parts]
    places = np.eye(_PLACES)[np.minimum(number, _PLACES - 1)]
    seen = np.hstack([places, _bag(texts, blind.hashed_words), blind.places[blind.first[rows]][row]])
    gold = np.array([verdict == "contradicted" for parts in listed for _, verdict in parts], dtype=np.bool_)
    return Candidates(seen, row, number, gold)


def _bag(texts: list[str], width: int) -> Floats:
    """Which hashed words a part holds, which whole part it is, and how many words it has."""
    split = [text.lower().split() for text in texts]
    at = np.repeat(np.arange(len(texts)), [len(words) for words in split])
    words = [word for one in split for word in one]
    bag = np.zeros((len(texts), 2 * width + 1))
    bag[at, (hash_ids(words) % np.uint64(width)).astype(np.int64)] = 1.0
    bag[np.arange(len(texts)), width + (hash_ids(texts) % np.uint64(width)).astype(np.int64)] = 1.0
    bag[:, -1] = np.log1p(np.bincount(at, minlength=len(texts)))
    return bag
