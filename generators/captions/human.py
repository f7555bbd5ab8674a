"""What people wrote about images, column by column: cleaned, judged, and read for attribute values."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from generators.captions.attribute_read import read
from generators.captions.normalise import Normalised, normalise
from schemas.tables import ATTRIBUTES, CAPTIONS

SHARED = "shared_by_persons"
SOURCE = "caption"
_ONE_SAYS, _ALL_SAY = 0.8, 0.9


def cleaned(captions: pa.Table) -> pa.Table:
    """The captions with `text`, `n_words`, `flags` and `valid` set; English ones are mended and judged.

    A text that stands under several persons is noted as `shared_by_persons`. A caption that its source found
    invalid stays so.
    """
    done = [_cleaned(*row) for row in zip(*(captions[name].to_pylist() for name in _JUDGED), strict=True)]
    shared = _shared([text for text, _, _ in done], captions["person_key"].to_pylist())
    flags = [sorted({*found, SHARED}) if text in shared else list(found) for text, found, _ in done]
    columns = {
        "text": [text for text, _, _ in done],
        "n_words": [len(text.split()) for text, _, _ in done],
        "flags": flags,
        "valid": [valid for _, _, valid in done],
    }
    for name, values in columns.items():
        field = CAPTIONS.schema.field(name)
        captions = captions.set_column(captions.column_names.index(name), field, pa.array(values, field.type))
    return captions


_JUDGED = ("text_raw", "text", "language", "valid", "flags")


def _cleaned(raw: str, text: str, language: str, valid: bool, flags: list[str]) -> Normalised:
    if language != "en":
        return Normalised(text, tuple(flags), valid)
    made = _normalised(raw)
    return Normalised(made.text, tuple(sorted({*made.flags, *flags})), made.valid and valid)


_normalised = lru_cache(maxsize=4_096)(normalise)


def _shared(texts: list[str], persons: list[str | None]) -> set[str]:
    """Texts that stand under more than one person."""
    first: dict[str, str | None] = {}
    return {text for text, person in zip(texts, persons, strict=True) if first.setdefault(text, person) != person}


def read_attributes(captions: pa.Table) -> pa.Table:
    """What valid English captions state plainly about their image; values on which its captions differ are left out.

    The rows are of level `image` and source `caption`; their confidence is higher where every caption says the same.
    """
    usable = captions.filter(pc.and_(captions["valid"], pc.equal(captions["language"], "en")))
    rows = sorted(zip(usable["image_id"].to_pylist(), usable["text"].to_pylist(), strict=True))
    image_ids, keys, values, confidence = [], [], [], []
    for image_id, said in _by_image(rows):
        for key, found in _agreed(said):
            image_ids.append(image_id)
            keys.append(key)
            values.append(found)
            confidence.append(_ALL_SAY if len(said) > 1 and all(key in one for one in said) else _ONE_SAYS)
    return attribute_rows(image_ids, keys, values, SOURCE, confidence)


def _by_image(rows: list[tuple[str, str]]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    said: list[dict[str, str]] = []
    for place, (image_id, text) in enumerate(rows):
        said.append(read(text))
        if place + 1 == len(rows) or rows[place + 1][0] != image_id:
            yield image_id, said
            said = []


def _agreed(said: list[Mapping[str, str]] | list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    found: dict[str, set[str]] = {}
    for one in said:
        for key, value in one.items():
            found.setdefault(key, set()).add(value)
    yield from ((key, next(iter(values))) for key, values in found.items() if len(values) == 1)


def attribute_rows(
    image_ids: list[str], keys: list[str], values: list[str], source: str, confidence: list[float] | None = None
) -> pa.Table:
    """Rows of level `image` from one source as the table `attributes`."""
    names = [f"{image_id}#{key}#{source}" for image_id, key in zip(image_ids, keys, strict=True)]
    given = {
        "attribute_id": names,
        "level": ["image"] * len(names),
        "image_id": image_ids,
        "key": keys,
        "value": values,
        "attribute_source": [source] * len(names),
        "confidence": confidence,
    }
    arrays = [pa.array(given.get(field.name) or [None] * len(names), field.type) for field in ATTRIBUTES.schema]
    return pa.table(arrays, schema=ATTRIBUTES.schema)
