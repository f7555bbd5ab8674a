"""VC-Clothes, Celeb-reID and its light sibling: names, what they do not say, and their drawn folders."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import read_toy

from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sources import celeb_reid, celeb_reid_light, vc_clothes
from schemas.rows import PersonImage

STREETS = {"celeb_reid": celeb_reid.SOURCE, "celeb_reid_light": celeb_reid_light.SOURCE}


@given(
    pid=st.integers(0, 9999),
    camera=st.integers(1, 4),
    clothes=st.integers(0, 99),
    number=st.integers(0, 999),
    padded=st.booleans(),
    folder=st.sampled_from(["train", "query", "gallery"]),
)
def test_a_vc_clothes_name_gives_back_its_parts_with_or_without_padding(
    pid: int, camera: int, clothes: int, number: int, padded: bool, folder: str
) -> None:
    name = f"{pid:04d}-{camera:02d}-{clothes:02d}-{number:02d}" if padded else f"{pid}-{camera}-{clothes}-{number}"
    images, _ = read_toy(vc_clothes.SOURCE, f"{folder}/{name}.jpg")
    (row,) = images.values()
    assert row.person_key == f"vc_clothes:{row.pid_raw}"
    assert int(row.pid_raw) == pid
    assert (row.cam_key, row.clothes_key) == (f"vc_clothes:c{camera}", f"vc_clothes:{row.pid_raw}/{clothes}")
    assert (row.frame, row.source_split) == (number, folder)


def test_outfits_of_two_persons_never_share_a_key() -> None:
    images, _ = read_toy(vc_clothes.SOURCE, "train/1-1-11-1.jpg", "train/11-1-1-1.jpg")
    assert len({row.clothes_key for row in images.values()}) == 2


@pytest.mark.parametrize("name", ["0001-05-01-03.jpg", "0001-00-01-03.jpg", "0001_01_01_03.jpg", "0001-01-01.jpg",
                                  "0001-01-01-03.png", "0001-01-01-03.jpg.jpg"])  # fmt: skip
def test_a_name_that_is_not_of_vc_clothes_is_refused(name: str) -> None:
    images, refused = read_toy(vc_clothes.SOURCE, f"query/{name}")
    assert (images, [row.reason for row in refused]) == ({}, ["bad_name"])


@pytest.mark.parametrize("name", STREETS)
@given(pid=st.integers(0, 9999), photo=st.integers(0, 9999), rest=st.integers(0, 9))
def test_a_celebrity_has_a_number_and_neither_camera_nor_outfit(name: str, pid: int, photo: int, rest: int) -> None:
    images, _ = read_toy(STREETS[name], f"gallery/{pid}_{photo}_{rest}.jpg")
    (row,) = images.values()
    assert (row.person_key, row.frame) == (f"{name}:{pid}", photo)
    assert (row.cam_raw, row.cam_key, row.place_key, row.clothes_raw, row.clothes_key) == (None,) * 5


@pytest.mark.parametrize("name", ["1_2.jpg", "1_2_3_4.jpg", "a_2_3.jpg", "-1_2_3.jpg", "1_2_3.JPG"])
def test_a_name_that_is_not_of_celeb_reid_is_refused(name: str) -> None:
    for source in STREETS.values():
        images, refused = read_toy(source, f"train/{name}")
        assert (images, [row.reason for row in refused]) == ({}, ["bad_name"])


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("vc_clothes", {"train": 40, "query": 16, "gallery": 24}),
        ("celeb_reid", {"train": 25, "query": 8, "gallery": 20}),
        ("celeb_reid_light", {"train": 20, "query": 8, "gallery": 8}),
    ],
)
def test_a_drawn_folder_is_read_without_a_single_refusal(tmp_path: Path, name: str, counts: dict[str, int]) -> None:
    write_sample(tmp_path, "tiny", sources=[name])
    source = {"vc_clothes": vc_clothes.SOURCE, **STREETS}[name]
    rows = list(source.read(FolderTree(find_root(name, source, tmp_path))))
    images = [row for row in rows if isinstance(row, PersonImage)]
    assert len(images) == len(rows)
    assert {split: sum(row.source_split == split for row in images) for split in counts} == counts
    assert {row.cam_raw for row in images} == ({"01", "02", "03", "04"} if name == "vc_clothes" else {None})
