"""A caption taken apart into one-fact sentences, each tied to a key of the vocabulary and its value.

`keyed` asks for keys and values in guided JSON; `lines` asks for bare sentences, which a small text model can write,
and the keys are then read from the words. Text only: no picture is shown.
"""

from collections.abc import Iterator, Mapping

from generators.captions.attribute_read import read
from generators.captions.facts import says, stated_by
from generators.prompts import joined, named, prompts
from generators.raw_answers import json_object, lines, schema_text
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

_NAME = "claims"
_ROLE = "claim"
_MAX_WORDS = 30
_EXAMPLE = '{"claims": [{"sentence": "The person wears a coat.", "key": "upper_type", "value": "coat"}]}'


def _prompt(subject: Subject, style: str, seed: int) -> Prompt:
    declared = prompts(_NAME)
    described = f"Description: {' '.join(subject.text.split())}"
    if style == "lines":
        return Prompt("\n".join((joined(declared[style]), described)), named(_NAME, style))
    form = joined(declared["form"].replace("{example}", _EXAMPLE))
    keys = fact_keys(subject.colourless)
    text = "\n".join((joined(declared[style]), form, listed_keys(keys), described))
    schema = object_schema({"claims": list_schema(fact_schema(keys), least=1)})
    return Prompt(text, named(_NAME, style), schema_text(schema))


def _facts(subject: Subject) -> Mapping[str, str]:
    return {"text": subject.text}


def _by_rule(facts: Mapping[str, str], style: str, seed: int) -> str | None:
    stated = list(_stated(facts.get("text", "")))
    if not stated:
        return None
    if style == "lines":
        return "\n".join(sentence for _, _, sentence in stated)
    return canonical_json({"claims": [fact(*each) for each in stated]}).decode()


def _stated(text: str) -> Iterator[tuple[str, str, str]]:
    for key, value in read(text).items():
        sentence = says(key, value)
        if sentence:
            yield key, value, sentence


def _parse(raw: str, subject: Subject, style: str) -> Parsed:
    return _lines(raw) if style == "lines" else _keyed(raw, subject)


def _keyed(raw: str, subject: Subject) -> Parsed:
    found = json_object(raw)
    if isinstance(found, Refusal):
        return found
    wrong = unknown_parts(found, ("claims",))
    told = read_facts(_ROLE, found.get("claims"), subject.colourless)
    if wrong is not None:
        return wrong
    if isinstance(told, Refusal):
        return told
    return tuple(told) or Refusal("empty", "The answer makes no claim.")


def _lines(raw: str) -> Parsed:
    found: list[Statement] = []
    for line in lines(raw):
        if len(line.split()) > _MAX_WORDS:
            return Refusal("word_bounds", f"A claim has {len(line.split())} words; at most {_MAX_WORDS} are one fact.")
        found.append(Statement(_ROLE, line, None, *_tied(line)))
    return tuple(found) or Refusal("empty", "The answer makes no claim.")


def _tied(line: str) -> tuple[str, str] | tuple[None, None]:
    """The key and value that a sentence states; none where it says nothing that can be read, or several things."""
    told = read(line)
    known = stated_by(line) or (next(iter(told.items())) if len(told) == 1 else None)
    return known if known and known[0] in fact_keys(False) else (None, None)


def _answer(key: str, value: str, sentence: str = "The person wears a coat.") -> str:
    return canonical_json({"claims": [fact(key, value, sentence)]}).decode()


_RED = Subject(text="A woman in a red coat.")
KIND = Kind(
    title="Captions taken apart into one-fact sentences",
    images=0,
    table="statements",
    styles=tuple(prompts(_NAME)["styles"]),
    sampling={"temperature": 0, "max_tokens": 1024},
    prompt=_prompt,
    facts=_facts,
    by_rule=_by_rule,
    parse=_parse,
    examples=(
        Example(raw=_answer("upper_type", "coat"), style="keyed", subject=_RED, gives=1),
        Example(raw="The person is a woman.\n- The coat is red.\n", style="lines", subject=_RED, gives=2),
        Example(raw=_answer("upper_type", "cape"), style="keyed", subject=_RED, gives="bad_value"),
        Example(raw=_answer("shoe_size", "42"), style="keyed", subject=_RED, gives="bad_value"),
        Example(raw=_answer("upper_type", "coat", "A."), style="keyed", subject=_RED, gives="too_short"),
        Example(raw='{"claims": []}', style="keyed", subject=_RED, gives="empty"),
        Example(raw='{"claims": ["The coat is red."]}', style="keyed", subject=_RED, gives="wrong_schema"),
        Example(raw="There are two claims.", style="keyed", subject=_RED, gives="not_json"),
        Example(raw="", style="lines", subject=_RED, gives="empty"),
        Example(raw="and a coat " * 11, style="lines", subject=_RED, gives="word_bounds"),
    ),
)
