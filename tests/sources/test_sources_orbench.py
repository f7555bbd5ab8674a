"""ORBench: four folders per person, two files of numbers and captions, 32 lists of queries."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import ToyTree, read_toy

from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sample.layouts.orbench import query_keys
from generators.sources.orbench import SOURCE, read_lists
from schemas.rows import Caption, PersonImage, Reject

PATHS = [f"{folder}/{pid}/a.jpg" for folder in ("vis", "nir", "cp", "sk") for pid in ("0001", "0042")]
TRAIN = [{"id": 1, "file_path": "vis/0001/a.jpg", "caption": "A man in red"}]
TEST = {
    "RGB_GALLERY": [[42, "vis/0042/a.jpg"]],
    "TEXT": [[42, "A woman in blue."]],
    "SK": [[42, "sk/0042/a.jpg"]],
    "TEXT+NIR": [[42, "A woman in blue.", "nir/0042/a.jpg"], [42, "A girl.", "nir/0042/a.jpg"]],
}


def tree(train: Any = None, test: Any = None, *paths: str) -> ToyTree:
    files = {"train_annos.json": train or TRAIN, "test_gallery_and_queries.json": test or TEST}
    data = {name: value if isinstance(value, bytes) else json.dumps(value).encode() for name, value in files.items()}
    return ToyTree(dict.fromkeys([*PATHS, *paths], b"") | data)


def read(toy: ToyTree) -> tuple[dict[str, PersonImage], list[Reject]]:
    rows = list(SOURCE.read(toy))
    images = {row.relpath: row for row in rows if isinstance(row, PersonImage)}
    return images, [row for row in rows if isinstance(row, Reject)]


def told(toy: ToyTree) -> tuple[list[Caption], list[Reject]]:
    rows = list(SOURCE.captions(toy))
    return [row for row in rows if isinstance(row, Caption)], [row for row in rows if isinstance(row, Reject)]


@given(folder=st.sampled_from(["vis", "nir", "cp", "sk"]), pid=st.integers(0, 9999), number=st.integers(0, 99_999))
def test_a_path_gives_person_and_modality(folder: str, pid: int, number: int) -> None:
    images, refused = read_toy(SOURCE, f"{folder}/{pid:04d}/{number}.jpg")
    (row,) = images.values()
    assert refused == []
    assert (row.person_key, row.pid_raw) == (f"orbench:{pid:04d}", f"{pid:04d}")
    modalities = {"vis": "rgb", "nir": "near_infrared", "cp": "colour_drawing", "sk": "sketch"}
    assert row.modality == modalities[folder]


@pytest.mark.parametrize(
    ("relpath", "reason"),
    [
        ("vis/a.jpg", "bad_name"),
        ("vis/x1/a.jpg", "bad_name"),
        ("vis/0001/a.png", "bad_name"),
        ("vis/0001/b/a.jpg", "bad_name"),
        ("rgb/0001/a.jpg", "unknown_folder"),
    ],
)
def test_an_image_outside_the_tree_is_refused_with_a_reason(relpath: str, reason: str) -> None:
    images, refused = read_toy(SOURCE, relpath)
    assert (images, [row.reason for row in refused]) == ({}, [reason])


def test_drawings_and_infrared_follow_the_split_of_their_person() -> None:
    images, refused = read(tree(None, None, "vis/0001/b.jpg", "sk/0099/a.jpg"))
    assert refused == []
    assert {path: (row.source_split, row.split) for path, row in images.items() if "/0001/" in path} == {
        "vis/0001/a.jpg": ("train", "train"), "nir/0001/a.jpg": ("train", "train"),
        "cp/0001/a.jpg": ("train", "train"), "sk/0001/a.jpg": ("train", "train"),
        "vis/0001/b.jpg": ("unlisted", "none"),
    }  # fmt: skip
    assert images["vis/0042/a.jpg"].source_split == "gallery"
    assert (images["sk/0042/a.jpg"].source_split, images["sk/0042/a.jpg"].split) == ("query", "test")
    assert (images["sk/0099/a.jpg"].split, images["sk/0099/a.jpg"].role_flag) == ("none", "excluded")


def test_training_captions_belong_to_images_and_tested_ones_to_queries_only() -> None:
    captions, refused = told(tree())
    assert refused == []
    assert [(row.caption_id, row.image_id, row.text, row.valid, row.flags) for row in captions] == [
        ("orbench/vis/0001/a.jpg#0", "orbench/vis/0001/a.jpg", "A man in red.", True, ()),
        ("orbench/test_gallery_and_queries.json#000000", "orbench/vis/0042/a.jpg", "A woman in blue.", False,
         ("image_not_told",)),
        ("orbench/test_gallery_and_queries.json#000001", "orbench/vis/0042/a.jpg", "A girl.", False,
         ("image_not_told",)),
    ]  # fmt: skip


def test_the_lists_name_members_in_the_order_of_their_key() -> None:
    lists = read_lists(tree())
    assert lists["RGB_GALLERY"] == [("orbench/vis/0042/a.jpg",)]
    assert lists["SK"] == [("orbench/sk/0042/a.jpg",)]
    text = "orbench/test_gallery_and_queries.json#00000"
    assert lists["TEXT+NIR"] == [
        (f"{text}0", "orbench/nir/0042/a.jpg"), (f"{text}1", "orbench/nir/0042/a.jpg"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({"id": "1"}, "id '1'"),
        ({"id": True}, "id True"),
        ({"id": 2}, "the person of 0001 has the ids 1 and 2"),
        ({"file_path": "vis/0002/a.jpg"}, "its id 1 means the person of 0001 and of 0002"),
        ({"file_path": "nir/0001/a.jpg"}, "no path below vis/"),
        ({"file_path": "vis/0001/../a.jpg"}, "no path below vis/"),
        ({"file_path": None}, "no path below vis/"),
    ],
)
def test_a_training_record_that_cannot_be_meant_is_refused_by_number(train: dict[str, Any], said: str) -> None:
    images, refused = read(tree([TRAIN[0], TRAIN[0] | train]))
    assert images["vis/0001/a.jpg"].split == "train"
    assert [(row.reason, row.subject) for row in refused] == [("bad_record", "train_annos.json record 2")]
    assert said in refused[0].detail


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"SK": [[42]]}, "it is not a person and 1 items"),
        ({"SK": [[42, "nir/0042/a.jpg"]]}, "no path below sk/"),
        ({"SK": [[42, "sk/0001/a.jpg"]]}, "means the person of 0042 and of 0001"),
        ({"TEXT": [[43, "A man."]]}, "person 43 has no image"),
        ({"TEXT": [[42, " .. "]]}, "says nothing"),
        ({"TEXT": [[42, None]]}, "says nothing"),
        ({"TEXT": 3}, "it is not a person and 1 items"),
        ({"SK+SK": []}, "no combination"),
        ({"RGB+SK": []}, "no combination"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused_by_list_and_number(test: dict[str, Any], said: str) -> None:
    images, refused = read(tree(None, {"RGB_GALLERY": TEST["RGB_GALLERY"]} | test))
    assert images["vis/0042/a.jpg"].split == "test"
    assert [row.reason for row in refused] == ["bad_record"]
    assert next(iter(test)) in refused[0].subject
    assert said in refused[0].detail


def test_a_person_of_both_files_is_used_in_none() -> None:
    images, refused = read(tree([*TRAIN, {"id": 5, "file_path": "vis/0042/a.jpg", "caption": "A man."}]))
    assert {row.split for row in images.values() if row.pid_raw == "0042"} == {"none"}
    assert [(row.reason, row.subject) for row in refused] == [("contradiction", "orbench:0042")]


def test_a_listed_image_that_is_not_there_is_named_with_its_entry() -> None:
    gone = {"RGB_GALLERY": [[42, "vis/0042/a.jpg"], [42, "vis/0042/gone.jpg"]], "SK": [[42, "sk/0042/gone.jpg"]]}
    _, refused = read(tree(None, gone))
    assert [(row.reason, row.subject) for row in refused] == [
        ("missing_file", "orbench/sk/0042/gone.jpg"), ("missing_file", "orbench/vis/0042/gone.jpg"),
    ]  # fmt: skip
    assert "RGB_GALLERY 2" in refused[1].detail


def test_a_training_caption_that_says_nothing_is_refused_and_the_image_stays() -> None:
    toy = tree([TRAIN[0] | {"caption": None}])
    assert read(toy)[0]["vis/0001/a.jpg"].split == "train"
    captions, refused = told(toy)
    assert [(row.reason, row.subject) for row in refused] == [("empty", "orbench/vis/0001/a.jpg#0")]
    assert len(captions) == 2


@pytest.mark.parametrize("data", [b"3", b"\xff", b"[" * 100_000, b'{"a": 1, "a": 2}', b"[NaN]", b"null", b'{"SK": [[]'])
def test_files_that_cannot_be_trusted_are_one_refusal_each(data: bytes) -> None:
    images, refused = read(tree(data, data))
    assert [(row.reason, row.subject) for row in refused] == [
        ("damaged", "train_annos.json"), ("damaged", "test_gallery_and_queries.json"),
    ]  # fmt: skip
    assert {row.split for row in images.values()} == {"none"}


def test_the_drawn_folder_is_read_without_a_refusal_and_asks_in_thirty_two_ways(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["orbench"])
    folder = FolderTree(find_root("orbench", SOURCE, tmp_path))
    rows = list(SOURCE.read(folder))
    assert len([row for row in rows if isinstance(row, PersonImage)]) == len(rows) == 49
    captions = list(SOURCE.captions(folder))
    ids = {row.caption_id: row.person_key for row in captions if isinstance(row, Caption)}
    ids |= {row.image_id: row.person_key for row in rows if isinstance(row, PersonImage)}
    assert len(captions) == 21
    lists = read_lists(folder)
    assert set(lists) == {*query_keys(), "RGB_GALLERY"}
    assert len(lists["TEXT"]) == len(lists["RGB_GALLERY"]) == 9
    for groups in lists.values():
        assert all(len({ids[member] for member in group}) == 1 for group in groups)
