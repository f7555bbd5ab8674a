"""JSON out of a model's answer: models wrap it in fences and words, and not every server holds them to a schema.

>>> read_json('Sure! ```json\\n{"hair": "short"}\\n```')
{'hair': 'short'}
"""

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

MAX_CHARACTERS = 262_144
_DECODER = json.JSONDecoder(parse_constant=lambda name: None)


def read_json(text: str) -> Any:
    """The answer as JSON, or else the first whole object or list in it; None when there is none.

    Answers longer than MAX_CHARACTERS hold none; NaN and infinities are read as null.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    stripped = text.strip()
    whole = _decoded(stripped, 0)
    if whole is not None and whole[1] == len(stripped):
        return whole[0]
    return _first_inside(stripped)


def _first_inside(text: str) -> Any:
    """The first object or list that can be read, from the left; after a few openings that lead nowhere, none."""
    place = -1
    for _ in range(16):
        openings = [at for at in (text.find("{", place + 1), text.find("[", place + 1)) if at >= 0]
        if not openings:
            return None
        place = min(openings)
        found = _decoded(text, place)
        if found is not None:
            return found[0]
    return None


def _decoded(text: str, place: int) -> tuple[Any, int] | None:
    try:
        return _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None


def schema_problem(text: str, schema: str) -> str | None:
    """What is wrong with an answer under a JSON schema (as text), in one line; None when nothing is.

    Raises ValueError for a text that is no JSON schema.
    """
    value = read_json(text)
    if value is None:
        return "the answer holds no JSON"
    error = min(_validator(schema).iter_errors(value), key=lambda error: list(map(str, error.path)), default=None)
    if error is None:
        return None
    place = ".".join(map(str, error.path)) or "the answer"
    return f"{place}: {error.message}"[:300]


@lru_cache(maxsize=64)
def _validator(schema: str) -> Draft202012Validator:
    try:
        parsed = json.loads(schema)
        Draft202012Validator.check_schema(parsed)
    except SchemaError as error:
        raise ValueError(f"This is no JSON schema: {error.message[:200]}") from error
    return Draft202012Validator(parsed)
