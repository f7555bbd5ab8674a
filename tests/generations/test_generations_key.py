"""The request key: golden values, and what does and does not change it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.backend import Request
from tasks.generations.key import request_key

CAPTION = Request(
    kind="caption",
    prompt="Describe the person.",
    prompt_id="caption/1",
    images=("ab" * 32,),
    style="witness",
    model="some-vlm",
    revision="1234abcd",
    sampling={"temperature": 0.7, "max_tokens": 96},
    seed=11,
    response_schema='{"type":"object"}',
)
WORDED = Request(
    kind="caption", prompt="", prompt_id="rules", facts={"upper_type": "coat", "build": "slim"}, seed=2**64 - 1
)


def test_keys_of_known_requests_never_change():
    assert request_key(CAPTION, "qwen2-vl/50176") == "70d99ebf7f068e83d8e8cbd7ca64385eed5728d59f779037e53a9f74fc065c18"
    assert request_key(WORDED, "raw") == "3ca418ea3ef236c42a2325ace239d707bfd0eedc3b73eb046f3ab9b43f195b6a"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "attributes"},
        {"prompt": "Describe the person!"},
        {"images": ("ab" * 32, "cd" * 32)},
        {"facts": {"build": "slim"}},
        {"style": None},
        {"model": "other-vlm"},
        {"revision": "1234abce"},
        {"sampling": {"temperature": 0.7}},
        {"seed": 12},
        {"response_schema": None},
    ],
)
def test_every_part_of_the_content_is_in_the_key(change: dict[str, Any]):
    assert request_key(replace(CAPTION, **change), "p") != request_key(CAPTION, "p")


def test_the_preprocessing_matters_for_pictures_only():
    assert request_key(CAPTION, "p") != request_key(CAPTION, "q")
    assert request_key(WORDED, "p") == request_key(WORDED, "q")


def test_the_order_of_images_matters():
    two = replace(CAPTION, images=("ab" * 32, "cd" * 32))
    assert request_key(two, "p") != request_key(replace(two, images=two.images[::-1]), "p")


def test_the_name_of_a_prompt_is_no_content():
    assert request_key(replace(CAPTION, prompt_id="renamed"), "p") == request_key(CAPTION, "p")


def test_equal_numbers_have_one_form():
    whole = replace(CAPTION, sampling={"temperature": 0, "stop": ("a", "b"), "more": {"top_p": 1}})
    same = replace(CAPTION, sampling={"more": {"top_p": 1.0}, "stop": ["a", "b"], "temperature": 0.0})
    assert request_key(whole, "p") == request_key(same, "p")


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        request_key(replace(CAPTION, sampling={"temperature": float("nan")}), "p")


@given(st.permutations(["build", "headwear", "upper_type", "glasses"]))
def test_the_order_of_facts_does_not_matter(order: list[str]):
    facts = {key: key.upper() for key in order}
    assert request_key(replace(WORDED, facts=facts), "p") == request_key(
        replace(WORDED, facts=dict(sorted(facts.items()))), "p"
    )


def test_the_written_specification_gives_the_same_key():
    page = (Path(__file__).parents[2] / "docs" / "generations.md").read_text(encoding="utf-8")
    assert f"has the key `{request_key(WORDED, 'raw')}`" in page
