"""RegDB: names, forty lists of ten trials, and what the names tell of persons."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import ToyTree, read_toy

from generators.raw_tree import FolderTree, find_root
from generators.regdb_trials import TRIALS, all_lists, trials_of, variant_of
from generators.sample import write_sample
from generators.sample.layouts.regdb import halves
from generators.sources.regdb import SOURCE
from schemas.rows import Attribute, PersonImage, Reject

A, B = "Visible/1/male_back_v_00040_1.bmp", "Visible/2/female_front_v_00080_2.bmp"
WARM_A = "Thermal/1/male_back_t_00040_1.bmp"


def lists(**lines: str) -> dict[str, bytes]:
    """All forty lists, empty but for those given: train_visible_1=..."""
    return {relpath: lines.get(relpath[4:-4], "").encode() for relpath, *_ in all_lists()}


@given(
    warm=st.booleans(),
    pid=st.integers(0, 999),
    gender=st.sampled_from(["male", "female"]),
    view=st.sampled_from(["front", "back"]),
    frame=st.integers(0, 99_999),
)
def test_a_name_gives_back_the_parts_it_was_made_of(warm: bool, pid: int, gender: str, view: str, frame: int) -> None:
    folder, letter = ("Thermal", "t") if warm else ("Visible", "v")
    images, refused = read_toy(SOURCE, f"{folder}/{pid}/{gender}_{view}_{letter}_{frame:05d}_{pid}.bmp")
    (row,) = images.values()
    assert refused == []
    assert (row.person_key, row.pid_raw, row.frame, row.body_view) == (f"regdb:{pid:03d}", str(pid), frame, view)
    assert (row.modality, row.cam_key) == ("thermal" if warm else "rgb", f"regdb:{folder.lower()}")


@pytest.mark.parametrize(
    ("relpath", "reason"),
    [
        ("Visible/1/male_back_v_00040_2.bmp", "bad_name"),
        ("Visible/1/male_back_t_00040_1.bmp", "bad_name"),
        ("Visible/1/man_back_v_00040_1.bmp", "bad_name"),
        ("Visible/1/male_side_v_00040_1.bmp", "bad_name"),
        ("Visible/1/male_back_v_00040_1.jpg", "bad_name"),
        ("Visible/1/2/male_back_v_00040_1.bmp", "bad_name"),
        ("visible/1/male_back_v_00040_1.bmp", "unknown_folder"),
        ("male_back_v_00040_1.bmp", "unknown_folder"),
    ],
)
def test_an_image_outside_the_grammar_is_refused_with_a_reason(relpath: str, reason: str) -> None:
    images, refused = read_toy(SOURCE, relpath)
    assert (images, [row.reason for row in refused]) == ({}, [reason])


@given(name=st.text(min_size=1, max_size=50).filter(lambda text: "/" not in text and "\0" not in text))
def test_any_name_gives_one_row_or_one_refusal(name: str) -> None:
    images, refused = read_toy(SOURCE, f"Visible/1/{name}.bmp")
    assert len(images) + len(refused) == 1


@given(halves=st.dictionaries(st.integers(1, 10), st.sampled_from(["train", "test"])))
def test_trials_survive_their_text(halves: dict[int, str]) -> None:
    assert trials_of(variant_of(halves)) == halves


def test_the_same_label_means_other_persons_in_other_trials_and_the_first_trial_is_the_split() -> None:
    content = lists(
        train_visible_1=f"{A} 0\n", train_thermal_1=f"{WARM_A} 0\n", test_visible_1=f"{B} 0\n",
        train_visible_2=f"\r\n{B} 0\r\n\r\n", test_visible_2=f"{A} 0", test_thermal_2=f"{WARM_A} 0",
    )  # fmt: skip
    images, refused = read_toy(SOURCE, A, B, WARM_A, lists=content)
    assert refused == []
    assert {path: (row.split, row.variant) for path, row in images.items()} == {
        A: ("train", "train:1;test:2"), B: ("test", "train:2;test:1"), WARM_A: ("train", "train:1;test:2"),
    }  # fmt: skip


def test_an_image_of_other_trials_only_is_kept_out_of_the_splits() -> None:
    images, _ = read_toy(SOURCE, A, lists=lists(train_visible_3=f"{A} 4\n"))
    row = images[A]
    assert (row.split, row.source_split, row.role_flag, row.variant) == ("none", "unlisted", "excluded", "train:3")


@pytest.mark.parametrize(
    ("content", "reason", "said"),
    [
        ({"train_visible_1": f"{A} 0", "test_visible_1": f"{A} 0"}, "contradiction", "train half of trial 1"),
        ({"train_visible_1": f"{A} 0\n{B} 0"}, "contradiction", "label 0 means person 1"),
        ({"train_visible_1": f"{A} 0\n{B}"}, "bad_record", "is not an image of Visible/"),
        ({"train_visible_1": f"{A} 0\n{WARM_A} 0"}, "bad_record", "is not an image of Visible/"),
        ({"train_visible_1": f"{A} 0\n../x 1"}, "bad_record", "'../x 1'"),
        ({"train_visible_1": f"{A} 0\nVisible/9/male_back_v_1_9.bmp 1"}, "missing_file", "is listed"),
    ],
)
def test_a_bad_line_is_refused_by_number_and_the_others_count(content: dict[str, str], reason: str, said: str) -> None:
    images, refused = read_toy(SOURCE, A, B, WARM_A, lists=lists(**content))
    assert images[A].split == "train"
    assert [row.reason for row in refused] == [reason]
    assert said in refused[0].detail
    assert " line " in refused[0].subject


def test_a_missing_and_an_unreadable_list_are_named() -> None:
    content = lists(train_visible_1=f"{A} 0") | {"idx/test_visible_7.txt": "Visible/1/ä 0".encode()}
    del content["idx/train_thermal_5.txt"]
    images, refused = read_toy(SOURCE, A, lists=content)
    assert [(row.subject, row.reason) for row in refused] == [
        ("idx/train_thermal_5.txt", "damaged"), ("idx/test_visible_7.txt", "damaged"),
    ]  # fmt: skip
    assert images[A].split == "train"


def test_names_tell_gender_and_view_and_a_disputed_gender_is_nobodys() -> None:
    tree = ToyTree(dict.fromkeys([A, WARM_A, B, "Visible/2/male_back_v_00081_2.bmp"], b""))
    rows = list(SOURCE.attributes(tree))
    told = {(row.person_key or row.image_id, row.key): row.value for row in rows if isinstance(row, Attribute)}
    assert told["regdb:001", "gender_presentation"] == "masculine"
    assert told[f"regdb/{WARM_A}", "viewpoint"] == "back"
    assert ("regdb:002", "gender_presentation") not in told
    assert [(row.subject, row.reason) for row in rows if isinstance(row, Reject)] == [("regdb:002", "contradiction")]


def test_the_drawn_folder_gives_every_trial_back(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["regdb"])
    rows = list(SOURCE.read(FolderTree(find_root("regdb", SOURCE, tmp_path))))
    images = [row for row in rows if isinstance(row, PersonImage)]
    assert len(images) == len(rows) == 48
    for trial in TRIALS:
        for half, persons in halves("tiny", 7, trial).items():
            found = [row for row in images if trials_of(row.variant)[trial] == half]
            assert {int(row.pid_raw) for row in found} == set(persons)
            assert len(found) == 24
    assert {row.split for row in images} == {"train", "test"}
    assert all(row.split == trials_of(row.variant)[1] for row in images)
