"""SYNTH-PEDES: six slots of words, captions of a model and of a template, and ids that must agree with paths."""

import json
from typing import Any

import pytest
from sources_toy import ToyTree

from generators.sources.synth_pedes import SOURCE
from schemas.rows import Attribute, Caption, Reject
from schemas.vocabulary import is_valid


def record(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7, "file_path": "Part1/7/1.jpg",
        "attributes": ["man,black hair,black shirt,pink shorts,black shoes,unknown"],
        "captions": ["A man in black.", "He wears shorts"], "prompt_caption": ["A man with black hair."],
    } | changes  # fmt: skip


def tree(records: Any) -> ToyTree:
    data = records if isinstance(records, bytes) else json.dumps(records).encode()
    return ToyTree({"Part1/7/1.jpg": b"", "Part1/7/2.jpg": b"", "synthpedes_dataset.json": data})


def values(slots: Any) -> tuple[dict[str, str], list[str]]:
    rows = list(SOURCE.attributes(tree([record(attributes=slots)])))
    found = {row.key: row.value for row in rows if isinstance(row, Attribute)}
    assert all(is_valid(key, value) for key, value in found.items())
    return found, [row.reason for row in rows if isinstance(row, Reject)]


def test_six_slots_give_the_words_of_the_vocabulary_and_unknown_gives_nothing() -> None:
    assert values(["man,black hair,black shirt,pink shorts,black shoes,unknown"])[0] == {
        "gender_presentation": "masculine", "hair_color": "black", "upper_color_primary": "black",
        "upper_type": "shirt", "lower_color_primary": "pink", "lower_type": "shorts", "footwear_color": "black",
    }  # fmt: skip
    assert values(["unknown,unknown,unknown,unknown,unknown,unknown"]) == ({}, [])
    assert values(["Woman, blonde hair ,gray t-shirt,blue pants,white sneakers,black handbag"])[0] == {
        "gender_presentation": "feminine", "hair_color": "blond", "upper_color_primary": "grey",
        "upper_type": "t_shirt", "lower_color_primary": "blue", "footwear_color": "white",
        "lower_type": "trousers|jeans|leggings|sweatpants|suit_trousers", "footwear_type": "sneakers",
        "hand_bag": "yes",
    }  # fmt: skip


@pytest.mark.parametrize("slots", [["man,black hair"], ["a,b,c,d,e,f,g"], [], ["a", "b"], "a,b,c,d,e,f", [3], None])
def test_another_number_of_slots_is_refused(slots: Any) -> None:
    assert values(slots) == ({}, ["bad_column"])


def test_captions_say_whether_a_model_or_a_template_wrote_them() -> None:
    captions = [row for row in SOURCE.captions(tree([record()])) if isinstance(row, Caption)]
    assert [(c.caption_index, c.caption_source, c.model, c.text) for c in captions] == [
        (0, "mllm:spac", "spac", "A man in black."), (1, "mllm:spac", "spac", "He wears shorts."),
        (2, "template", None, "A man with black hair."),
    ]  # fmt: skip
    assert {c.person_key for c in captions} == {"synth_pedes:7"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(id=8), "contradiction"),
        (record(id="7"), "contradiction"),
        (record(file_path="Part1/7/3.jpg"), "missing_file"),
        (record(file_path="Part12/7/1.jpg"), "bad_record"),
        (record(file_path=None), "bad_record"),
        (3, "bad_record"),
        (record(), "duplicate"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_and_the_others_stay(bad: Any, reason: str) -> None:
    rows = list(SOURCE.captions(tree([record(), bad, record(file_path="Part1/7/2.jpg", captions=[])])))
    assert [row.reason for row in rows if isinstance(row, Reject)] == [reason]
    assert len([row for row in rows if isinstance(row, Caption)]) == 4


def test_records_are_read_across_the_windows_of_a_long_file() -> None:
    many = [record(file_path=f"Part1/7/{n % 2 + 1}.jpg", captions=["é" * 700]) for n in range(4000)]
    rows = list(SOURCE.captions(tree(json.dumps(many, ensure_ascii=False).encode())))
    assert sum(isinstance(row, Reject) and row.reason == "duplicate" for row in rows) == 3998
    assert len(rows) == 3998 + 4


@pytest.mark.parametrize("data", [b"", b"{}", b"[{]", b'[{"id": Infinity}]', b"[1 2]", b"[\xff"])
def test_a_file_that_is_no_list_is_refused_in_a_sentence(data: bytes) -> None:
    rows = list(SOURCE.captions(tree(data)))
    assert [row.reason for row in rows if isinstance(row, Reject)][-1] == "damaged"
    assert not any(isinstance(row, Caption) for row in rows)
