"""Lists of one-fact sentences in guided JSON: their schema, and how they are read.

{"claims": [{"sentence": "The person wears a coat.", "key": "upper_type", "value": "coat"}, ...]}
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from generators.captions.facts import keys as worded_keys
from schemas.kind import Refusal, Statement
from schemas.vocabulary import VOCABULARY, is_valid

MAX_FACTS = 40
MIN_LETTERS = 8


def fact_keys(colourless: bool) -> tuple[str, ...]:
    """The keys that facts may be about; no colours where there are none."""
    return tuple(key for key in worded_keys() if VOCABULARY[key].in_infrared or not colourless)


def listed_keys(keys: Iterable[str]) -> str:
    """Keys with their values, one to a line, as a prompt shows them."""
    return "\n".join(f"{key}: {', '.join(VOCABULARY[key].values)}" for key in keys)


def object_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object that has these properties, all of them and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def list_schema(item: Mapping[str, Any], least: int = 0) -> dict[str, Any]:
    """The schema of a list of at most MAX_FACTS such items."""
    return {"type": "array", "items": dict(item), "minItems": least, "maxItems": MAX_FACTS}


def fact_schema(keys: Collection[str]) -> dict[str, Any]:
    """The schema of one fact about one of these keys."""
    values = sorted({value for key in keys for value in VOCABULARY[key].values})
    return object_schema({"sentence": {"type": "string"}, "key": {"enum": list(keys)}, "value": {"enum": values}})


def fact(key: str, value: str, sentence: str) -> dict[str, str]:
    """One fact as rules write it."""
    return {"sentence": sentence, "key": key, "value": value}


def read_facts(role: str, given: Any, colourless: bool) -> list[Statement] | Refusal:
    """The facts of a list, each key once. A fact outside the vocabulary refuses the list."""
    if not isinstance(given, list) or len(given) > MAX_FACTS:
        return Refusal("wrong_schema", f"{role} must be a list of at most {MAX_FACTS} facts.")
    found: list[Statement] = []
    for item in given:
        fault = _fault(item, fact_keys(colourless))
        if fault:
            return Refusal(*fault)
        found.append(Statement(role, " ".join(item["sentence"].split()), None, item["key"], item["value"]))
    return _once(found)


def _fault(item: Any, keys: Collection[str]) -> tuple[str, str] | None:
    if not isinstance(item, dict) or set(item) != {"sentence", "key", "value"}:
        return "wrong_schema", "A fact has a sentence, a key and a value, and nothing else."
    if not all(isinstance(part, str) for part in item.values()):
        return "wrong_schema", "The sentence, key and value of a fact are texts."
    if item["key"] not in keys or not is_valid(item["key"], item["value"]):
        return "bad_value", f"No fact can be {item['key']!r} = {item['value']!r}."[:300]
    if sum(map(str.isalpha, item["sentence"])) < MIN_LETTERS:
        return "too_short", f"The sentence {item['sentence']!r} says nothing."[:300]
    return None


def _once(found: Sequence[Statement]) -> list[Statement] | Refusal:
    values: dict[str | None, str | None] = {}
    for statement in found:
        if values.setdefault(statement.key, statement.value) != statement.value:
            return Refusal("contradiction", f"{statement.key} is told to be two things at once.")
    return list({statement.key: statement for statement in found}.values())


def unknown_parts(found: Iterable[str], wanted: Collection[str]) -> Refusal | None:
    """Why an object with other parts than the wanted ones cannot be read."""
    parts = set(found)
    if parts == set(wanted):
        return None
    return Refusal("wrong_schema", f"The answer must have exactly the parts {', '.join(sorted(wanted))}.")
