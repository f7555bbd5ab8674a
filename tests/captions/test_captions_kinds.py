"""Kinds of generation: asked in reviewed words, answered by rule, and read or refused as they declare."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.captions.captioner import FIVE, caption, sentences, spelt
from generators.records import COLOURLESS
from schemas.backend import Request
from schemas.discovery import find, names
from schemas.kind import TABLES, Example, Kind, Refusal, Subject
from schemas.vocabulary import NOT_VISIBLE, VOCABULARY

KINDS = names("generators.kinds")
GOLDEN = Path(__file__).parents[1] / "golden" / "prompts"
COLOUR, DARK = (
    Subject(images=("a" * 64,), text="A man in a red coat."),
    Subject(images=("a" * 64,), text="A man in a coat.", colourless=True),
)


def kind(name: str) -> Kind:
    found: Kind = find("generators.kinds", "KIND", name)
    return found


def examples() -> Iterator[tuple[str, Example]]:
    for name in KINDS:
        for example in kind(name).examples:
            yield name, example


def all_prompts(name: str) -> str:
    """Every style of a kind, in colour and without, as a person reviews it."""
    parts = []
    for style in kind(name).styles:
        for subject, what in ((COLOUR, "in colour"), (DARK, "without colour")):
            prompt = kind(name).prompt(subject, style, 0)
            parts.append(f"### {prompt.name}, {what}\n{prompt.text}\n")
    return "\n".join(parts)


@pytest.mark.parametrize("name", KINDS)
def test_prompts_are_those_that_were_reviewed(name: str):
    assert all_prompts(name) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def all_patterns() -> str:
    """The sentence patterns as a model is shown them."""
    return "".join(f"{number}. {spelt(written, FIVE)}\n" for number, written in enumerate(sentences()["dynamic"]))


def test_patterns_are_those_that_were_reviewed():
    assert all_patterns() == (GOLDEN / "caption_patterns.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "example"), list(examples()), ids=lambda value: getattr(value, "raw", value)[:40])
def test_an_answer_is_read_or_refused_as_its_kind_says(name: str, example: Example):
    declared = kind(name)
    parsed = declared.parse(example.raw, example.subject, example.style or declared.styles[0])
    assert (parsed.reason if isinstance(parsed, Refusal) else len(parsed)) == example.gives
    assert not isinstance(parsed, Refusal) or parsed.detail.endswith((".", "'"))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_declares_what_it_needs_and_shows_answers_of_both_sorts(name: str):
    declared = kind(name)
    assert declared.table in TABLES
    assert len(set(declared.styles)) == len(declared.styles) > 0
    assert {isinstance(example.gives, int) for example in declared.examples} == {True, False}
    for style in declared.styles:
        assert declared.by_rule({}, style, 0) is None
        schema = declared.prompt(COLOUR, style, 1).schema
        assert schema is None or json.loads(schema)["type"] == "object"


@given(st.sampled_from(KINDS), st.text(max_size=200) | st.text('{}[]":,01ae', max_size=60), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_answer_makes_a_parser_fail(name: str, raw: str, colourless: bool):
    declared = kind(name)
    for style in declared.styles:
        parsed = declared.parse(raw, Subject(text="A man in a red coat.", colourless=colourless), style)
        assert isinstance(parsed, tuple | Refusal)


def test_patterns_are_many_and_differ_in_order_and_slots():
    written = sentences()["dynamic"]
    assert len(written) >= 60
    assert len({tuple(sentence) for sentence in written}) == len(written)
    slots = ("clothing", "hair", "footwear", "accessory", "belongings")
    orders = [sorted((s for s in slots if s in "".join(w)), key="".join(w).index) for w in written]
    assert len({tuple(order) for order in orders}) >= 30
    assert {order[0] for order in orders} == set(slots)
    assert {len(order) for order in orders} >= {3, 4, 5}


def test_rules_and_models_know_the_same_styles():
    assert set(kind("caption").styles) == set(sentences())


def test_rules_answer_no_kind_that_is_not_there():
    grammar = find("generators.backends", "BACKEND", "grammar")
    (answer,) = grammar.generate([Request(kind="sonnet", prompt="", prompt_id="")])
    assert (answer.status, answer.detail) == ("refused", "no rule answers the kind 'sonnet'")


def records() -> st.SearchStrategy[dict[str, str]]:
    """What may be known of an image: any values, hidden ones too."""
    known = {key: st.sampled_from([*declared.values, NOT_VISIBLE]) for key, declared in VOCABULARY.items()}
    return st.fixed_dictionaries({}, optional=known)


@given(st.sampled_from(KINDS), records(), records(), st.integers(0, 2**64 - 1))
@settings(max_examples=200, deadline=None)
def test_what_rules_answer_is_read_back_without_a_refusal(
    name: str, facts: dict[str, str], other: dict[str, str], seed: int
):
    declared = kind(name)
    dark = facts.get("modality") in COLOURLESS
    text = caption(facts, "dynamic", seed) or ""
    subject = Subject(images=("a" * 64,), facts=facts, other=other, text=text, colourless=dark)
    for style in declared.styles:
        raw = declared.by_rule(declared.facts(subject), style, seed)
        parsed = declared.parse(raw, subject, style) if raw else ()
        assert not isinstance(parsed, Refusal), (parsed, raw)
