"""What is known of pictures, compared in bulk and put in words: the ground of notes, dialogues, reasons and refusals.

    facts = Facts(pool)
    facts.differ(one, other)             # (rows, keys): known of both and clearly not the same
    note(facts, pictures, chosen)        # "a red jacket, black trousers and no backpack"

A fact is one plain value of one attribute that a person could see on a small picture. Sensitive attributes are no
facts. Values that may pass for each other (a hue under another lamp, trousers for jeans) neither agree nor differ.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from generators.attribute_masks import apart, is_single, mask_of, near_masks, value_of
from generators.captions.attribute_read import read
from generators.captions.phrases import VARIANTS, listed, phrases
from generators.choosing import some_of
from generators.wording import words_at
from schemas.keys import Words, below, mix, seed_of
from schemas.question import NOBODY, Evidence, Flags, Floats, Ints, Masks, Pool
from schemas.vocabulary import UNKNOWN, VOCABULARY, spoken

FACT_WORDS = Path(__file__).with_name("facts.yaml")
WORDS: Mapping[str, Mapping[str, str]] = yaml.safe_load(FACT_WORDS.read_text(encoding="utf-8"))
KEYS = (
    "hair_length", "headwear", "upper_color_primary", "upper_type", "upper_sleeve", "lower_color_primary", "lower_type",
    "footwear_color", "footwear_type", "backpack", "shoulder_bag", "hand_bag",
)  # fmt: skip
"""The attributes that facts are about, from head to foot."""

_SLOTS = ("hair", "headwear", "upper", "lower", "shoes", "bags", "absent")
UNSAID = ("other", "multicolour", "dress_top", "barefoot", "covered")
"""Values that no plain sentence states."""


class Facts:
    """The facts of a pool: `values` (images, keys) as masks of one value, 0 where there is none to state."""

    def __init__(self, pool: Pool) -> None:
        self.values = np.stack([_stated(key, pool.values[key]) for key in KEYS], axis=1)
        self.values[drawn(pool)] = 0
        self._near = np.stack([near_masks(key, self.values[:, at]) for at, key in enumerate(KEYS)], axis=1)

    def known(self, pictures: Ints) -> Flags:
        """Which facts of each picture can be stated, (rows, keys)."""
        return np.asarray(self.values[pictures] != 0)

    def agree(self, one: Ints, other: Ints) -> Flags:
        """Which facts are known and the same in both, (rows, keys)."""
        return np.asarray((self.values[one] == self.values[other]) & (self.values[one] != 0))

    def differ(self, one: Ints, other: Ints) -> Flags:
        """Which facts are known of both and clearly not the same, (rows, keys)."""
        values, near = self.values, self._near
        known = (values[one] != 0) & (values[other] != 0)
        return np.asarray(known & apart(values[one], near[one], values[other], near[other]))

    def codes(self, pictures: Ints, chosen: Ints) -> Ints:
        """Chosen facts (rows, m: places in KEYS, NOBODY for none) as one code each, NOBODY for none; see `value_at`."""
        values = np.take_along_axis(self.values[pictures], np.maximum(chosen, 0), axis=1).astype(np.int64)
        return np.where(chosen >= 0, (chosen << 32) | values, NOBODY)


def drawn(pool: Pool) -> Flags:
    """Which pictures are sketches or drawings: outlines of a person, of which nothing is stated."""
    kinds = pa.array(("sketch", "colour_drawing"))
    return np.asarray(pc.is_in(pool.table.column("modality"), value_set=kinds).to_numpy(), dtype=np.bool_)


def _stated(key: str, values: Masks) -> Masks:
    unsaid = [mask_of(key, value) for value in UNSAID if value in VOCABULARY[key].values]
    return np.where(is_single(values) & ~np.isin(values, unsaid), values, 0).astype(np.uint32)


def value_at(code: int) -> tuple[str, str]:
    """The key and the vocabulary value that a code of a fact stands for."""
    key = KEYS[code >> 32]
    return key, value_of(key, code & 0xFFFFFFFF)


def has(chosen: Ints) -> Flags:
    """Chosen facts (rows, m) as flags (rows, keys)."""
    flags = np.zeros((len(chosen), len(KEYS)), dtype=np.bool_)
    rows, columns = np.nonzero(chosen >= 0)
    flags[rows, chosen[rows, columns]] = True
    return flags


def choose(allowed: Flags, word: Words, most: int | Ints, width: int) -> Ints:
    """Up to `most` (one number, or one per row) of the allowed facts of each row, drawn by key: (rows, width).

    They stand in the order of KEYS, NOBODY after the last.
    """
    draw = mix(word[:, None], np.array([seed_of(key) for key in KEYS], dtype=np.uint64)[None, :])
    taken = some_of(draw, allowed, np.broadcast_to(np.asarray(most), len(allowed)))
    places = np.where(taken, np.arange(len(KEYS)), len(KEYS))
    chosen = np.sort(places, axis=1)[:, :width]
    return np.asarray(np.where(chosen < len(KEYS), chosen, NOBODY))


def any_of(flags: Flags, chosen: Ints) -> Flags:
    """Whether any of the chosen facts is flagged, per row of (rows, keys)."""
    return np.asarray((flags & has(chosen)).any(axis=1))


def all_of(flags: Flags, chosen: Ints) -> Flags:
    """Whether every chosen fact is flagged, per row of (rows, keys)."""
    return np.asarray((flags | ~has(chosen)).all(axis=1))


def each_distinct(codes: Ints, worded: Callable[[list[int]], str | None]) -> pa.Array:
    """The words for each row of codes (rows, m), made once for every row that differs."""
    rows = np.ascontiguousarray(codes)
    if not rows.size:
        return pa.array([worded([]) for _ in range(len(rows))], pa.string())
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
    _, first, at = np.unique(whole, return_index=True, return_inverse=True)
    made = [worded([code for code in row if code != NOBODY]) for row in rows[first].tolist()]
    return pa.array(made, pa.string()).take(pa.array(at))


def note(codes: Ints, word: Words | None = None) -> pa.Array:
    """Facts as a list of things: `a red jacket, black trousers and no backpack`; synonyms are drawn by word."""
    variant = np.zeros(len(codes), dtype=np.int64) if word is None else below(mix(word, 41), VARIANTS)
    marked = np.concatenate([variant[:, None], codes], axis=1)
    return each_distinct(marked, lambda row: _note(row[1:], row[0]))


def _note(row: list[int], variant: int) -> str:
    record = dict(value_at(code) for code in row)
    things = [thing for slot in _SLOTS for thing in phrases(slot, record, variant)]
    return listed(things) if things else ""


def phrase(table: str, codes: Ints) -> pa.Array:
    """One fact per row (rows,) in words of a table of facts.yaml; `{value}` stands for the value; null for NOBODY."""
    return each_distinct(codes[:, None], lambda row: worded(table, row[0]) if row else None)


def worded(table: str, code: int) -> str:
    """One fact in words: its own wording of the table (`backpack/no`), or the attribute's with the value put in."""
    key, value = value_at(code)
    text = WORDS[table].get(f"{key}/{value}", WORDS[table][key])
    return text.replace("{value}", value_words(code))


