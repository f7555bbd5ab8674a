"""LLCM: names and folders, lists, copies, and the promise that nobody trains who is tested."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import ToyTree, read_toy

from generators.duplicates import copies
from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sources.llcm import SOURCE
from schemas.rows import PersonImage, Reject

TRAIN = "nir/0001/0001_c01_s185535_f7010_nir.jpg"
TEST = "test_vis/cam3/0042/0042_c03_s1_f22_vis.jpg"
LISTS = {
    "idx/train_vis.txt": b"",
    "idx/train_nir.txt": f"{TRAIN} 0\n".encode(),
    "idx/test_id.txt": b"7,42\n",
}


@given(
    warm=st.booleans(),
    tested=st.booleans(),
    pid=st.integers(0, 9999),
    camera=st.integers(1, 9),
    sequence=st.integers(0, 999_999_999),
    frame=st.integers(0, 999_999_999),
)
def test_a_name_gives_back_the_parts_it_was_made_of(
    warm: bool, tested: bool, pid: int, camera: int, sequence: int, frame: int
) -> None:
    kind = "nir" if warm else "vis"
    folder = f"test_{kind}/cam{camera}" if tested else kind
    images, refused = read_toy(SOURCE, f"{folder}/{pid:04d}/{pid:04d}_c{camera:02d}_s{sequence}_f{frame}_{kind}.jpg")
    (row,) = images.values()
    assert refused == []
    assert (row.person_key, row.cam_key, row.sequence, row.frame) == (
        f"llcm:{pid:04d}", f"llcm:c{camera}", sequence, frame,
    )  # fmt: skip
    assert (row.modality, row.split) == ("near_infrared" if warm else "rgb", "test" if tested else "train")


@pytest.mark.parametrize(
    ("relpath", "reason"),
    [
        ("nir/0001/0002_c01_s1_f7_nir.jpg", "bad_name"),
        ("nir/1/1_c01_s1_f7_nir.jpg", "bad_name"),
        ("nir/0001/0001_c1_s1_f7_nir.jpg", "bad_name"),
        ("nir/0001/0001_c01_s1_f7_rgb.jpg", "bad_name"),
        ("nir/cam1/0001/0001_c01_s1_f7_nir.jpg", "bad_name"),
        ("test_nir/0001/0001_c01_s1_f7_nir.jpg", "bad_name"),
        ("test_nir/cam0/0001/0001_c01_s1_f7_nir.jpg", "bad_name"),
        ("test_nir/cam10/0001/0001_c01_s1_f7_nir.jpg", "bad_name"),
        ("cam1/0001/0001_c01_s1_f7_nir.jpg", "unknown_folder"),
    ],
)
def test_an_image_outside_the_grammar_is_refused_with_a_reason(relpath: str, reason: str) -> None:
    images, refused = read_toy(SOURCE, relpath)
    assert (images, [row.reason for row in refused]) == ({}, [reason])


@given(name=st.text(min_size=1, max_size=50).filter(lambda text: "/" not in text and "\0" not in text))
def test_any_name_gives_one_row_or_one_refusal(name: str) -> None:
    images, refused = read_toy(SOURCE, f"vis/0001/{name}.jpg")
    assert len(images) + len(refused) == 1


def test_lists_say_who_trains_and_who_is_tested() -> None:
    other, unknown = TRAIN.replace("f7010", "f7011"), TEST.replace("0042", "0099")
    images, refused = read_toy(SOURCE, TRAIN, other, TEST, unknown, lists=LISTS)
    assert refused == []
    assert {path: (row.source_split, row.split, row.role_flag) for path, row in images.items()} == {
        TRAIN: ("train", "train", "normal"), other: ("unlisted", "none", "excluded"),
        TEST: ("test", "test", "normal"), unknown: ("test", "none", "invalid_id"),
    }  # fmt: skip


def test_a_person_who_is_tested_never_trains() -> None:
    images, refused = read_toy(SOURCE, TRAIN, TEST, lists=LISTS | {"idx/test_id.txt": b"42, 1"})
    assert (images[TRAIN].split, images[TRAIN].role_flag) == ("none", "excluded")
    assert images[TEST].split == "test"
    assert [(row.subject, row.reason) for row in refused] == [("llcm:0001", "contradiction")]


@pytest.mark.parametrize(
    ("files", "reason", "subject"),
    [
        ({"idx/train_vis.txt": b"vis/0001/a.jpg"}, "bad_record", "idx/train_vis.txt line 1"),
        ({"idx/train_vis.txt": b"\r\n\r\nvis/0001/a.jpg 0\r\n"}, "missing_file", "idx/train_vis.txt line 3"),
        ({"idx/train_vis.txt": b"\xff\xfe"}, "damaged", "idx/train_vis.txt"),
        ({"idx/test_id.txt": b"42,7,x"}, "bad_person", "idx/test_id.txt line 1"),
        ({"idx/test_id.txt": "４２".encode()}, "damaged", "idx/test_id.txt"),
    ],
)
def test_what_is_wrong_in_a_list_is_named(files: dict[str, bytes], reason: str, subject: str) -> None:
    images, refused = read_toy(SOURCE, TRAIN, TEST, lists=LISTS | files)
    assert [(row.reason, row.subject) for row in refused] == [(reason, subject)]
    assert images[TRAIN].split == "train"


def test_of_equal_bytes_the_image_whose_name_agrees_with_its_folder_is_used() -> None:
    moved = TEST.replace("cam3", "cam1")
    renamed = TEST.replace("f22", "f23")
    different = TEST.replace("cam3", "cam2")
    content = {TEST: b"same", moved: b"same", renamed: b"same", different: b"diff", TRAIN: b"same"}
    rows = [row for row in SOURCE.read(ToyTree(content)) if isinstance(row, PersonImage)]
    roles = {row.relpath: (row.role_flag, row.split, row.parse_warnings) for row in rows}
    assert roles == {
        TEST: ("normal", "test", ()), renamed: ("duplicate", "none", ()),
        moved: ("duplicate", "none", ("name_of_another_camera",)),
        different: ("normal", "test", ("name_of_another_camera",)), TRAIN: ("normal", "train", ()),
    }  # fmt: skip


def test_copies_are_looked_for_among_files_of_one_size_only() -> None:
    opened: list[str] = []

    class Watched(ToyTree):
        def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
            opened.append(relpath)
            return super().read(relpath, limit)

    tree = Watched({"a": b"11", "b": b"22", "c": b"11", "d": b"333", "e": b"", "f": b""})
    assert copies(tree, tree.files()) == {"c"}
    assert copies(tree, tree.files(), {"a"}) == {"a"}
    assert set(opened) == {"a", "b", "c"}


def test_the_drawn_folder_is_read_without_a_refusal_and_its_copies_are_found(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["llcm"])
    rows = list(SOURCE.read(FolderTree(find_root("llcm", SOURCE, tmp_path))))
    assert not [row for row in rows if isinstance(row, Reject)]
    images = [row for row in rows if isinstance(row, PersonImage)]
    copied = [row for row in images if row.role_flag == "duplicate"]
    assert len(copied) == 2
    assert all(row.parse_warnings == ("name_of_another_camera",) for row in copied)
    assert not {row.person_key for row in images if row.split == "train"} & {
        row.person_key for row in images if row.split == "test"
    }
