"""PRCC: cameras in names and in folders, outfits by camera, photos and sketches."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import read_toy

from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sources.prcc import SOURCE
from schemas.rows import PersonImage


@given(
    kind=st.sampled_from(["rgb", "sketch"]),
    part=st.sampled_from(["train", "val", "test"]),
    pid=st.integers(0, 999),
    camera=st.sampled_from("ABC"),
    number=st.integers(0, 99_999),
)
def test_a_path_gives_camera_and_outfit_wherever_the_camera_stands(
    kind: str, part: str, pid: int, camera: str, number: int
) -> None:
    name = f"cropped_rgb{number:03d}.jpg"
    path = f"{camera}/{pid:03d}/{name}" if part == "test" else f"{pid:03d}/{camera}_{name}"
    images, refused = read_toy(SOURCE, f"{kind}/{part}/{path}")
    (row,) = images.values()
    assert refused == []
    assert (row.person_key, row.cam_key, row.modality) == (f"prcc:{pid:03d}", f"prcc:{camera}", kind)
    assert (row.split, row.source_split, row.frame) == (part, part, number)
    assert row.clothes_key == f"prcc:{pid:03d}/{'C' if camera == 'C' else 'AB'}"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("rgb/train/003/D_cropped_rgb001.jpg", "bad_name"),
        ("rgb/train/003/cropped_rgb001.jpg", "bad_name"),
        ("rgb/train/A/003/A_cropped_rgb001.jpg", "bad_name"),
        ("rgb/test/017/A_cropped_rgb002.jpg", "bad_name"),
        ("rgb/test/D/017/cropped_rgb002.jpg", "bad_name"),
        ("rgb/test/A/017/cropped_rgb002.png", "bad_name"),
        ("rgb/test/A/x17/cropped_rgb002.jpg", "bad_name"),
        ("train/003/A_cropped_rgb001.jpg", "unknown_folder"),
        ("rgb/other/003/A_cropped_rgb001.jpg", "unknown_folder"),
    ],
)
def test_a_path_outside_the_tree_is_refused(path: str, reason: str) -> None:
    images, refused = read_toy(SOURCE, path)
    assert (images, [row.reason for row in refused]) == ({}, [reason])


@given(name=st.text(min_size=1, max_size=50).filter(lambda text: "/" not in text and "\0" not in text))
def test_any_name_gives_one_row_or_one_refusal(name: str) -> None:
    images, refused = read_toy(SOURCE, f"rgb/test/A/001/{name}.jpg")
    assert len(images) + len(refused) == 1


def test_the_drawn_folder_is_read_without_a_single_refusal(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["prcc"])
    rows = list(SOURCE.read(FolderTree(find_root("prcc", SOURCE, tmp_path))))
    images = [row for row in rows if isinstance(row, PersonImage)]
    assert len(images) == len(rows)
    assert Counter((row.source_split, row.modality) for row in images) == {
        (part, kind): count for kind in ("rgb", "sketch") for part, count in (("train", 24), ("val", 12), ("test", 18))
    }
    learnt = {row.person_key for row in images if row.split in ("train", "val")}
    assert len(learnt) == 4
    assert not learnt & {row.person_key for row in images if row.split == "test"}
