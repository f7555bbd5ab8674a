"""Material for a search by dialogue: an initial description, then atomic questions with a witness's answers.

    {"initial": "…", "turns": [{"type": "open", "question": "…", "answer": "…", "key": …, "value": …}]}

Types: `yes`, `wrong_assumption` (the question supposes what is not so), `open`, `choice`, and `unknown`, whose answer
is always "I don't know.". A key is asked about once, and never when the initial description states it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import takewhile
from typing import Any

from generators.captions.attribute_read import read
from generators.captions.captioner import can_word, caption
from generators.captions.consistency import compared
from generators.captions.facts import asks, assumes, says
from generators.prompts import joined, named, prompts
from generators.raw_answers import json_object, schema_text
from generators.records import COLOURLESS
from generators.stated import fact_keys, list_schema, listed_keys, object_schema, unknown_parts
from schemas.keys import Words, canonical_json, hash_ids, mix, pick
from schemas.keys import order as shuffled
from schemas.kind import Example, Kind, Parsed, Prompt, Refusal, Statement, Subject
from schemas.vocabulary import NOT_VISIBLE, UNKNOWN, VOCABULARY, is_valid, spoken

_NAME = "dialogue"
_STYLE = "witness"
_TYPES = ("yes", "wrong_assumption", "open", "choice", "unknown")
_PARTS = ("type", "question", "answer", "key", "value")
DONT_KNOW = "I don't know."
_OPEN_VALUES = (NOT_VISIBLE, UNKNOWN)
_SECOND = "upper_color_secondary"
_BARE = {"hair_color": ("hair_length", "bald"), "footwear_color": ("footwear_type", "barefoot")}
_KNOWN, _LEFT_OPEN = 6, 2
_LEAST_CHARACTERS = 15
_INITIAL_WORDS = (5, 40)
_EXAMPLE = (
    '{"initial": "A man in a coat walks by with a bag.", "turns": [{"type": "wrong_assumption", '
    '"question": "Is the coat blue?", "answer": "No, the coat is red.", "key": "upper_color_primary", "value": "red"}]}'
)


def _prompt(subject: Subject, style: str, seed: int) -> Prompt:
    declared, dark = prompts(_NAME), subject.colourless
    said = joined(declared["ask"], declared["types"], declared["rules"], declared["colourless"] if dark else "")
    form = joined(declared["form"].replace("{example}", _EXAMPLE))
    values = sorted({value for key in fact_keys(False) for value in VOCABULARY[key].values} | {NOT_VISIBLE})
    turn = {"type": {"enum": list(_TYPES)}, "question": {"type": "string"}, "answer": {"type": "string"}}
    turn |= {"key": {"enum": list(fact_keys(False))}, "value": {"enum": values}}
    schema = object_schema({"initial": {"type": "string"}, "turns": list_schema(object_schema(turn), least=1)})
    return Prompt("\n".join((said, form, listed_keys(fact_keys(False)))), named(_NAME, style), schema_text(schema))


def _facts(subject: Subject) -> Mapping[str, str]:
    return subject.facts


def _by_rule(facts: Mapping[str, str], style: str, seed: int) -> str | None:
    """A short caption, then questions about what it leaves out; two of them about what is not known."""
    if not can_word(facts, "brief"):
        return None
    initial = caption(facts, "brief", seed) or ""
    stated = read(initial)
    dark = facts.get("modality") in COLOURLESS
    keys, words = _key_words()
    drawn = [keys[place] for place in shuffled(mix(words, seed)).tolist()]
    order = [key for key in drawn if key not in stated and _bag_is_there(key, stated)]
    known = [key for key in order if _can_be_asked(key, facts, dark)][:_KNOWN]
    hidden = [key for key in order if _is_unknown(key, facts, dark)][:_LEFT_OPEN]
    turns = [_asked(key, facts[key], place, seed) for place, key in enumerate(known)]
    turns += [_turn("unknown", asks(key), DONT_KNOW, key, _open_value(key, facts, dark)) for key in hidden]
    return canonical_json({"initial": initial, "turns": turns}).decode() if known else None


def _can_be_asked(key: str, facts: Mapping[str, str], dark: bool) -> bool:
    if dark and not VOCABULARY[key].in_infrared:
        return False
    return "|" not in facts.get(key, "|") and says(key, facts[key]) is not None


@cache
def _key_words() -> tuple[tuple[str, ...], Words]:
    """The keys that can be asked about, each with its own word of randomness."""
    keys = fact_keys(False)
    return keys, hash_ids(f"dialogue {key}" for key in keys)


def _bag_is_there(key: str, stated: Mapping[str, str]) -> bool:
    """Whether the colour of a bag may be asked without telling that there is one; true of all other keys."""
    return not key.endswith(("backpack_color", "bag_color")) or stated.get(key.removesuffix("_color")) == "yes"


def _is_unknown(key: str, facts: Mapping[str, str], dark: bool) -> bool:
    """Whether a witness cannot tell: nothing is known, or it is a colour that the picture cannot show.

    What is not there is not asked about: the hair colour of a bald head, the colour of shoes of bare feet, a second
    colour that nobody noted.
    """
    part, bare = _BARE.get(key, ("", ""))
    if key == _SECOND or (part and bare in facts.get(part, "").split("|")):
        return False
    return (dark and not VOCABULARY[key].in_infrared) or facts.get(key, UNKNOWN) in _OPEN_VALUES


def _open_value(key: str, facts: Mapping[str, str], dark: bool) -> str:
    """What the record holds of what a witness cannot tell: hidden, or noted by nobody."""
    return NOT_VISIBLE if dark and not VOCABULARY[key].in_infrared else facts.get(key, UNKNOWN)


def _asked(key: str, value: str, place: int, seed: int) -> dict[str, str]:
    """One turn about a known value, its type by place; an open question where a type has no words for the value."""
    said = says(key, value) or ""
    others = [v for v in VOCABULARY[key].values if assumes(key, v) and compared({key: v}, {key: value}).differing]
    kind = _TYPES[(place + seed) % 4]
    if kind == "yes" and assumes(key, value):
        return _turn(kind, str(assumes(key, value)), f"Yes, {_within(said)}", key, value)
    if kind == "wrong_assumption" and others:
        wrong = pick(others, "wrong assumption", key, seed)
        return _turn(kind, str(assumes(key, wrong)), f"No, {_within(said)}", key, value)
    choice = _choice(key, value, others, seed) if kind == "choice" else None
    if choice:
        return _turn(kind, choice, said, key, value)
    return _turn("open", asks(key), said, key, value)


def _choice(key: str, value: str, others: list[str], seed: int) -> str | None:
    """`Is the coat red or blue?`: two questions that begin alike made one; None where no two do."""
    right = assumes(key, value)
    if right is None or not others:
        return None
    pair = [right, str(assumes(key, pick(others, "choice", key, seed)))]
    one, two = pair if pick((True, False), "order", key, seed) else reversed(pair)
    alike = sum(1 for _ in takewhile(lambda words: words[0] == words[1], zip(one.split(), two.split(), strict=False)))
    return f"{one.removesuffix('?')} or {' '.join(two.split()[alike:])}" if alike > 1 else None


def _within(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _turn(kind: str, question: str, answer: str, key: str, value: str) -> dict[str, str]:
    return dict(zip(_PARTS, (kind, question, answer, key, value), strict=True))


def _parse(raw: str, subject: Subject, style: str) -> Parsed:
    found = json_object(raw)
    if isinstance(found, Refusal):
        return found
    wrong = unknown_parts(found, ("initial", "turns"))
    if wrong:
        return wrong
    initial, turns = found["initial"], found["turns"]
    low, high = _INITIAL_WORDS
    if not isinstance(initial, str) or not isinstance(turns, list) or not turns:
        return Refusal("wrong_schema", "The initial description must be a text, and the turns a list.")
    if not low <= len(initial.split()) <= high:
        return Refusal("word_bounds", f"The initial description has {len(initial.split())} words, not {low} to {high}.")
    fault = next(_faults(turns, read(initial), subject.colourless), None)
    if fault:
        return Refusal(*fault)
    said = (Statement(t["type"], t["question"], t["answer"], t["key"], t["value"]) for t in turns)
    return (Statement("initial", " ".join(initial.split())), *said)


def _faults(turns: list[Any], stated: Mapping[str, str], dark: bool) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for turn in turns:
        if not isinstance(turn, dict) or set(turn) != set(_PARTS) or not all(isinstance(v, str) for v in turn.values()):
            yield "wrong_schema", f"A turn has exactly the texts {', '.join(_PARTS)}."
            return
        yield from _fault(turn, dark)
        if turn["key"] in seen or turn["key"] in stated:
            yield "repeated", f"{turn['key']} is asked about although it is already known."
        seen.add(turn["key"])


def _fault(turn: Mapping[str, str], dark: bool) -> Iterator[tuple[str, str]]:
    kind, question, answer, key, value = (turn[part] for part in _PARTS)
    if kind not in _TYPES or key not in fact_keys(False) or not is_valid(key, value):
        yield "bad_value", f"No turn can be {kind!r} about {key!r} = {value!r}."[:300]
        return
    if not question.endswith("?") or len(question) < _LEAST_CHARACTERS:
        yield "no_question", f"{question!r} is not a question."[:300]
    if (kind == "unknown") != (answer == DONT_KNOW) or (kind == "unknown") != (value in _OPEN_VALUES):
        yield "contradiction", f"The turn about {key} is of type {kind}, but its answer is {answer!r}."[:300]
    start = {"yes": "Yes,", "wrong_assumption": "No,"}.get(kind, "")
    if not answer.startswith(start):
        yield "contradiction", f"The answer of a turn of type {kind} must begin with {start!r}."
    if kind in ("open", "choice") and answer.startswith(("Yes", "No ", "No,")):
        yield "contradiction", f"A question of type {kind} is not answered by yes or no."
    if kind == "open" and VOCABULARY[key].values != ("no", "yes") and _quotes(question, value):
        yield "leaks", f"The question {question!r} gives its answer away."[:300]
    if dark and kind != "unknown" and not VOCABULARY[key].in_infrared:
        yield "colour", f"{key} cannot be known from a picture without colour."


def _quotes(question: str, value: str) -> bool:
    words = question.lower().rstrip("?")
    return not words.startswith("how ") and f" {spoken(value)} " in f" {words} "


def _answer(*turns: tuple[str, str, str, str, str], initial: str = "In short, a woman in a coat and jeans.") -> str:
    return canonical_json({"initial": initial, "turns": [_turn(*turn) for turn in turns]}).decode()


_ASK = "What colour is the upper garment?"
_RED = ("upper_color_primary", "red")
KIND = Kind(
    title="Questions and answers of a witness",
    images=1,
    table="statements",
    styles=(_STYLE,),
    sampling={"temperature": 0.4, "max_tokens": 1024},
    prompt=_prompt,
    facts=_facts,
    by_rule=_by_rule,
    parse=_parse,
    examples=(
        Example(raw=_answer(("open", _ASK, "The upper garment is red.", *_RED)), gives=2),
        Example(raw=_answer(("yes", "Is the upper garment red?", "Yes, it is red.", *_RED)), gives=2),
        Example(raw=_answer(("wrong_assumption", "Is the coat green?", "No, the coat is red.", *_RED)), gives=2),
        Example(raw=_answer(("unknown", _ASK, DONT_KNOW, "upper_color_primary", NOT_VISIBLE)), gives=2),
        Example(raw=_answer(("unknown", _ASK, "It is red.", *_RED)), gives="contradiction"),
        Example(
            raw=_answer(("wrong_assumption", "Is the coat green?", "Yes, it is green.", *_RED)), gives="contradiction"
        ),
        Example(raw=_answer(("open", _ASK, "No, it is red.", *_RED)), gives="contradiction"),
        Example(raw=_answer(("open", "Which red is the coat?", "The coat is red.", *_RED)), gives="leaks"),
        Example(raw=_answer(("open", "Colour?", "It is red.", *_RED)), gives="no_question"),
        Example(raw=_answer(*2 * (("open", _ASK, "It is red.", *_RED),)), gives="repeated"),
        Example(
            raw=_answer(("open", "What does she wear on top?", "She wears a coat.", "upper_type", "coat")),
            gives="repeated",
        ),
        Example(raw=_answer(("open", _ASK, "It is red.", *_RED)), subject=Subject(colourless=True), gives="colour"),
        Example(raw=_answer(("guess", _ASK, "It is red.", *_RED)), gives="bad_value"),
        Example(raw=_answer(initial="In short, a woman in a coat and jeans."), gives="wrong_schema"),
        Example(raw=_answer(("open", _ASK, "It is red.", *_RED), initial="A woman."), gives="word_bounds"),
        Example(raw="I saw a woman.", gives="not_json"),
    ),
)
