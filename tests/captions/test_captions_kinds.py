"""Kinds of generation: asked in reviewed words, answered by rule, and read or refused as they declare."""

import json
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.captions.captioner import FIVE, caption, sentences, spelt
from generators.records import COLOURLESS
from schemas.backend import Request
from schemas.discovery import find, names
from schemas.kind import TABLES, Example, Kind, Refusal, Subject
from schemas.vocabulary import NOT_VISIBLE, UNKNOWN, VOCABULARY

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


def turns_of(facts: dict[str, str], seeds: int) -> list[dict[str, str]]:
    """The turns of the dialogues that rules make of a record."""
    dialogue = kind("dialogue")
    made = (dialogue.by_rule(dialogue.facts(Subject(facts=facts)), "witness", seed) for seed in range(seeds))
    return [turn for raw in made if raw for turn in json.loads(raw)["turns"]]


def test_a_wrong_assumption_is_wrong_and_a_choice_offers_one_right_value():
    facts = {"upper_type": "coat", "lower_type": "jeans", "hair_color": "dark"}
    asked = [turn for turn in turns_of(facts, 60) if turn["type"] in ("wrong_assumption", "choice")]
    assert {turn["key"] for turn in asked} == {"hair_color"}
    assert not any(re.search(r"\b(?:black|brown)\b", turn["question"]) for turn in asked)


def test_nobody_is_asked_for_the_hair_colour_of_a_bald_head():
    facts = {"upper_type": "coat", "lower_type": "jeans", "hair_length": "bald", "footwear_type": "barefoot"}
    asked = {turn["key"] for turn in turns_of(facts, 60) if turn["type"] == "unknown"}
    assert asked
    assert not asked & {"hair_color", "footwear_color", "upper_color_secondary"}


def test_what_nobody_noted_is_unknown_and_what_cannot_be_seen_is_not_visible():
    facts = {"upper_type": "coat", "lower_type": "jeans", "hair_length": "short", "modality": "thermal"}
    values = {turn["key"]: turn["value"] for turn in turns_of(facts, 60) if turn["type"] == "unknown"}
    assert values["upper_color_primary"] == NOT_VISIBLE
    assert values["backpack"] == UNKNOWN


def test_two_persons_do_not_differ_by_the_side_from_which_they_are_seen_or_by_dark_and_black_hair():
    facts = {"viewpoint": "front", "hair_color": "black", "lower_type": "jeans"}
    subject = Subject(facts=facts, other={"viewpoint": "back", "hair_color": "dark", "lower_type": "skirt"})
    raw = kind("difference").by_rule(kind("difference").facts(subject), "record", 0)
    told = [(role, each["key"]) for role, sides in json.loads(raw or "{}").items() for each in sides]
    assert told == [("only_first", "lower_type"), ("only_second", "lower_type")]


def test_a_biometric_prompt_for_a_picture_without_colour_asks_for_no_garment():
    text = kind("caption").prompt(DARK, "biometric", 0).text
    assert "name no colour" in text
    assert "sleeve" not in text


class OnceLoader(yaml.SafeLoader):
    """Reads YAML and refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [self.construct_object(key, deep=deep) for key, _ in node.value]
        assert len(names) == len(set(names)), f"a key stands twice: {names}"
        return super().construct_mapping(node, deep)


def test_no_prompt_or_bank_gives_a_key_twice():
    folder = Path(__file__).parents[2] / "generators"
    files = sorted([*(folder / "kinds").glob("*.yaml"), *(folder / "captions").glob("*.yaml")])
    assert len(files) >= 11
    for file in files:
        assert yaml.load(file.read_text(encoding="utf-8"), OnceLoader)


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
