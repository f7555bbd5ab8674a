"""What two persons share and where they differ, fact by fact, from a picture of each.

    {"shared": [...], "only_first": [...], "only_second": [...]}      each fact with its sentence, key and value

A key that differs stands on both sides, so that either half can be turned into a question.
"""

from collections.abc import Mapping

from generators.captions.consistency import compared
from generators.captions.facts import says
from generators.prompts import joined, named, prompts
from generators.raw_answers import json_object, schema_text
from generators.stated import (
    fact,
    fact_keys,
    fact_schema,
    list_schema,
    listed_keys,
    object_schema,
    read_facts,
    unknown_parts,
)
from schemas.keys import canonical_json
from schemas.kind import Example, Kind, Parsed, Prompt, Refusal, Statement, Subject

_NAME = "difference"
_STYLE = "record"
_ROLES = ("shared", "only_first", "only_second")
_EXAMPLE = (
    '{"shared": [{"sentence": "In both images the coat is red.", "key": "upper_color_primary", "value": "red"}], '
    '"only_first": [], "only_second": []}'
)
_FIRST, _SECOND = "1.", "2."


def _prompt(subject: Subject, style: str, seed: int) -> Prompt:
    declared = prompts(_NAME)
    said = joined(declared["ask"], declared["colourless"] if subject.colourless else "")
    form = joined(declared["form"].replace("{example}", _EXAMPLE))
    keys = _keys(subject.colourless)
    schema = object_schema({role: list_schema(fact_schema(keys)) for role in _ROLES})
    text = "\n".join((said, form, listed_keys(keys)))
    return Prompt(text, named(_NAME, style), schema_text(schema))


def _facts(subject: Subject) -> Mapping[str, str]:
    keys = _keys(subject.colourless)
    first = {_FIRST + key: subject.facts[key] for key in keys if key in subject.facts}
    return first | {_SECOND + key: subject.other[key] for key in keys if key in subject.other}


def _keys(colourless: bool) -> tuple[str, ...]:
    """The keys of persons: from where the camera saw somebody is no difference between two people."""
    return tuple(key for key in fact_keys(colourless) if key != "viewpoint")


def _by_rule(facts: Mapping[str, str], style: str, seed: int) -> str | None:
    """What is known of both persons and has one value in each; black and dark hair are neither alike nor different."""
    sides: dict[str, list[dict[str, str]]] = {role: [] for role in _ROLES}
    for key in _keys(colourless=False):
        first, second = facts.get(_FIRST + key), facts.get(_SECOND + key)
        if not first or not second or "|" in first + second:
            continue
        one, two = says(key, first), says(key, second)
        if one and two and first == second:
            sides["shared"].append(fact(key, first, f"In both images {_within(one)}"))
        elif one and two and compared({key: first}, {key: second}).differing:
            sides["only_first"].append(fact(key, first, f"In Image 1 {_within(one)}"))
            sides["only_second"].append(fact(key, second, f"In Image 2 {_within(two)}"))
    return canonical_json(sides).decode() if any(sides.values()) else None


def _within(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _parse(raw: str, subject: Subject, style: str) -> Parsed:
    found = json_object(raw)
    if isinstance(found, Refusal):
        return found
    wrong = unknown_parts(found, _ROLES)
    if wrong:
        return wrong
    told: dict[str, list[Statement]] = {}
    for role in _ROLES:
        read = read_facts(role, found[role], subject.colourless)
        if isinstance(read, Refusal):
            return read
        told[role] = read
    return _crossed(told) or tuple(statement for role in _ROLES for statement in told[role])


def _crossed(told: Mapping[str, list[Statement]]) -> Refusal | None:
    """Why the sides contradict each other: a key that is shared and differs, or a difference that is none."""
    shared, first, second = ({s.key: s.value for s in told[role]} for role in _ROLES)
    both = shared.keys() & (first.keys() | second.keys())
    same = [key for key in first.keys() & second.keys() if first[key] == second[key]]
    if both or same:
        return Refusal("contradiction", f"{min(map(str, both or same))} is told to be alike and different at once.")
    return None if shared or first or second else Refusal("empty", "The answer compares nothing.")


def _answer(**sides: tuple[str, str]) -> str:
    told = {role: [fact(*sides[role], "The upper garment is so.")] if role in sides else [] for role in _ROLES}
    return canonical_json(told).decode()


_RED, _BLUE = ("upper_color_primary", "red"), ("upper_color_primary", "blue")
KIND = Kind(
    title="What two persons share and where they differ",
    images=2,
    table="statements",
    styles=(_STYLE,),
    sampling={"temperature": 0, "max_tokens": 1536},
    prompt=_prompt,
    facts=_facts,
    by_rule=_by_rule,
    parse=_parse,
    examples=(
        Example(raw=_answer(shared=_RED), gives=1),
        Example(raw=_answer(only_first=_RED, only_second=_BLUE), gives=2),
        Example(raw=_answer(shared=_RED, only_first=_BLUE), gives="contradiction"),
        Example(raw=_answer(only_first=_RED, only_second=_RED), gives="contradiction"),
        Example(raw=_answer(), gives="empty"),
        Example(raw=_answer(shared=("upper_color_primary", "teal")), gives="bad_value"),
        Example(raw=_answer(shared=_RED), subject=Subject(colourless=True), gives="bad_value"),
        Example(raw='{"shared": []}', gives="wrong_schema"),
        Example(raw="They look alike.", gives="not_json"),
    ),
)
