"""DeepChange: the fields of a name, and the lists that give every image its tracklet."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import read_toy

from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sources.deepchange import SOURCE
from schemas.rows import PersonImage

A = "P318_C11_2_000451.jpg"
B = "P318_C11_2_000452.jpg"
LIST = "train-set-bbox.txt"


@given(
    pid=st.integers(0, 99_999),
    camera=st.integers(1, 17),
    clothes=st.from_regex(r"\A[0-9A-Za-z]{1,8}\Z"),
    rest=st.from_regex(r"\A([_.][0-9A-Za-z]{1,6}){0,3}\Z"),
    folder=st.sampled_from(SOURCE.folders),
)
def test_a_name_gives_back_its_first_three_fields(pid: int, camera: int, clothes: str, rest: str, folder: str) -> None:
    images, refused = read_toy(SOURCE, f"{folder}/P{pid}_C{camera}_{clothes}{rest}.jpg")
    (row,) = images.values()
    assert refused == []
    assert (row.pid_raw, row.person_key, row.cam_raw) == (f"P{pid}", f"deepchange:P{pid}", f"C{camera}")
    assert (row.cam_key, row.clothes_key) == (f"deepchange:c{camera}", f"deepchange:P{pid}/{clothes}")
    assert row.tracklet is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists_give_tracklets_whatever_else_a_line_says(end: str) -> None:
    content = f"{end}{A},0017{end}{end}{B},18,5,6,7{end}".encode()
    images, refused = read_toy(SOURCE, f"train-set/{A}", f"train-set/{B}", lists={LIST: content})
    assert refused == []
    assert [row.tracklet for row in images.values()] == ["17", "18"]


def test_a_tracklet_belongs_to_the_image_of_its_own_folder() -> None:
    lists = {LIST: f"{A},17".encode(), "test-set-query-bbox.txt": f"{A},18".encode()}
    images, _ = read_toy(SOURCE, f"train-set/{A}", f"test-set-query/{A}", lists=lists)
    assert images[f"train-set/{A}"].tracklet == "17"
    assert images[f"test-set-query/{A}"].tracklet == "18"


def test_an_image_that_its_list_forgets_is_kept_with_a_warning() -> None:
    images, refused = read_toy(SOURCE, f"train-set/{A}", lists={LIST: b""})
    assert refused == []
    assert (images[f"train-set/{A}"].tracklet, images[f"train-set/{A}"].parse_warnings) == (None, ("unlisted",))


def test_two_tracklets_of_one_image_contradict_each_other() -> None:
    images, refused = read_toy(SOURCE, f"train-set/{A}", lists={LIST: f"{A},17\n{A},18\n{A},17".encode()})
    assert images[f"train-set/{A}"].tracklet is None
    assert {row.reason for row in refused} == {"contradiction"}
    assert refused[0].subject == f"{LIST} line 2"


@pytest.mark.parametrize("line", [A, f"{A} 17", f"{A},x", f"{A},-1", f"../{A},17", ",17"])
def test_a_line_without_an_image_or_a_tracklet_is_refused_by_number(line: str) -> None:
    _, refused = read_toy(SOURCE, f"train-set/{A}", lists={LIST: f"{A},17\n{line}".encode()})
    assert [(row.reason, row.subject) for row in refused] == [("bad_record", f"{LIST} line 2")]


def test_a_listed_image_that_is_not_there_is_named() -> None:
    _, refused = read_toy(SOURCE, lists={LIST: f"{A},17".encode()})
    assert [row.reason for row in refused] == ["missing_file"]


@pytest.mark.parametrize("name", ["P318_C18_2.jpg", "P318_C0_2.jpg", "318_C1_2.jpg", "P318_1_2.jpg", "P318_C1.jpg",
                                  "P318_C1_2.png"])  # fmt: skip
def test_a_name_outside_the_grammar_is_refused(name: str) -> None:
    images, refused = read_toy(SOURCE, f"val-set-query/{name}")
    assert (images, [row.reason for row in refused]) == ({}, ["bad_name"])


def test_the_drawn_folder_is_read_without_a_single_refusal(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["deepchange"])
    rows = list(SOURCE.read(FolderTree(find_root("deepchange", SOURCE, tmp_path))))
    images = [row for row in rows if isinstance(row, PersonImage)]
    assert len(images) == len(rows) == 92
    assert all(row.tracklet for row in images)
    query = {(row.person_key, row.tracklet) for row in images if row.source_split == "query"}
    assert query & {(row.person_key, row.tracklet) for row in images if row.source_split == "gallery"}
