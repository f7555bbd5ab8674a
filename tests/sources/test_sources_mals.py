"""MALS: 0 is the first alternative, in the label order of its own, and -1 says nothing."""

import json
from typing import Any

import pytest
from sources_toy import ToyTree

from generators.sources.mals import SOURCE
from schemas.rows import Attribute, Caption, PersonImage, Reject
from schemas.vocabulary import is_valid

UNKNOWN = [-1] * 27


def tree(records: Any, *images: str) -> ToyTree:
    data = records if isinstance(records, bytes) else json.dumps(records).encode()
    return ToyTree({f"gene_crop/{name}": b"" for name in images} | {"gene_attrs/g_c_g_a_0_attrs.json": data})


def record(label: Any, path: str = "gene_crop/c_g_a_0/0.jpg", caption: Any = "a boy in black") -> dict[str, Any]:
    return {"image": path, "caption": caption, "image_id": "c_g_a_0_0", "label": label}


def values(label: Any) -> tuple[dict[str, str], list[str]]:
    rows = list(SOURCE.attributes(tree([record(label)], "c_g_a_0/0.jpg")))
    found = {row.key: row.value for row in rows if isinstance(row, Attribute)}
    assert all(is_valid(key, value) for key, value in found.items())
    return found, [row.reason for row in rows if isinstance(row, Reject)]


def at(**places: int) -> list[int]:
    return [places.get(f"p{i}", -1) for i in range(27)]


def test_zero_is_the_first_alternative_and_presence() -> None:
    first, _ = values([0] * 10 + [-1] * 17)
    assert first == {
        "gender_presentation": "feminine", "age_group": "child|teenager", "hair_length": "short", "backpack": "yes",
        "hand_bag": "yes", "shoulder_bag": "yes", "upper_sleeve": "long", "lower_length": "long",
        "lower_type": "skirt|dress",
    }  # fmt: skip
    second, _ = values([1] * 27)
    assert second == {
        "gender_presentation": "masculine", "age_group": "adult|senior", "hair_length": "long", "headwear": "none",
        "backpack": "no", "hand_bag": "no", "shoulder_bag": "no", "upper_sleeve": "short", "lower_length": "short",
    }  # fmt: skip


def test_backpack_handbag_and_bag_stand_in_this_order() -> None:
    assert values(at(p4=0))[0] == {"backpack": "yes"}
    assert values(at(p5=0))[0] == {"hand_bag": "yes"}
    assert values(at(p6=0))[0] == {"shoulder_bag": "yes"}


def test_minus_one_is_unknown_and_never_no() -> None:
    assert values(UNKNOWN) == ({}, [])


def test_the_colours_have_an_order_of_their_own_and_zero_is_there() -> None:
    upper = ["black", "white", "red", "purple", "yellow", "blue", "green", "grey"]
    lower = ["black", "white", "purple", "yellow", "blue", "green", "pink", "grey", "brown"]
    for first, colours, key in ((10, upper, "upper_color_primary"), (18, lower, "lower_color_primary")):
        for place, colour in enumerate(colours, start=first):
            assert values([int(i != place) if i >= 10 else -1 for i in range(27)])[0] == {key: colour}
    assert values(at(p10=0, p11=0))[0] == {"upper_color_primary": "black|white"}


@pytest.mark.parametrize("label", [[0] * 26, "0" * 27, None, {"0": 1}])
def test_a_label_of_another_form_is_refused(label: Any) -> None:
    assert values(label) == ({}, ["bad_column"])


def test_an_impossible_number_is_refused_by_place_and_the_rest_stays() -> None:
    assert values([2, True, 0.5, *[-1] * 3, 0, *[-1] * 20]) == ({"shoulder_bag": "yes"}, ["impossible_value"] * 3)


def test_a_caption_is_the_machine_s_and_joins_with_and_without_the_folder() -> None:
    for path in ("gene_crop/c_g_a_0/0.jpg", "c_g_a_0/0.jpg"):
        (caption,) = SOURCE.captions(tree([record(UNKNOWN, path)], "c_g_a_0/0.jpg"))
        assert isinstance(caption, Caption)
        assert (caption.person_key, caption.caption_source) == ("mals:c_g_a_0_0", "mllm:mals")
        assert caption.text == "a boy in black."


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([record(UNKNOWN, "gene_crop/c_g_a_0/9.jpg")], "missing_file"),
        ([record(UNKNOWN, "../x.jpg")], "bad_record"),
        (["x"], "bad_record"),
        ([record(UNKNOWN, caption=None)], "empty"),
        (b'[{"image": "c_g_a_0/0.jpg", "image": "c_g_a_0/0.jpg"}]', "bad_record"),
        (b'[{"image": NaN}]', "damaged"),
        (b"{}", "damaged"),
        (b'[{"image": "c_g_a_0', "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"[\xff", "damaged"),
    ],
)
def test_a_record_that_cannot_be_used_is_one_refusal(records: Any, reason: str) -> None:
    (refused,) = SOURCE.captions(tree(records, "c_g_a_0/0.jpg"))
    assert isinstance(refused, Reject)
    assert refused.reason == reason


def test_a_second_record_of_a_picture_is_refused() -> None:
    rows = list(SOURCE.captions(tree([record(UNKNOWN), record(UNKNOWN)], "c_g_a_0/0.jpg")))
    assert [row.reason for row in rows if isinstance(row, Reject)] == ["duplicate"]


def test_foreign_names_are_refused() -> None:
    rows = list(SOURCE.read(ToyTree({"gene_crop/x.png": b"", "a/b/c/1.jpg": b"", "gene_crop/4x/7.jpg": b""})))
    assert [row.reason for row in rows if isinstance(row, Reject)] == ["bad_name", "bad_name"]
    assert [row.box_source for row in rows if isinstance(row, PersonImage)] == ["generated"]
