"""MSMT17: two sets that number persons from 0, four lists, V1 and V2."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import read_toy

from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sources.msmt17 import SOURCE
from schemas.errors import BadRawData
from schemas.rows import PersonImage

A = "0005/0005_000_11_0302morning_0025_1.jpg"
B = "0005/0005_001_15_0303noon_0025_1_ex.jpg"
NO_LISTS = {"list_train.txt": b"", "list_query.txt": b"", "list_gallery.txt": b""}


@given(
    pid=st.integers(0, 9999),
    photo=st.integers(0, 999),
    camera=st.integers(1, 15),
    day=st.sampled_from(["0113", "0114", "0302", "0303"]),
    part=st.sampled_from(["morning", "noon", "afternoon"]),
    frame=st.integers(0, 999_999),
    box=st.integers(0, 99),
    extra=st.booleans(),
    folder=st.sampled_from(["train", "test", "mask_train_v2", "mask_test_v2"]),
)
def test_a_name_gives_back_the_parts_it_was_made_of(
    pid: int, photo: int, camera: int, day: str, part: str, frame: int, box: int, extra: bool, folder: str
) -> None:
    name = f"{pid:04d}_{photo:03d}_{camera:02d}_{day}{part}_{frame:04d}_{box}{'_ex' if extra else ''}.jpg"
    images, refused = read_toy(SOURCE, f"{folder}/{pid:04d}/{name}")
    (row,) = images.values()
    scope = "train" if "train" in folder else "test"
    assert refused == []
    assert (row.pid_raw, row.person_key) == (f"{pid:04d}", f"msmt17:{scope}/{pid:04d}")
    assert (row.cam_raw, row.cam_key, row.capture_date, row.timeslot) == (
        f"{camera:02d}", f"msmt17:c{camera}", day, part,
    )  # fmt: skip
    assert (row.frame, row.box_index, row.parse_warnings) == (frame, box, ("ex_suffix",) if extra else ())
    assert row.variant == ("V2" if folder.startswith("mask") else "V1")


def test_one_number_in_train_and_in_test_is_two_persons() -> None:
    images, _ = read_toy(SOURCE, f"train/{A}", f"test/{A}")
    assert len({row.person_key for row in images.values()}) == 2
    assert {row.pid_scope for row in images.values()} == {"msmt17:train", "msmt17:test"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n\r\n"])
def test_lists_may_have_any_line_ends_and_blank_lines(end: str) -> None:
    lists = NO_LISTS | {
        "list_train.txt": f"{A} 5{end}".encode(),
        "list_val.txt": f"{end}{B} 5{end}".encode(),
        "list_query.txt": f"{A} 5".encode(),
        "list_gallery.txt": f"{B} 5 {end}".encode(),
    }
    images, refused = read_toy(SOURCE, f"train/{A}", f"train/{B}", f"test/{A}", f"test/{B}", lists=lists)
    assert refused == []
    assert {path: (row.source_split, row.split) for path, row in images.items()} == {
        f"train/{A}": ("train", "train"), f"train/{B}": ("val", "val"),
        f"test/{A}": ("query", "test"), f"test/{B}": ("gallery", "test"),
    }  # fmt: skip


def test_an_image_of_no_list_is_kept_out_of_every_split() -> None:
    images, refused = read_toy(SOURCE, f"test/{A}", lists=NO_LISTS)
    assert refused == []
    row = images[f"test/{A}"]
    assert (row.source_split, row.split, row.role_flag) == ("unlisted", "none", "excluded")


def test_an_image_of_query_and_gallery_is_used_in_neither() -> None:
    lists = NO_LISTS | {"list_query.txt": f"{A} 5".encode(), "list_gallery.txt": f"{A} 5\n{A} 5".encode()}
    images, refused = read_toy(SOURCE, f"test/{A}", lists=lists)
    assert images[f"test/{A}"].split == "none"
    assert [(row.reason, row.subject) for row in refused][:1] == [("contradiction", "list_gallery.txt line 1")]
    assert "list_query.txt" in refused[0].detail


@pytest.mark.parametrize("line", [A, f"{A} 6", f"{A} x", f"../{A} 5", f"{A},5", "5", f"/{A} 5"])
def test_a_line_that_says_something_else_is_refused_by_number(line: str) -> None:
    lists = NO_LISTS | {"list_train.txt": f"{A} 5\n{line}\n".encode()}
    images, refused = read_toy(SOURCE, f"train/{A}", lists=lists)
    assert images[f"train/{A}"].split == "train"
    assert [(row.reason, row.subject) for row in refused] == [("bad_record", "list_train.txt line 2")]


def test_a_listed_image_that_is_not_there_is_named() -> None:
    _, refused = read_toy(SOURCE, f"train/{A}", lists=NO_LISTS | {"list_train.txt": f"{A} 5\n{B} 5".encode()})
    assert [(row.reason, row.subject) for row in refused] == [("missing_file", "list_train.txt line 2")]
    assert B in refused[0].detail


@pytest.mark.parametrize("data", [b"\xff\xfe0\x00", "٠".encode(), b"\x80"])
def test_a_list_that_is_not_plain_text_is_one_refusal(data: bytes) -> None:
    images, refused = read_toy(SOURCE, f"train/{A}", lists=NO_LISTS | {"list_train.txt": data})
    assert [row.reason for row in refused] == ["damaged"]
    assert images[f"train/{A}"].split == "none"


@pytest.mark.parametrize(
    "path",
    [
        "0005/0006_000_11_0302morning_0025_1.jpg", "0005/0005_000_16_0302morning_0025_1.jpg",
        "0005/0005_000_00_0302morning_0025_1.jpg", "0005/0005_000_1_0302morning_0025_1.jpg",
        "0005/0005_000_11_0302evening_0025_1.jpg", "0005/0005_000_11_0302morning_0025_1.png",
        "0005_000_11_0302morning_0025_1.jpg", "0005/0005_c1s1_000151_01.jpg",
    ],
)  # fmt: skip
def test_a_name_outside_the_grammar_is_refused(path: str) -> None:
    images, refused = read_toy(SOURCE, f"train/{path}")
    assert images == {}
    assert [row.reason for row in refused] == ["bad_name"]


@given(name=st.text(min_size=1, max_size=50).filter(lambda text: "/" not in text and "\0" not in text))
def test_any_name_gives_one_row_or_one_refusal(name: str) -> None:
    images, refused = read_toy(SOURCE, f"train/0005/{name}.jpg")
    assert len(images) + len(refused) == 1


def test_the_drawn_folder_is_read_without_a_single_refusal(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["msmt17"])
    rows = list(SOURCE.read(FolderTree(find_root("msmt17", SOURCE, tmp_path))))
    images = [row for row in rows if isinstance(row, PersonImage)]
    assert len(images) == len(rows) == 77
    counts = {split: sum(row.source_split == split for row in images) for split in ("train", "val", "query", "gallery")}
    assert counts == {"train": 30, "val": 9, "query": 8, "gallery": 30}
    assert {row.person_key for row in images} >= {"msmt17:train/0000", "msmt17:test/0000"}
    assert any(row.parse_warnings for row in images)
    assert "15" in {row.cam_raw for row in images}


def test_both_variants_are_found_and_a_folder_without_lists_is_told_what_it_lacks(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / "MSMT17_V1" / name).mkdir(parents=True)
    with pytest.raises(BadRawData, match=r"lacks list_train\.txt, list_query\.txt, list_gallery\.txt"):
        find_root("msmt17", SOURCE, tmp_path / "MSMT17_V1")
    for name in NO_LISTS:
        (tmp_path / "MSMT17_V1" / name).write_text("")
    assert find_root("msmt17", SOURCE, tmp_path).name == "MSMT17_V1"
