"""A caption in other words: paraphrased, reordered, as a message, or plainer. Text only; a small model can do it.

Whether the facts survived is for the filters (facts_lost, facts_added) to say: small models drop and invent them.
"""

from collections.abc import Mapping

from generators.captions.attribute_read import read
from generators.captions.captioner import caption
from generators.prompts import joined, named, prompts
from generators.raw_answers import plain
from schemas.kind import Example, Kind, Parsed, Prompt, Refusal, Subject, Text

_NAME = "rewording"
_BY_RULE = {"paraphrase": "dynamic", "reordered": "dynamic", "message": "notice", "plainer": "structured"}
_TRIES = 24


def _prompt(subject: Subject, style: str, seed: int) -> Prompt:
    declared = prompts(_NAME)
    asked = joined(f"{declared['styles'][style]} {declared['answer']}")
    return Prompt(f"{asked}\nDescription: {' '.join(subject.text.split())}", named(_NAME, style))


def _facts(subject: Subject) -> Mapping[str, str]:
    return {"text": subject.text}


def _by_rule(facts: Mapping[str, str], style: str, seed: int) -> str | None:
    """The first wording of what can be read that says all of it again; None where none does."""
    text = facts.get("text", "")
    stated = read(text)
    for turn in range(_TRIES if stated else 0):
        made = caption(stated, _BY_RULE[style], seed + turn)
        if made and read(made) == stated and _letters(made) != _letters(text):
            return made
    return None


def _parse(raw: str, subject: Subject, style: str) -> Parsed:
    text = " ".join(plain(raw).split())
    low, high = prompts(_NAME)["words"]
    words = len(text.split())
    if not low <= words <= high:
        return Refusal("word_bounds", f"The text has {words} words; {low} to {high} are taken.")
    if _letters(text) == _letters(subject.text):
        return Refusal("unchanged", "The text is the one that was to be reworded.")
    return (Text(text),)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower()))


_RED = Subject(text="A woman wears a red coat and blue jeans.")
KIND = Kind(
    title="Captions in other words",
    images=0,
    table="captions",
    styles=tuple(prompts(_NAME)["styles"]),
    sampling={"temperature": 0.7, "top_p": 0.9, "max_tokens": 256},
    prompt=_prompt,
    facts=_facts,
    by_rule=_by_rule,
    parse=_parse,
    examples=(
        Example(raw="Blue jeans and a red coat are worn by a woman.", subject=_RED, gives=1),
        Example(raw='Paraphrase: "In blue jeans and a red coat, a woman is seen."', subject=_RED, gives=1),
        Example(raw="a woman wears a red coat, and blue jeans", subject=_RED, gives="unchanged"),
        Example(raw="A woman.", subject=_RED, gives="word_bounds"),
        Example(raw="red " * 140, subject=_RED, gives="word_bounds"),
    ),
)
