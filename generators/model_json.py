"""Whether a model's answer follows the JSON schema it was given: not every server that takes a schema keeps to it."""

import json
from functools import lru_cache
from typing import Any

from generators.raw_answers import json_object
from schemas.kind import Refusal
from schemas.later import Later

jsonschema = Later("jsonschema")


def schema_problem(text: str, schema: str) -> str | None:
    """What is wrong with an answer under a JSON schema (as text), in one line; None when nothing is.

    The answer may wrap its object as far as parsers put up with it. Raises ValueError for a text that is no schema.
    """
    value = json_object(text)
    if isinstance(value, Refusal):
        return value.detail
    error = min(_validator(schema).iter_errors(value), key=lambda error: list(map(str, error.path)), default=None)
    if error is None:
        return None
    place = ".".join(map(str, error.path)) or "the answer"
    return f"{place}: {error.message}"[:300]


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    try:
        parsed = json.loads(schema)
        jsonschema.Draft202012Validator.check_schema(parsed)
    except jsonschema.SchemaError as error:
        raise ValueError(f"This is no JSON schema: {error.message[:200]}") from error
    return jsonschema.Draft202012Validator(parsed)
