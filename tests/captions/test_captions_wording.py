"""The captioner: what it words is in the record, all of it is English, and everything follows from the key."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.captions.attribute_read import read
from generators.captions.captioner import MIN_WORDS, Template, bank, can_word, caption, most_words, styles
from generators.captions.judging import flags
from generators.captions.phrases import SLOTS, VARIANTS, phrases, with_article
from schemas.errors import UnknownName
from schemas.recipe import Describe
from schemas.vocabulary import COLOURS, NOT_VISIBLE, UNKNOWN, VOCABULARY

SEEDS = st.integers(0, 2**64 - 1)
COLOUR_WORDS = re.compile(
    r"\b(black|white|gr[ea]y|red|orange|yellow|green|blue|navy|purple|pink|brown|beige|multicoloured|blonde?)\b"
)


def values_of(key: str) -> list[str]:
    values = VOCABULARY[key].values
    pairs = [f"{a}|{b}" for a, b in pairwise(values) if "none" not in (a, b)]
    return [*values, *(pairs if key in ("lower_type", "upper_color_primary", "carried_object") else [])]


def records() -> st.SearchStrategy[dict[str, str]]:
    hidden = st.sampled_from([UNKNOWN, NOT_VISIBLE])
    known = {key: st.one_of(st.sampled_from(values_of(key)), hidden) for key in VOCABULARY}
    return st.fixed_dictionaries({}, optional=known)


FULL = {key: declared.values[-1] for key, declared in VOCABULARY.items()}
FULL |= {key: "dark_blue" for key in VOCABULARY if key.endswith(("_color", "_color_primary"))}
FULL |= {
    "gender_presentation": "feminine",
    "build": "heavy",
    "height_relative": "short",
    "hair_length": "medium",
    "glasses": "sunglasses",
    "headwear": "cap",
    "upper_type": "suit_jacket",
    "upper_color_secondary": "white",
    "upper_pattern": "logo_text",
    "upper_sleeve": "short",
    "upper_outer_open": "open",
    "lower_type": "shorts|skirt",
    "lower_length": "knee",
    "lower_pattern": "graphic",
    "footwear_type": "sneakers",
    "hair_color": "brown",
    "carried_object": "suitcase|box|plastic_bag|umbrella|child|bicycle",
    "action": "walking|phoning",
    "viewpoint": "back_side",
    "modality": "rgb",
}
BAD_ARTICLE = re.compile(
    r"\ba (?!uni)[aeiou]|\ban [^aeiou]|\ban? \w*(?:trousers|jeans|shorts|leggings|shoes|boots)\b", re.I
)
BAD_WORDS = re.compile(
    r"\b(?:none|unknown|not visible|they (?:is|has|wears|carries|was)|(?:he|she) (?:are|have|were|wear|carry))\b", re.I
)


def templates() -> Iterator[tuple[str, int, Template]]:
    for style, listed in bank().items():
        for number, template in enumerate(listed):
            yield style, number, template


@given(records(), st.sampled_from(styles()), SEEDS)
@settings(max_examples=300, deadline=None)
def test_every_caption_is_clean_english_within_bounds(record: dict[str, str], style: str, seed: int):
    text = caption(record, style, seed)
    if text is None:
        assert not can_word(record, style)
        return
    assert MIN_WORDS <= len(text.split()) <= most_words(style)
    assert not flags(text)
    assert not re.search(r"[\[\]{}<>|_\d\n]|  | [.,;:]|\.\.|,\.|: *\.", text)
    assert text.endswith(".")
    assert all(sentence[0].isupper() for sentence in text.split(". "))
    assert not re.search(
        r"\ba (?!uni)[aeiou]|\ban [^aeiou]|\ban? \w*(?:trousers|jeans|shorts|leggings|shoes|boots)\b", text, re.I
    )
    assert not re.search(
        r"\b(?:none|unknown|not visible|they (?:is|has|wears|carries|was)|(?:he|she) (?:are|have|were))\b", text
    )


@given(records(), st.sampled_from(styles()), SEEDS)
@settings(max_examples=300, deadline=None)
def test_what_can_be_read_back_is_what_the_record_says(record: dict[str, str], style: str, seed: int):
    text = caption(record, style, seed)
    for key, value in read(text or "").items():
        assert set(record.get(key, "").split("|")) & set(value.split("|")), (key, value, text)


@given(records(), st.sampled_from(styles()), SEEDS, st.sampled_from(["near_infrared", "thermal", "sketch"]))
@settings(max_examples=100, deadline=None)
def test_no_colour_is_named_without_colour(record: dict[str, str], style: str, seed: int, modality: str):
    text = caption(record | {"modality": modality}, style, seed)
    assert text is None or not COLOUR_WORDS.search(text)


@given(records(), SEEDS)
@settings(max_examples=100, deadline=None)
def test_the_biometric_style_says_nothing_of_clothes(record: dict[str, str], seed: int):
    body = {key for key, declared in VOCABULARY.items() if declared.survives_clothes_change} | {"modality"}
    text = caption(record, "biometric", seed)
    assert text == caption({key: value for key, value in record.items() if key in body}, "biometric", seed)


WORN = re.compile(
    r"\b(?:cloth\w*|outfit|garment|dress\w*|wear\w*|sunglasses|coat|jacket|shirt|top|trousers|jeans|shoes|hat|cap|bag)\b"
)


@given(records(), SEEDS)
@settings(max_examples=100, deadline=None)
def test_the_biometric_style_does_not_even_name_clothes(record: dict[str, str], seed: int):
    text = caption(record, "biometric", seed)
    assert text is None or not WORN.search(text.lower()), text


@given(records(), st.sampled_from(styles()), SEEDS)
@settings(max_examples=150, deadline=None)
def test_captions_spell_grey_one_way_and_speak_of_no_camera(record: dict[str, str], style: str, seed: int):
    text = caption(record, style, seed) or ""
    assert not re.search(r"\bgray\b|\bcamera\b|\bcrop\b|is no glasses|[Oo]n top there", text), text


@given(st.sampled_from(sorted(SLOTS)), records(), st.integers(0, VARIANTS - 1))
@settings(max_examples=150, deadline=None)
def test_what_is_not_known_is_not_said(slot: str, record: dict[str, str], variant: int):
    keys, _ = SLOTS[slot]
    blank = dict.fromkeys(keys, UNKNOWN)
    assert phrases(slot, record, variant) == phrases(slot, {k: record[k] for k in keys if k in record}, variant)
    if slot not in ("person", "noun"):
        assert phrases(slot, blank, variant) == ()


def test_known_type_and_colour_of_a_garment_are_always_worded():
    for colour in COLOURS:
        for kind in VOCABULARY["upper_type"].values:
            for variant in range(VARIANTS):
                (upper,) = phrases("upper", {"upper_type": kind, "upper_color_primary": colour}, variant)
                found = read(f"{upper}.")
                assert found["upper_color_primary"] == colour
                assert found.get("upper_type", "other") in (kind, "other"), (upper, found)
        for kind in ("trousers", "jeans", "leggings", "sweatpants", "shorts", "skirt", "dress", "suit_trousers"):
            (lower,) = phrases("lower", {"lower_type": kind, "lower_color_primary": colour}, 0)
            assert read(f"Look at {lower}.") == {"lower_type": kind, "lower_color_primary": colour}


def test_the_bank_is_wide_and_every_template_stays_within_bounds():
    listed = list(templates())
    assert len(listed) >= 35
    assert len({template.sentences for _, _, template in listed}) == len(listed)
    assert set(Describe().styles) <= set(styles())
    short = {"upper_type": "other", "lower_type": "jeans", "footwear_type": "boots", "hair_length": "short"}
    short |= {"glasses": "glasses", "action": "sitting", "gender_presentation": "masculine"}
    for style, number, _ in listed:
        for record in (short, FULL):
            text = caption(record, style, number)
            assert text is not None, (style, number)
            assert MIN_WORDS <= len(text.split()) <= most_words(style), text


def test_one_key_gives_one_caption_and_keys_vary_it():
    several = {caption(FULL, "plain", seed * 0x9E3779B97F4A7C15 % 2**64) for seed in range(200)}
    assert caption(FULL, "plain", 7) == caption(dict(reversed(FULL.items())), "plain", 7)
    assert len(several) > 100


def test_a_thin_record_has_no_caption():
    assert caption({"gender_presentation": "masculine", "modality": "rgb"}, "plain", 1) is None
    assert caption({}, "witness", 1) is None


def test_a_misspelt_style_is_named():
    with pytest.raises(UnknownName, match=r"no caption style named 'plane'\. Did you mean 'plain'"):
        caption(FULL, "plane", 1)


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("orange top", "an orange top"),
        ("uniform", "a uniform"),
        ("blue jeans", "blue jeans"),
        ("umbrella", "an umbrella"),
        ("tall, slim man", "a tall, slim man"),
    ],
)
def test_a_phrase_takes_the_article_that_its_first_sound_wants_and_a_plural_none(phrase: str, expected: str):
    assert with_article(phrase) == expected


@pytest.mark.parametrize(
    ("slot", "facts", "expected"),
    [
        ("lower", {"lower_type": "skirt|dress", "lower_color_primary": "blue"}, "a blue skirt or dress"),
        ("lower", {"lower_type": "shorts|skirt", "lower_color_primary": "blue"}, "blue shorts or a blue skirt"),
        ("lower", {"lower_type": "trousers|jeans|leggings", "lower_length": "long"}, "pants"),
        ("lower", {"lower_color_primary": "dark_blue"}, "dark blue bottoms"),
        ("upper", {"upper_type": "dress_top", "lower_type": "dress", "upper_color_primary": "red"}, ""),
        ("lower", {"upper_type": "dress_top", "lower_type": "dress", "upper_sleeve": "long"}, "a long-sleeved dress"),
        (
            "lower",
            {"upper_type": "dress_top", "lower_type": "dress", "upper_sleeve": "short", "lower_length": "short"},
            "a short dress with short sleeves",
        ),
        ("upper", {"upper_color_primary": "red|orange", "upper_sleeve": "short"}, "a short-sleeved red or orange top"),
        (
            "upper",
            {"upper_type": "coat", "upper_pattern": "plaid", "upper_outer_open": "open"},
            "a plaid coat worn open",
        ),
        ("hair", {"hair_length": "tied", "hair_color": "blond"}, "blond hair tied back"),
        ("absent", {"backpack": "no", "shoulder_bag": "no", "hand_bag": "no"}, "no bag"),
        ("bags", {"hand_bag": "yes", "hand_bag_color": "orange"}, "an orange handbag"),
        ("carried", {"carried_object": "box|umbrella|child"}, "a box and an umbrella"),
    ],
)
def test_a_slot_says_what_is_known_of_it_in_correct_english(slot: str, facts: dict[str, str], expected: str):
    assert " and ".join(phrases(slot, facts, 0)) == expected