def value_words(code: int) -> str:
    """The value of a fact in words: `dark blue`, `a cap`, `yes`."""
    key, value = value_at(code)
    return WORDS["value"].get(f"{key}/{value}", spoken(value))


def topic(chosen: Ints, table: str) -> pa.Array:
    """One attribute per row (rows,: a place in KEYS) in words of a table that needs no value; null for NOBODY."""
    listed_words = pa.array([*(WORDS[table][key] for key in KEYS), None], pa.string())
    return listed_words.take(pa.array(np.where(chosen >= 0, chosen, len(KEYS))))


def facts_evidence(facts: Facts, said: Ints, seen: Ints, chosen: Ints, verdict: Callable[[Flags], Any]) -> Evidence:
    """What answers rest on: chosen facts (rows, m) of pictures `said` against pictures `seen`.

    `verdict(same)` gives the words for each line from whether its two values agree.
    """
    return codes_evidence(facts.codes(said, chosen), facts.codes(seen, chosen), verdict)


def codes_evidence(said: Ints, seen: Ints, verdict: Callable[[Flags], Any]) -> Evidence:
    """What answers rest on: codes of facts (rows, m) against codes of the same attributes, NOBODY for no line."""
    row, column = np.nonzero(said >= 0)
    one, other = said[row, column], seen[row, column]
    names = words_at(KEYS, one >> 32)
    return Evidence(row, names, _values(one), _values(other), verdict(np.asarray(one == other)))


