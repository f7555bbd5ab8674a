"""One image as a record of the closed vocabulary: guided JSON, each value with how sure the model is.

    {"upper_type": {"value": "coat", "confidence": "high"}, "carried_object": {"value": ["umbrella"], ...}, ...}

Keys that are measured rather than seen (modality, image quality) are not asked, nor colours where there are none.
A value outside the vocabulary refuses the whole answer: half a record would look like a whole one.
"""

from collections.abc import Mapping
from typing import Any

from generators.prompts import joined, named, prompts
from generators.raw_answers import json_object, schema_text
from generators.records import COLOURLESS
from schemas.keys import canonical_json
from schemas.kind import AttributeValue, Example, Kind, Parsed, Prompt, Refusal, Subject
from schemas.vocabulary import NOT_VISIBLE, UNKNOWN, VOCABULARY, Key

_NAME = "attributes"
_STYLE = "record"
_MEASURED = ("modality", "image_quality")
CONFIDENCE = {"low": 0.3, "medium": 0.6, "high": 0.9}
_HIDDEN = (NOT_VISIBLE, UNKNOWN)


def _keys(colourless: bool) -> dict[str, Key]:
    return {
        name: key for name, key in VOCABULARY.items() if name not in _MEASURED and (key.in_infrared or not colourless)
    }


def _prompt(subject: Subject, style: str, seed: int) -> Prompt:
    declared, keys = prompts(_NAME), _keys(subject.colourless)
    example = '{"glasses": {"value": "none", "confidence": "medium"}, …}'
    listed = (
        f"{name}: {', '.join((*key.values, *_HIDDEN))}{' (a list of values)' if key.multi else ''}"
        for name, key in keys.items()
    )
    said = joined(declared["ask"], declared["colourless"] if subject.colourless else "")
    return Prompt(
        "\n".join((said, joined(declared["form"].replace("{example}", example)), *listed)),
        named(_NAME, style),
        schema_text(_schema(keys)),
    )


def _schema(keys: Mapping[str, Key]) -> dict[str, Any]:
    return _object(
        {name: _object({"value": _values(key), "confidence": {"enum": list(CONFIDENCE)}}) for name, key in keys.items()}
    )


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _values(key: Key) -> dict[str, Any]:
    one = {"enum": [*key.values, *_HIDDEN]}
    return {"type": "array", "items": one, "minItems": 1, "maxItems": len(key.values)} if key.multi else one


def _facts(subject: Subject) -> Mapping[str, str]:
    return subject.facts


def _by_rule(facts: Mapping[str, str], style: str, seed: int) -> str | None:
    """What is known, as a model that looks well would tell it; where values are alternatives, nothing is told."""
    if not facts:
        return None
    keys = _keys(facts.get("modality") in COLOURLESS)
    record = {name: _told(key, facts.get(name, UNKNOWN)) for name, key in keys.items()}
    return canonical_json(record).decode()


def _told(key: Key, value: str) -> dict[str, Any]:
    if key.multi:
        return {"value": value.split("|"), "confidence": "low" if value == UNKNOWN else "high"}
    plain = UNKNOWN if "|" in value else value
    return {"value": plain, "confidence": "low" if plain == UNKNOWN else "high"}


def _parse(raw: str, subject: Subject, style: str) -> Parsed:
    found = json_object(raw)
    if isinstance(found, Refusal):
        return found
    told: list[AttributeValue] = []
    for name, key in _keys(subject.colourless).items():
        if name not in found:
            return Refusal("wrong_schema", f"The record lacks the key {name!r}.")
        read = _read(name, key, found[name])
        if isinstance(read, Refusal):
            return read
        told.extend(read)
    strange = sorted(set(found) - set(_keys(subject.colourless)))
    if strange:
        return Refusal("wrong_schema", f"The record has a key that was not asked: {strange[0]!r}."[:300])
    return tuple(told)


def _read(name: str, key: Key, given: Any) -> list[AttributeValue] | Refusal:
    """What one key tells: nothing for `unknown`."""
    if not isinstance(given, dict) or set(given) != {"value", "confidence"}:
        return Refusal("wrong_schema", f"{name} must be an object of a value and a confidence.")
    values = given["value"] if key.multi else [given["value"]]
    if not isinstance(values, list) or not values:
        return Refusal("wrong_schema", f"{name} must list at least one value.")
    strange = [value for value in values if value not in (*key.values, *_HIDDEN)]
    if strange:
        return Refusal("bad_value", f"{name} cannot be {strange[0]!r}."[:300])
    if given["confidence"] not in CONFIDENCE:
        return Refusal("bad_value", f"The confidence of {name} cannot be {given['confidence']!r}."[:300])
    said = set(values)
    if said == {UNKNOWN}:
        return []
    plain = sorted(said - set(_HIDDEN), key=key.values.index)
    if (len(plain) > 1 and "none" in plain) or (plain and len(said) > len(plain)):
        return Refusal("contradiction", f"{name} is told to be {' and '.join(sorted(said))} at once.")
    sure = CONFIDENCE[given["confidence"]]
    return [AttributeValue(name, "|".join(plain) or NOT_VISIBLE, visible=bool(plain), confidence=sure)]


def _example(**changed: Any) -> str:
    record = {name: _told(key, UNKNOWN) for name, key in _keys(False).items()}
    return canonical_json(record | changed).decode()


_COAT = {"value": "coat", "confidence": "high"}
KIND = Kind(
    title="Attribute records of one image",
    images=1,
    table="attributes",
    styles=(_STYLE,),
    sampling={"temperature": 0, "max_tokens": 1536},
    prompt=_prompt,
    facts=_facts,
    by_rule=_by_rule,
    parse=_parse,
    examples=(
        Example(raw=_example(upper_type=_COAT), style=_STYLE, gives=1),
        Example(raw=f"```json\n{_example(upper_type=_COAT)}\n```", style=_STYLE, gives=1),
        Example(raw=_example(glasses={"value": NOT_VISIBLE, "confidence": "low"}), style=_STYLE, gives=1),
        Example(raw=_example(action={"value": ["walking", "phoning"], "confidence": "low"}), style=_STYLE, gives=1),
        Example(raw=_example(), style=_STYLE, gives=0),
        Example(raw=_example(upper_type={"value": "cape", "confidence": "high"}), style=_STYLE, gives="bad_value"),
        Example(raw=_example(upper_type={"value": "coat", "confidence": 0.9}), style=_STYLE, gives="bad_value"),
        Example(raw=_example(action={"value": [], "confidence": "low"}), style=_STYLE, gives="wrong_schema"),
        Example(
            raw=_example(carried_object={"value": ["none", "box"], "confidence": "low"}),
            style=_STYLE,
            gives="contradiction",
        ),
        Example(raw=_example(mood=_COAT), style=_STYLE, gives="wrong_schema"),
        Example(raw=_example(upper_type="coat"), style=_STYLE, gives="wrong_schema"),
        Example(raw=_example(), subject=Subject(colourless=True), style=_STYLE, gives="wrong_schema"),
        Example(raw="{}", style=_STYLE, gives="wrong_schema"),
        Example(raw='{"glasses": 1, "glasses": 2}', style=_STYLE, gives="not_json"),
        Example(raw="I cannot tell.", style=_STYLE, gives="not_json"),
        Example(raw=_example()[:-40], style=_STYLE, gives="not_json"),
    ),
)
