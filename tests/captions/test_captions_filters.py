"""Filters: each tells its examples apart, and together they catch what models are known to get wrong."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.captions.captioner import bank, caption
from generators.captions.judging import blocking, filters, flags, gravest, judge
from generators.captions.normalise import normalise
from schemas.discovery import find
from schemas.filter import Filter, Said
from schemas.kind import Subject
from schemas.vocabulary import VOCABULARY
from tasks.describing.answers import statement_faults

FILTERS = filters()
JUDGED = yaml.safe_load((Path(__file__).parents[1] / "golden" / "judged_texts.yaml").read_text(encoding="utf-8"))
SOURCE = "A man with short brown hair wears a black jacket and grey trousers. He carries a backpack."


@pytest.mark.parametrize("tested", FILTERS, ids=lambda tested: tested.name)
def test_a_filter_tells_its_examples_apart(tested: Filter):
    assert tested.good
    assert tested.bad
    assert not [said for said in tested.good if tested.found(said)]
    assert not [said for said in tested.bad if not tested.found(said)]


def test_filters_are_found_by_name():
    names = [tested.name for tested in FILTERS]
    assert names == sorted(set(names))
    assert len(names) == 22


def as_answered(text: str, colourless: bool = False) -> set[str]:
    """The faults that stop a model's answer."""
    said = Said(normalise(text).text, colourless=colourless, raw=text)
    return {fault for fault in judge(said).faults if fault in blocking()}


def test_texts_that_were_reviewed_as_good_may_be_used():
    assert {text: faults for text in JUDGED["good"] if (faults := as_answered(text))} == {}
    assert {text: faults for text in JUDGED["good_without_colour"] if (faults := as_answered(text, True))} == {}
    assert len(JUDGED["good"]) > 190


def test_texts_that_were_reviewed_as_bad_are_stopped_by_the_fault_they_stand_under():
    listed = [(fault, text) for fault, texts in JUDGED["bad"].items() for text in texts]
    assert [(fault, text) for fault, text in listed if fault not in as_answered(text)] == []
    assert [text for text in JUDGED["bad_without_colour"] if "colour" not in as_answered(text, True)] == []
    assert len(listed) > 240
    assert min(len(texts) for texts in JUDGED["bad"].values()) >= 10


def test_the_reason_of_a_refusal_is_the_fault_of_form_that_may_have_caused_the_others():
    assert gravest(("disagrees", "models_differ", "refusal")) == "refusal"
    assert gravest(("facts_lost", "prompt_echo")) == "prompt_echo"
    assert gravest(("contradiction", "disagrees", "repeats")) == "contradiction"


@pytest.mark.parametrize("tested", FILTERS, ids=lambda tested: tested.name)
@given(text=st.text(max_size=120), source=st.none() | st.just(SOURCE), dark=st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_score_lies_between_0_and_1(tested: Filter, text: str, source: str | None, dark: bool):
    score = tested.score(Said(text, {"upper_type": "coat"}, ({"upper_type": "vest"},), source, 0.3, dark))
    assert score is None or 0 <= score <= 1


def test_what_people_write_is_not_held_to_what_models_must_keep():
    text = "I saw him in the background of the street, a man in a coat"
    assert flags(text) == ()
    assert judge(Said(text)).faults == ("surroundings", "truncated")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("A man with short brown hair in a black jacket and grey trousers.", ("facts_lost",)),
        ("A man with short dark hair wears a black jacket, a red top and grey trousers, with a backpack.", ()),
        (
            "A man with short brown hair wears a white jacket and grey trousers and carries a backpack.",
            ("facts_added",),
        ),
        ("Sure, here is a man with a backpack.", ("facts_lost", "prompt_echo")),
    ],
)
def test_a_rewording_is_held_to_its_source(text: str, faults: tuple[str, ...]):
    assert set(faults) <= set(judge(Said(text, source=SOURCE)).faults)


def test_scores_that_are_measured_are_given_even_where_there_is_no_fault():
    judged = judge(Said("A man in an orange coat and jeans.", facts={"upper_color_primary": "red"}))
    assert judged.valid
    assert judged.scores == {"contradiction": 0.0, "disagrees": 0.0}


@pytest.mark.parametrize(
    ("source", "answer", "fault"),
    [
        (
            "A man with short brown hair wears a black jacket and grey trousers. He carries a backpack.",
            "A man with short brown hair and a black jacket and grey trousers.",
            "facts_lost",
        ),
        (
            "A girl with long black hair wears a pink hoodie and blue jeans. She carries a red backpack.",
            "A girl with long black hair and a pink hoodie and blue jeans.",
            "facts_lost",
        ),
        (
            "A blond woman wears a green coat and black trousers. She has a handbag.",
            "A woman with dark hair wears a green coat and black trousers and carries a handbag.",
            "facts_added",
        ),
        (
            "A woman with blond hair wears a green coat and black trousers. She carries a handbag.",
            "A woman with blonde hair and a green coat and black trousers is a woman with a handbag.",
            None,
        ),
    ],
)
def test_the_known_mistakes_of_a_small_text_model_are_caught(source: str, answer: str, fault: str | None):
    judged = judge(Said(answer, source=source))
    assert judged.valid == (fault is None)
    assert fault is None or fault in judged.faults


def test_a_caption_written_from_attributes_is_held_to_them():
    facts = {"hair_color": "blond", "upper_type": "coat", "upper_color_primary": "green", "hand_bag": "yes"}
    facts |= {"lower_type": "trousers", "lower_color_primary": "black", "gender_presentation": "feminine"}
    text = "A woman with dark hair carries a handbag and wears a green coat with a black top."
    assert "disagrees" in judge(Said(text, facts=facts)).faults


@given(
    st.fixed_dictionaries({}, optional={key: st.sampled_from(known.values) for key, known in VOCABULARY.items()}),
    st.sampled_from(sorted(bank())),
    st.integers(0, 2**64 - 1),
)
@settings(max_examples=200, deadline=None)
def test_what_rules_write_has_no_fault_and_agrees_with_what_is_known(facts: dict[str, str], style: str, seed: int):
    text = caption(facts, style, seed)
    assert text is None or judge(Said(text, facts=facts)).faults == (), text


@pytest.mark.parametrize("kind", ["claims", "difference", "dialogue"])
@given(
    facts=st.fixed_dictionaries({}, optional={key: st.sampled_from(known.values) for key, known in VOCABULARY.items()}),
    seed=st.integers(0, 2**64 - 1),
)
@settings(max_examples=60, deadline=None)
def test_statements_of_rules_have_no_fault(kind: str, facts: dict[str, str], seed: int):
    declared = find("generators.kinds", "KIND", kind)
    subject = Subject(facts=facts, other=facts | {"upper_type": "vest"}, text=caption(facts, "plain", seed) or "")
    for style in declared.styles:
        raw = declared.by_rule(declared.facts(subject), style, seed)
        for record in declared.parse(raw, subject, style) if raw else ():
            assert statement_faults(record, False) == (), record