def _values(codes: Ints) -> pa.Array:
    distinct, at = np.unique(codes, return_inverse=True)
    return words_at([value_at(code)[1] for code in distinct.tolist()], at)


def lowered(sentence: pa.Array) -> pa.Array:
    """Sentences with a small first letter, to go on after a comma."""
    return pc.binary_join_element_wise(
        pc.utf8_lower(pc.utf8_slice_codeunits(sentence, 0, 1)), pc.utf8_slice_codeunits(sentence, 1), ""
    )


class CaptionFacts:
    """What captions of a pool say in facts, and what they do not mention at all; texts are read when first asked for.

    `values(captions)` are masks (rows, keys), 0 where nothing is said; `silent(captions)` marks the attributes of which
    no word of the text speaks.
    """

    def __init__(self, pool: Pool) -> None:
        self._table = pool.captions.table
        count = self._table.num_rows
        self._read = np.zeros(count, dtype=np.bool_)
        self._values = np.zeros((count, len(KEYS)), dtype=np.uint32)
        self._silent = np.zeros((count, len(KEYS)), dtype=np.bool_)

    def values(self, captions: Ints) -> Masks:
        """The facts that each caption states."""
        self._learn(captions)
        return np.asarray(self._values[captions])

    def silent(self, captions: Ints) -> Flags:
        """The attributes that each caption does not speak of."""
        self._learn(captions)
        return np.asarray(self._silent[captions])

    def _learn(self, captions: Ints) -> None:
        new = np.unique(captions[~self._read[captions]])
        texts = self._table.column("text").take(new).combine_chunks().dictionary_encode()
        at = texts.indices.to_numpy()
        read_texts = [(text, read(text)) for text in texts.dictionary.to_pylist()]
        for place, key in enumerate(KEYS):
            values = np.array([mask_of(key, said.get(key, UNKNOWN)) for _, said in read_texts], dtype=np.uint32)
            silent = np.array([not _MENTIONS[key].search(text) for text, _ in read_texts], dtype=np.bool_)
            self._values[new, place], self._silent[new, place] = _stated(key, values)[at], silent[at]
        self._read[new] = True


def confirmed(pool: Pool, captions: Ints) -> Floats:
    """How far each caption can be trusted: the share of its facts that the record of its image confirms, 0 to 1.

    NaN where none of them can be compared.
    """
    said, seen = CaptionFacts(pool).values(captions), Facts(pool).values[pool.captions.image[captions]]
    compared = ((said != 0) & (seen != 0)).sum(axis=1)
    agreed = ((said == seen) & (said != 0)).sum(axis=1)
    share = np.full(len(captions), np.nan, dtype=np.float32)
    np.divide(agreed, compared, out=share, where=compared > 0, casting="unsafe")
    return share


_MENTIONS = {
    key: re.compile(rf"(?i)\b(?:{words})\b" if words != "." else ".") for key, words in WORDS["mentions"].items()
}
