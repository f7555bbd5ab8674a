"""Which captions are to be made: requests to a backend, planned from records by key.

An image gets `captions_per_image` captions in different styles as far as its record allows; style, template and
synonyms depend on the image's id, the caption's number and the seed alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from generators.captions.captioner import bank, can_word
from generators.captions.captioner import styles as known_styles
from generators.captions.phrases import SLOTS
from generators.records import COLOURLESS, MISSING, Records
from schemas.backend import Request
from schemas.errors import UnknownName
from schemas.keys import below, hash_ids, mix, seed_of
from schemas.recipe import Describe
from schemas.vocabulary import NOT_VISIBLE

PROMPT_ID = "rules/1"
"""The name of the prompt of every request that rules answer: they are given facts and no text."""
_WORDED = tuple(dict.fromkeys(key for keys, _ in SLOTS.values() for key in keys))


class PlannedCaption(NamedTuple):
    """One caption to be made: the row of its image in the records, its number there, and what is asked."""

    row: int
    number: int
    request: Request


def check_styles(styles: Sequence[str]) -> None:
    """Raises UnknownName for a style that the bank does not have."""
    for style in styles:
        if style not in bank():
            raise UnknownName.of("caption style", style, known_styles())


def plan(
    records: Records, rows: Sequence[int], sha256: Mapping[str, str], recipe: Describe, seed: int
) -> Iterator[PlannedCaption]:
    """The requests for some rows of the records; rows whose record is too thin for every style get none."""
    words = hash_ids(records.image_ids[row] for row in rows)
    starts = below(mix(seed_of("caption style", seed), words), max(len(recipe.styles), 1)).tolist()
    seeds = [mix(seed_of("caption", seed), words, k).tolist() for k in range(recipe.captions_per_image)]
    for place, (row, facts) in enumerate(zip(rows, facts_of(records, rows), strict=True)):
        styles = _possible(tuple(facts.items()), recipe.styles)
        image = sha256[records.image_ids[row]]
        for k in range(recipe.captions_per_image if styles else 0):
            style = styles[(starts[place] + k) % len(styles)]
            yield PlannedCaption(row, k, _request(facts, style, seeds[k][place], image))


def facts_of(records: Records, rows: Sequence[int]) -> Iterator[dict[str, str]]:
    """The known, visible values that captions can word, row by row; `modality` only where there is no colour."""
    columns = [(key, records.labels[key], records.values[key][np.asarray(rows, dtype=np.int64)]) for key in _WORDED]
    codes = np.stack([column for _, _, column in columns], axis=1).tolist()
    modality = records.texts("modality")
    hidden = {key: labels.index(NOT_VISIBLE) for key, labels, _ in columns}
    for row, found in zip(rows, codes, strict=True):
        pairs = zip(columns, found, strict=True)
        facts = {key: labels[code] for (key, labels, _), code in pairs if code not in (MISSING, hidden[key])}
        colourless = modality[row]
        yield facts | {"modality": colourless} if colourless in COLOURLESS else facts


@lru_cache(maxsize=65_536)
def _possible(facts: tuple[tuple[str, str], ...], styles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(style for style in styles if can_word(dict(facts), style))


def _request(facts: Mapping[str, str], style: str, seed: int, image: str) -> Request:
    return Request(kind="caption", prompt="", prompt_id=PROMPT_ID, images=(image,), facts=facts, style=style, seed=seed)
