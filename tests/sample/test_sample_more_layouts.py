"""The layouts of the further image datasets: official counts, and no picture twice."""

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generators.sample import write_sample
from generators.sample.layout import Shot
from generators.sample.write import encode, layouts

OFFICIAL = {
    "msmt17": {"train": 30_248, "val": 2_373, "query": 11_659, "gallery": 82_161},
    "vc_clothes": {"train": 9_449, "query": 1_020, "gallery": 8_591},
    "celeb_reid": {"train": 20_208, "query": 2_972, "gallery": 11_006},
    "celeb_reid_light": {"train": 9_021, "query": 887, "gallery": 934},
    "prcc": {"train": 2 * 17_896, "val": 2 * 5_002, "test": 2 * 10_800},
    "dukemtmc": {"train": 16_522, "query": 2_228, "gallery": 17_661},
    "occluded_duke": {"train": 15_618, "query": 2_210, "gallery": 17_661},
    "deepchange": {"train": 75_083, "val_query": 4_976, "val_gallery": 17_865, "query": 17_527, "gallery": 62_956},
}
PERSONS = {
    "msmt17": {"train": 1_041, "val": 1_041, "query": 3_060, "gallery": 3_060},
    "vc_clothes": {"train": 256, "query": 256, "gallery": 256},
    "celeb_reid": {"train": 632, "query": 420, "gallery": 420},
    "celeb_reid_light": {"train": 490, "query": 100, "gallery": 100},
    "prcc": {"train": 150, "val": 150, "test": 71},
    "dukemtmc": {"train": 702, "query": 702, "gallery": 1_110},
    "occluded_duke": {"gallery": 1_110},
    "deepchange": {"train": 450, "val_query": 150, "val_gallery": 150, "query": 521, "gallery": 521},
}


def _shots(name: str, size: str) -> list[Shot]:
    return layouts([name])[name].shots(size, 7)


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_size_has_the_official_images_and_persons(name: str) -> None:
    shots = _shots(name, "official")
    assert Counter(shot.split for shot in shots) == OFFICIAL[name]
    persons = {split: len({shot.person for shot in shots if shot.split == split}) for split in PERSONS[name]}
    assert persons == PERSONS[name]


@pytest.mark.parametrize("size", ["tiny", "demo"])
@pytest.mark.parametrize("name", sorted(set(OFFICIAL) - {"prcc"}))
def test_every_query_has_another_picture_of_its_person_in_the_gallery(name: str, size: str) -> None:
    shots = _shots(name, size)
    gallery = {shot.person for shot in shots if shot.split == "gallery"}
    queries = [shot for shot in shots if shot.split == "query"]
    assert len(queries) >= 4
    assert {query.person for query in queries} <= gallery


@pytest.mark.parametrize("size", ["tiny", "demo", "official"])
def test_msmt17_queries_are_seen_by_other_cameras_too(size: str) -> None:
    shots = _shots("msmt17", size)
    cameras: dict[int, set[int]] = {}
    for shot in shots:
        if shot.split == "gallery":
            cameras.setdefault(shot.person, set()).add(shot.camera)
    assert all(cameras[shot.person] - {shot.camera} for shot in shots if shot.split == "query")
    assert {shot.camera for shot in shots} == set(range(1, 16))


def test_the_clothes_of_vc_clothes_change_where_its_protocols_say(tmp_path: Path) -> None:
    worn = {(shot.person, shot.camera): shot.clothes_raw for shot in _shots("vc_clothes", "demo")}
    assert all(worn[person, 2] == worn[person, 3] != worn[person, 4] for person, _ in worn)


def test_the_official_prcc_has_its_photos_per_camera_and_a_sketch_of_each() -> None:
    shots = _shots("prcc", "official")
    photos = Counter(shot.cam_raw for shot in shots if shot.split == "test" and not shot.sketch)
    assert photos == {"A": 3_384, "B": 3_543, "C": 3_873}
    named = {shot.relpath for shot in shots}
    assert all(shot.relpath.replace("rgb/", "sketch/", 1) in named for shot in shots)


def test_the_official_cuhk03_is_that_of_the_new_protocol() -> None:
    for variant, counts in (("labeled", (7_368, 1_400, 5_328)), ("detected", (7_365, 1_400, 5_332))):
        shots = [shot for shot in _shots("cuhk03", "official") if variant in shot.relpath]
        parts = {part: [shot for shot in shots if shot.split == part] for part in ("train", "query", "gallery")}
        assert tuple(len(part) for part in parts.values()) == counts
        assert [len({shot.person for shot in part}) for part in parts.values()] == [767, 700, 700]
        pairs = Counter(shot.pid_raw[0] for shot in shots)
        assert [pairs[pair] for pair in "12345"] == [8177, 4337, 649 + (variant == "detected"), 510, 423]


def test_a_sketch_is_dark_lines_on_white_paper(tmp_path: Path) -> None:
    layout = layouts(["prcc"])["prcc"]
    for shot in (shot for shot in layout.shots("tiny", 7)[:6]):
        lines = np.asarray(Image.open(io.BytesIO(encode(layout, replace(shot, sketch=True), 7))), dtype=int)
        assert np.median(lines) > 230
        assert 0.03 < (lines < 128).mean() < 0.35
        assert np.abs(lines - lines.mean(axis=2, keepdims=True)).max() < 8


def test_a_derivative_repeats_the_bytes_of_the_original(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["dukemtmc", "occluded_duke"])
    pictures = sorted((tmp_path / "Occluded_Duke").rglob("*.jpg"))
    assert len(pictures) == 36
    for path in pictures:
        original = tmp_path / "DukeMTMC-reID" / path.relative_to(tmp_path / "Occluded_Duke")
        assert path.read_bytes() == original.read_bytes()


def test_lists_are_written_with_the_ends_and_blanks_of_real_ones(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["msmt17", "deepchange"])
    assert b"\r\n\r\n" in (tmp_path / "MSMT17_V2" / "list_val.txt").read_bytes()
    assert b"\r" not in (tmp_path / "MSMT17_V2" / "list_train.txt").read_bytes()
    assert (tmp_path / "MSMT17_V2" / "list_query.txt").read_bytes().endswith(b"\n\n")
    assert b"\r\n" in (tmp_path / "DeepChangeDataset" / "train-set-bbox.txt").read_bytes()
