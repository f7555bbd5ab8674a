"""PA-100K: lists, label names, polarity, and label files that cannot be trusted."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.sources.pa100k import SOURCE
from schemas.errors import BadRawData
from schemas.rows import Attribute, PersonImage, Reject
from schemas.source import RawFile
from schemas.vocabulary import is_valid

# The order of the file, as the reference gives it.
NAMES = [
    "Female", "AgeOver60", "Age18-60", "AgeLess18", "Front", "Side", "Back", "Hat", "Glasses", "HandBag",
    "ShoulderBag", "Backpack", "HoldObjectsInFront", "ShortSleeve", "LongSleeve", "UpperStride", "UpperLogo",
    "UpperPlaid", "UpperSplice", "LowerStripe", "LowerPattern", "LongCoat", "Trousers", "Shorts", "Skirt&Dress",
    "boots",
]  # fmt: skip


@dataclass
class ToyTree:
    """A dataset in memory."""

    content: Mapping[str, bytes]
    label: str = "toy"

    def files(self) -> Sequence[RawFile]:
        return [RawFile(name, len(self.content[name]), 0) for name in sorted(self.content)]

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        if relpath not in self.content:
            raise BadRawData(f"The file {relpath!r} is missing.")
        return self.content[relpath]


def cell(texts: Sequence[str]) -> Any:
    column = np.empty((len(texts), 1), dtype=object)
    column[:, 0] = list(texts)
    return column


def mat(lists: Mapping[str, Mapping[str, Any]], names: Sequence[str] = NAMES, **changes: Any) -> bytes:
    """An annotation.mat: per split the flags of its pictures, as {name: row of 26 or {label: flag}}."""
    content: dict[str, Any] = {"attributes": cell(names)}
    for split in ("train", "val", "test"):
        rows = lists.get(split, {f"9000{len(split)}{split[0] == 't':d}.jpg": {}})
        table = [[row.get(name, 0) for name in names] if isinstance(row, dict) else row for row in rows.values()]
        content |= {f"{split}_images_name": cell(list(rows)), f"{split}_label": np.array(table, dtype=np.float64)}
    file = io.BytesIO()
    scipy.io.savemat(file, content | changes)
    return file.getvalue()


def values(data: bytes, *images: str, at: str = "annotation.mat") -> tuple[dict[tuple[str, str], str], list[Reject]]:
    tree = ToyTree(dict.fromkeys(images, b"") | {at: data})
    rows = list(SOURCE.attributes(tree))
    found = [row for row in rows if isinstance(row, Attribute)]
    assert all(is_valid(row.key, row.value) and row.level == "image" and row.person_key is None for row in found)
    return {((row.image_id or "").rpartition("/")[2], row.key): row.value for row in found}, [
        row for row in rows if isinstance(row, Reject)
    ]


def one(**flags: int) -> dict[str, str]:
    """What the labels of one picture say; names are given without `-` and `&`."""
    given = {name: flags.get(name.replace("-", "_").replace("&", "_"), 0) for name in NAMES}
    # A second picture holds a 0 and a 1 in every column.
    found, refused = values(mat({"train": {"000001.jpg": given}}), "data/000001.jpg")
    assert refused == []
    return {key: value for (_, key), value in found.items()}


def test_one_is_yes_and_zero_is_no() -> None:
    assert one() == {
        "gender_presentation": "masculine", "headwear": "none", "glasses": "none", "hand_bag": "no",
        "shoulder_bag": "no", "backpack": "no",
    }  # fmt: skip
    assert one(Female=1, Age18_60=1, Side=1, Hat=1, Glasses=1, HandBag=1, ShoulderBag=1, Backpack=1) == {
        "gender_presentation": "feminine", "age_group": "adult", "viewpoint": "side", "hand_bag": "yes",
        "glasses": "glasses|sunglasses", "shoulder_bag": "yes", "backpack": "yes",
    }  # fmt: skip


def test_stride_means_stripes_of_the_upper_garment_and_lower_stripe_those_of_the_lower() -> None:
    assert one(UpperStride=1)["upper_pattern"] == "striped"
    assert "lower_pattern" not in one(UpperStride=1)
    assert one(LowerStripe=1)["lower_pattern"] == "striped"
    assert "upper_pattern" not in one(LowerStripe=1)
    assert "lower_pattern" not in one(LowerPattern=1)


def test_garments_and_ages_are_the_alternatives_that_a_label_leaves_open() -> None:
    trousers = one(Trousers=1, LongSleeve=1, LongCoat=1, boots=1, AgeLess18=1, HoldObjectsInFront=1)
    assert trousers["lower_type"] == "trousers|jeans|leggings|sweatpants|suit_trousers"
    assert (trousers["lower_length"], trousers["upper_sleeve"], trousers["upper_type"]) == ("long", "long", "coat")
    assert (trousers["age_group"], trousers["action"]) == ("child|teenager", "holding")
    assert trousers["footwear_type"] == "boots"
    assert one(Shorts=1)["lower_type"] == "shorts"
    assert one(Skirt_Dress=1)["lower_type"] == "skirt|dress"
    assert one(UpperLogo=1, UpperPlaid=1)["upper_pattern"] == "plaid|logo_text"


def test_nobody_is_said_to_wear_no_glasses_from_behind() -> None:
    assert "glasses" not in one(Back=1)
    assert one(Front=1)["glasses"] == "none"


def test_labels_are_found_by_name_in_any_order() -> None:
    shuffled = mat({"train": {"000001.jpg": {"Female": 1, "boots": 1}}}, names=NAMES[::-1])
    found, refused = values(shuffled, "data/000001.jpg")
    assert refused == []
    assert found["000001.jpg", "gender_presentation"] == "feminine"
    assert found["000001.jpg", "footwear_type"] == "boots"


def test_every_index_of_the_official_order_means_what_its_name_says() -> None:
    rows = {f"{i:06d}.jpg": [int(i == j) for j in range(26)] for i in range(26)}
    found, refused = values(mat({"train": rows}), *(f"data/{name}" for name in rows))
    assert refused == []
    wanted = {
        0: ("gender_presentation", "feminine"), 1: ("age_group", "senior"), 2: ("age_group", "adult"),
        3: ("age_group", "child|teenager"), 4: ("viewpoint", "front"), 5: ("viewpoint", "side"),
        6: ("viewpoint", "back"), 8: ("glasses", "glasses|sunglasses"), 9: ("hand_bag", "yes"),
        10: ("shoulder_bag", "yes"), 11: ("backpack", "yes"), 12: ("action", "holding"),
        13: ("upper_sleeve", "short"), 14: ("upper_sleeve", "long"), 15: ("upper_pattern", "striped"),
        16: ("upper_pattern", "logo_text"), 17: ("upper_pattern", "plaid"), 18: ("upper_pattern", "spliced"),
        19: ("lower_pattern", "striped"), 21: ("upper_type", "coat"), 22: ("lower_length", "long"),
        23: ("lower_length", "short|knee"), 24: ("lower_type", "skirt|dress"), 25: ("footwear_type", "boots"),
    }  # fmt: skip
    assert {i: found[f"{i:06d}.jpg", key] for i, (key, _) in wanted.items()} == {i: v for i, (_, v) in wanted.items()}
    assert ("000007.jpg", "headwear") not in found
    assert ("000000.jpg", "headwear") in found


def test_labels_that_exclude_each_other_are_refused_and_the_rest_of_the_picture_stays() -> None:
    both = {"Front": 1, "Back": 1, "ShortSleeve": 1, "LongSleeve": 1, "Female": 1}
    found, refused = values(mat({"train": {"000001.jpg": both}}), "data/000001.jpg")
    assert [(row.reason, row.subject) for row in refused] == [("contradiction", "pa100k/data/000001.jpg")] * 2
    assert "viewpoint would be front and back at once" in refused[0].detail
    assert found["000001.jpg", "gender_presentation"] == "feminine"
    assert ("000001.jpg", "viewpoint") not in found


def test_an_impossible_number_is_refused_by_label_and_says_nothing() -> None:
    rows = {"000001.jpg": {"Female": 0}, "000002.jpg": {"Female": 7}, "000003.jpg": {"Female": float("nan")}}
    found, refused = values(mat({"train": rows}), *(f"data/{name}" for name in rows))
    assert [(row.reason, row.subject) for row in refused] == [("impossible_value", "annotation.mat#train_label#Female")]
    assert "is 7 for 'pa100k/data/000002.jpg' and odd for 2 images" in refused[0].detail
    assert [name for name, key in found if key == "gender_presentation"] == ["000001.jpg"]


def test_a_label_that_counts_from_one_is_refused_as_a_whole() -> None:
    rows = {"000001.jpg": {"Female": 1}, "000002.jpg": {"Female": 2}}
    found, refused = values(mat({"train": rows}), *(f"data/{name}" for name in rows))
    assert [row.reason for row in refused] == ["bad_base"]
    assert not any(key == "gender_presentation" for _, key in found)


def test_a_missing_label_is_refused_by_name() -> None:
    names = [name if name != "Hat" else "Cap" for name in NAMES]
    _, refused = values(mat({"train": {"000001.jpg": {}}}, names=names), "data/000001.jpg")
    assert {(row.reason, row.subject.rpartition("#")[2]) for row in refused} == {("bad_column", "Hat")}


LISTS: dict[str, dict[str, dict[str, int]]] = {
    "train": {"000001.jpg": {}},
    "val": {"000002.jpg": {}},
    "test": {"000003.jpg": {}},
}


@pytest.mark.parametrize("folder", ["data", "release_data", "release_data/release_data"])
@pytest.mark.parametrize("at", ["annotation.mat", "annotation/annotation.mat"])
def test_both_folders_and_both_places_of_the_label_file_are_read(folder: str, at: str) -> None:
    tree = ToyTree({f"{folder}/{n:06d}.jpg": b"" for n in (1, 2, 3)} | {at: mat(LISTS)})
    rows = list(SOURCE.read(tree))
    assert [(row.split, row.source_split, row.role_flag) for row in rows if isinstance(row, PersonImage)] == [
        ("train", "train", "normal"), ("val", "val", "normal"), ("test", "test", "normal"),
    ]  # fmt: skip
    assert any(isinstance(row, Attribute) for row in SOURCE.attributes(tree))


def test_pictures_and_lists_that_do_not_meet_are_told() -> None:
    names = ["data/000001.jpg", "release_data/000001.jpg", "data/000009.jpg", "data/x.jpg", "other/000002.jpg"]
    rows = list(SOURCE.read(ToyTree(dict.fromkeys(names, b"") | {"annotation.mat": mat(LISTS)})))
    images = {row.relpath: (row.split, row.role_flag) for row in rows if isinstance(row, PersonImage)}
    assert images == {
        "data/000001.jpg": ("train", "normal"), "release_data/000001.jpg": ("none", "duplicate"),
        "data/000009.jpg": ("none", "excluded"),
    }  # fmt: skip
    assert sorted(row.reason for row in rows if isinstance(row, Reject)) == [
        "bad_name", "missing_file", "missing_file", "unknown_folder",
    ]  # fmt: skip


def test_a_picture_of_two_lists_is_used_in_none() -> None:
    torn = LISTS | {"val": {"000001.jpg": {}}}
    tree = ToyTree({"data/000001.jpg": b"", "annotation.mat": mat(torn)})
    (image,) = [row for row in SOURCE.read(tree) if isinstance(row, PersonImage)]
    assert (image.split, image.role_flag) == ("none", "excluded")
    rows = list(SOURCE.attributes(tree))
    assert [row.reason for row in rows if isinstance(row, Reject)] == ["contradiction"]
    assert not any(isinstance(row, Attribute) for row in rows)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"MATLAB", b"<html>404</html>", mat(LISTS)[:900], mat(LISTS, attributes=cell(NAMES[:5])),
        mat(LISTS, train_label=np.zeros((2, 26))), mat(LISTS, val_images_name=np.zeros(3)),
    ],
)  # fmt: skip
def test_a_label_file_that_cannot_be_trusted_is_one_refusal_and_the_pictures_are_kept_out(data: bytes) -> None:
    tree = ToyTree({"data/000001.jpg": b"", "annotation.mat": data})
    (refused,) = SOURCE.attributes(tree)
    assert isinstance(refused, Reject)
    assert (refused.reason, refused.subject) == ("damaged", "annotation.mat")
    (image,) = SOURCE.read(tree)
    assert isinstance(image, PersonImage)
    assert (image.split, image.parse_warnings) == ("none", ("no_labels",))


_MAT = mat(LISTS)


@settings(max_examples=60, deadline=None)
@given(places=st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_broken_bytes_never_raise(places: list[tuple[int, int]]) -> None:
    data = bytearray(_MAT)
    for place, value in places:
        data[place % len(data)] = value
    tree = ToyTree({"data/000001.jpg": b"", "annotation.mat": bytes(data)})
    assert len([row for row in SOURCE.read(tree) if isinstance(row, PersonImage)]) == 1
    list(SOURCE.attributes(tree))
