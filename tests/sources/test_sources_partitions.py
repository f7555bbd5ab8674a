"""PETA and RAP: five random partitions, labels found by name, and files of either version."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.io
from sources_toy import ToyTree

from generators.sources import peta, rap
from schemas.rows import Attribute, PersonImage, Reject
from schemas.source import Source
from schemas.vocabulary import is_valid

# The first 35 labels, in the order of the file.
PETA = [
    "personalLess30", "personalLess45", "personalLess60", "personalLarger60", "carryingBackpack", "carryingOther",
    "lowerBodyCasual", "upperBodyCasual", "lowerBodyFormal", "upperBodyFormal", "accessoryHat", "upperBodyJacket",
    "lowerBodyJeans", "footwearLeatherShoes", "upperBodyLogo", "hairLong", "personalMale", "carryingMessengerBag",
    "accessoryMuffler", "accessoryNothing", "carryingNothing", "upperBodyPlaid", "carryingPlasticBags",
    "footwearSandals", "footwearShoes", "lowerBodyShorts", "upperBodyShortSleeve", "lowerBodyShortSkirt",
    "footwearSneaker", "upperBodyThinStripes", "accessorySunglasses", "lowerBodyTrousers", "upperBodyTshirt",
    "upperBodyOther", "upperBodyVNeck",
]  # fmt: skip
RAP1 = [
    "Female", "AgeLess16", "Age17-30", "Age31-45", "BodyFat", "BodyNormal", "BodyThin", "Customer", "Clerk",
    "hs-BaldHead", "hs-LongHair", "hs-BlackHair", "hs-Hat", "hs-Glasses", "hs-Muffler", "ub-Shirt", "ub-Sweater",
    "ub-Vest", "ub-TShirt", "ub-Cotton", "ub-Jacket", "ub-SuitUp", "ub-Tight", "ub-ShortSleeve", "lb-LongTrousers",
    "lb-Skirt", "lb-ShortSkirt", "lb-Dress", "lb-Jeans", "lb-TightTrousers", "shoes-Leather", "shoes-Sport",
    "shoes-Boots", "shoes-Cloth", "shoes-Casual", "attach-Backpack", "attach-SingleShoulderBag", "attach-HandBag",
    "attach-Box", "attach-PlasticBag", "attach-PaperBag", "attach-HandTrunk", "attach-Other", "action-Calling",
    "action-Talking", "action-Gathering", "action-Holding", "action-Pusing", "action-Pulling", "action-CarrybyArm",
    "action-CarrybyHand",
]  # fmt: skip
RENAMED = {
    "Female": "Femal", "shoes-Sport": "shoes-Sports", "action-Pusing": "action-Pushing", "hs-Muffler": "Age46-60",
    "attach-SingleShoulderBag": "attachment-ShoulderBag",
}  # fmt: skip
RAP2 = [RENAMED.get(name, name.replace("attach-", "attachment-")) for name in RAP1]
NAMES = [f"CAM{n:02d}_2014-02-15_20140215161032-20140215162620_tarid{n}_frame218_line1.png" for n in range(1, 6)]


def cell(items: Sequence[Any]) -> Any:
    column = np.empty((len(items), 1), dtype=object)
    column[:, 0] = list(items)
    return column


def parts(roles: Sequence[str], partitions: Sequence[Sequence[Sequence[int]]]) -> Any:
    return cell([{role: np.array([rows]).T for role, rows in zip(roles, one, strict=True)} for one in partitions])


FIVE = [
    [[1, 2], [3], [4, 5]],
    [[3, 4], [5], [1, 2]],
    [[1, 2], [3], [4, 5]],
    [[1, 2], [3], [4, 5]],
    [[1, 2], [3], [5, 4]],
]
TWO = [[train + val, test] for train, val, test in FIVE]


def flags(columns: Sequence[str], rows: Sequence[Mapping[str, int]], before: int = 0) -> Any:
    return np.array([[*[9] * before, *[row.get(name, 0) for name in columns]] for row in rows], dtype=np.float64)


def saved(name: str, value: Any) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, {name: value})
    return file.getvalue()


def peta_mat(*rows: Mapping[str, int], partitions: Any = FIVE, first: Sequence[str] = PETA) -> bytes:
    columns = [*first, *(f"extra{n}" for n in range(105 - len(first)))]
    table = flags(columns, [*rows, *[{}] * (5 - len(rows))], before=4)
    fields = {"data": table, "names": cell(columns), "chosen": np.arange(1, 36), "partition": None}
    fields["partition"] = parts(("train", "val", "test"), partitions)
    return saved("peta", fields)


def rap1_mat(*rows: Mapping[str, int], partitions: Any = TWO) -> bytes:
    columns = [*RAP1, *(f"extra{n}" for n in range(92 - len(RAP1)))]
    table = flags(columns, [*rows, *[{}] * (5 - len(rows))])
    return saved(
        "RAP_annotation",
        {
            "partition": parts(("trainval", "test"), partitions), "label": table, "position": np.zeros(3),
            "attribute": cell(columns), "chinese": cell(columns), "name": cell(NAMES),
        },
    )  # fmt: skip


def rap2_mat(*rows: Mapping[str, int]) -> bytes:
    columns = [*RAP2, *(f"extra{n}" for n in range(152 - len(RAP2)))]
    table = flags(columns, [*rows, *[{}] * (5 - len(rows))])
    five = parts(("train_index", "val_index", "test_index"), FIVE).T
    return saved(
        "RAP_annotation",
        {
            "name": cell(NAMES), "attribute": cell(columns), "data": table,
            "selected_attribute": np.arange(1, 55), "partition_attribute": five,
        },
    )  # fmt: skip


FILES = {
    "peta": (peta.SOURCE, "PETA.mat", [f"images/{n:05d}.png" for n in range(1, 6)]),
    "rap": (rap.SOURCE, "RAP_annotation/RAP_annotation.mat", [f"RAP_dataset/{name}" for name in NAMES]),
}


def images(name: str, data: bytes) -> tuple[list[PersonImage], list[Reject]]:
    source, at, files = FILES[name]
    rows = list(source.read(ToyTree(dict.fromkeys(files, b"") | {at: data})))
    return [row for row in rows if isinstance(row, PersonImage)], [row for row in rows if isinstance(row, Reject)]


def values(name: str, data: bytes) -> tuple[list[dict[str, str]], list[Reject]]:
    """What the labels say of each picture, and what was refused."""
    source, at, files = FILES[name]
    rows = list(source.attributes(ToyTree(dict.fromkeys(files, b"") | {at: data})))
    found: dict[str, dict[str, str]] = {f"{name}/{file}": {} for file in files}
    for row in rows:
        if isinstance(row, Attribute):
            assert is_valid(row.key, row.value)
            found[row.image_id or ""][row.key] = row.value
    return list(found.values()), [row for row in rows if isinstance(row, Reject)]


def test_the_first_partition_is_the_split_and_all_five_are_kept() -> None:
    rows, refused = images("peta", peta_mat())
    assert refused == []
    assert [row.split for row in rows] == ["train", "train", "val", "test", "test"]
    assert rows[0].variant == "partitions:train/test/train/train/train"
    assert rows[3].variant == "partitions:test/train/test/test/test"


def test_rap_one_trains_on_trainval_and_rap_two_has_validation() -> None:
    rows, _ = images("rap", rap1_mat())
    assert [(row.split, row.source_split) for row in rows[2:4]] == [("train", "trainval"), ("test", "test")]
    assert rows[3].variant == "V1 partitions:test/trainval/test/test/test"
    rows, _ = images("rap", rap2_mat())
    assert [(row.split, row.source_split) for row in rows[1:4]] == [
        ("train", "train_index"), ("val", "val_index"), ("test", "test_index"),
    ]  # fmt: skip
    assert rows[2].variant == "V2 partitions:val/train/val/val/val"


def test_peta_labels_start_at_the_fifth_column_and_mean_what_their_names_say() -> None:
    (first, second, third, *_), refused = values(
        "peta",
        peta_mat(
            {"personalMale": 1, "personalLess30": 1, "lowerBodyJeans": 1, "carryingBackpack": 1, "upperBodyLogo": 1},
            {"carryingNothing": 1, "personalLarger60": 1, "lowerBodyTrousers": 1, "accessorySunglasses": 1},
            {"accessoryHat": 1, "lowerBodyShortSkirt": 1, "carryingPlasticBags": 1, "hairLong": 1},
        ),
    )
    assert refused == []
    assert first == {
        "gender_presentation": "masculine", "age_group": "teenager|adult", "lower_type": "jeans",
        "lower_length": "long", "backpack": "yes", "upper_pattern": "logo_text", "headwear": "none",
    }  # fmt: skip
    assert (second["gender_presentation"], second["age_group"]) == ("feminine", "senior")
    assert [second[key] for key in ("backpack", "shoulder_bag", "hand_bag", "carried_object")] == ["no"] * 3 + ["none"]
    assert second["glasses"] == "sunglasses"
    assert "headwear" not in third
    assert (third["lower_type"], third["lower_length"], third["carried_object"]) == ("skirt", "short", "plastic_bag")


def test_nothing_carried_with_a_backpack_contradicts_itself() -> None:
    (first, *_), refused = values("peta", peta_mat({"carryingNothing": 1, "carryingBackpack": 1}))
    assert "backpack" not in first
    assert [row.reason for row in refused] == ["contradiction"]


def test_peta_labels_are_found_in_any_order_and_colours_where_the_file_has_them() -> None:
    data = peta_mat({"personalMale": 1, "upperBodyRed": 1}, first=[*PETA[::-1], "upperBodyRed"])
    (first, *_), refused = values("peta", data)
    assert refused == []
    assert (first["gender_presentation"], first["upper_color_primary"]) == ("masculine", "red")


@pytest.mark.parametrize(("mat", "female"), [(rap1_mat, "Female"), (rap2_mat, "Femal")])
def test_both_versions_of_rap_are_read_by_their_own_names(mat: Any, female: str) -> None:
    bag = "attach-SingleShoulderBag" if mat is rap1_mat else "attachment-ShoulderBag"
    row = {female: 1, "Age31-45": 1, "BodyFat": 1, "hs-BlackHair": 1, "ub-Cotton": 1, "lb-Jeans": 1, bag: 1}
    (first, second, *_), refused = values("rap", mat(row))
    assert refused == []
    assert first == {
        "gender_presentation": "feminine", "age_group": "adult", "build": "heavy", "hair_color": "black",
        "upper_type": "coat|down_jacket", "lower_type": "jeans", "lower_length": "long", "shoulder_bag": "yes",
        "headwear": "none", "glasses": "none", "backpack": "no", "hand_bag": "no",
    }  # fmt: skip
    assert (second["gender_presentation"], second["shoulder_bag"]) == ("masculine", "no")


def test_a_shirt_under_a_jacket_is_either() -> None:
    (first, *_), _ = values("rap", rap1_mat({"ub-Shirt": 1, "ub-Jacket": 1}))
    assert first["upper_type"] == "shirt|jacket"


@pytest.mark.parametrize(
    "partitions", [[[[1], [2], [6]]], [[[0], [2], [3]]], [[[1, 2], [2], [3]]], [[[1.5], [2], [3]]]]
)
def test_partitions_that_cannot_be_true_are_refused_and_no_picture_is_used(partitions: Any) -> None:
    data = peta_mat(partitions=partitions)
    rows, _ = images("peta", data)
    assert {(row.split, row.role_flag) for row in rows} == {("none", "excluded")}
    _, (refused,) = values("peta", data)
    assert (refused.reason, refused.subject) == ("damaged", "PETA.mat")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("data", [b"", b"<html>", saved("peta", np.zeros(3)), saved("RAP_annotation", {"a": 1})])
def test_a_file_of_another_form_is_one_refusal(name: str, data: bytes) -> None:
    rows, _ = images(name, data)
    assert {row.parse_warnings for row in rows} == {("no_labels",)}
    _, (refused,) = values(name, data)
    assert refused.reason == "damaged"


def test_listed_pictures_that_are_not_there_are_told() -> None:
    for source, at, data in ((peta.SOURCE, "PETA.mat", peta_mat()), (rap.SOURCE, FILES["rap"][1], rap1_mat())):
        rows = list(_read(source, at, data))
        assert [row.reason for row in rows if isinstance(row, Reject)] == ["missing_file"] * 5


def _read(source: Source, at: str, data: bytes) -> list[PersonImage | Reject]:
    return list(source.read(ToyTree({at: data})))
