"""ICFG-PEDES, RSTPReid and UFine6926: record files that decide everything, and names that tell a little."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import ToyTree

from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sources import icfg_pedes, rstpreid, ufine6926
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import Source

SOURCES = {"icfg_pedes": icfg_pedes.SOURCE, "rstpreid": rstpreid.SOURCE, "ufine6926": ufine6926.SOURCE}
FILES = {"icfg_pedes": "ICFG-PEDES.json", "rstpreid": "data_captions.json", "ufine6926": "UFine6926.json"}
KEYS = {"icfg_pedes": "file_path", "rstpreid": "img_path", "ufine6926": "file_path"}
IMAGES = {
    "icfg_pedes": "test/1712/1712_023_05_0302morning_0312_1.jpg",
    "rstpreid": "0000_c14_0031.jpg",
    "ufine6926": "00001.jpg",
}
BELOW = {"icfg_pedes": "imgs", "rstpreid": "imgs", "ufine6926": "images"}


def rows_of(
    name: str, content: Any, *files: str, file: str = ""
) -> tuple[list[PersonImage], list[Caption], list[Reject]]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    tree = ToyTree({f"{BELOW[name]}/{path}": b"" for path in files} | {file or FILES[name]: data})
    source: Source = SOURCES[name]
    rows, told = list(source.read(tree)), list(source.captions(tree))
    return (
        [row for row in rows if isinstance(row, PersonImage)],
        [row for row in told if isinstance(row, Caption)],
        [row for row in [*rows, *told] if isinstance(row, Reject)],
    )


def record(name: str, path: str = "", **changes: Any) -> dict[str, Any]:
    return {KEYS[name]: path or IMAGES[name], "id": 7, "split": "train", "captions": ["A man in red. "]} | changes


@pytest.mark.parametrize("name", SOURCES)
def test_a_record_gives_an_image_its_person_split_and_captions(name: str) -> None:
    listed = record(name, id=0, split="Test", captions=["One.", "Two"], processed_tokens=[["one"]])
    (image,), captions, refused = rows_of(name, [listed], IMAGES[name])
    assert refused == []
    assert (image.person_key, image.split, image.source_split) == (f"{name}:0000", "test", "test")
    assert [(row.image_id, row.text, row.processed_tokens) for row in captions] == [
        (image.image_id, "One.", ("one",)), (image.image_id, "Two.", None),
    ]  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "dev"}, "split 'dev'"),
        ({"id": "7"}, "id '7'"),
        ({"id": -1}, "id -1"),
        ({"captions": "A man."}, "captions"),
        ({"path": "../x.jpg"}, "no relative path"),
        ({"path": 3}, "no relative path"),
        ({"path": None}, "no relative path"),
        ({"id": 7, "split": "test"}, "of the split 'train' in an earlier record"),
    ],
)
def test_a_record_with_an_impossible_field_is_refused_by_number(name: str, change: dict[str, Any], said: str) -> None:
    change = {KEYS[name] if key == "path" else key: value for key, value in change.items()}
    other = record(name, "x_y.jpg") | change
    images, captions, refused = rows_of(name, [record(name), other], IMAGES[name])
    assert (len(images), len(captions)) == (1, 1)
    assert [(row.reason, row.subject) for row in refused] == [("bad_record", f"{FILES[name]} record 2")]
    assert said in refused[0].detail


@pytest.mark.parametrize("name", SOURCES)
def test_records_and_images_that_do_not_meet_are_both_refused(name: str) -> None:
    listed = [record(name), record(name, f"{BELOW[name]}/{IMAGES[name]}"), record(name, "gone.jpg"), "x"]
    images, _, refused = rows_of(name, listed, IMAGES[name], "more.jpg")
    assert len(images) == 1
    assert sorted(row.reason for row in refused) == ["bad_record", "bad_record", "missing_file", "unlisted"]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 100_000, b'[{"a": NaN}]', b'"\xff\xfe"', b"\xff\xfe[\x00", b"[1,]", b"null"]
)
def test_json_that_cannot_be_trusted_is_one_refusal_in_a_sentence(name: str, data: bytes) -> None:
    images, captions, refused = rows_of(name, data, IMAGES[name])
    assert (images, captions) == ([], [])
    assert [row.reason for row in refused] == ["damaged", "unlisted"]
    assert FILES[name] in refused[0].detail


def test_the_key_of_the_image_is_that_of_the_dataset() -> None:
    _, _, refused = rows_of("rstpreid", [{**record("rstpreid"), "file_path": "a.jpg", "img_path": None}])
    assert "img_path None" in refused[0].detail


@given(
    camera=st.integers(1, 15),
    pid=st.integers(0, 9999),
    frame=st.integers(0, 99_999),
    part=st.sampled_from(["morning", "noon", "afternoon"]),
    extra=st.booleans(),
    half=st.sampled_from(["train", "test"]),
)
def test_an_icfg_name_tells_camera_time_and_which_picture_of_msmt17_it_is(
    camera: int, pid: int, frame: int, part: str, extra: bool, half: str
) -> None:
    file = f"{pid:04d}_000_{camera:02d}_0303{part}_{frame:04d}_1{'_ex' if extra else ''}.jpg"
    path = f"{half}/{pid:04d}/{file}"
    (image,), _, refused = rows_of("icfg_pedes", [record("icfg_pedes", path, id=3)], path)
    assert refused == []
    assert (image.cam_key, image.timeslot, image.frame) == (f"icfg_pedes:c{camera}", part, frame)
    assert (image.overlap_source, image.overlap_key, image.relpath) == ("msmt17", file, f"imgs/{path}")
    assert (image.person_key, image.split) == ("icfg_pedes:0003", "train")


@pytest.mark.parametrize("path", ["train/1/x.jpg", "0000_000_16_0303noon_1_1.jpg", "0000_000_00_0303noon_1_1.jpg"])
def test_an_icfg_picture_under_another_name_stays_without_camera_or_origin(path: str) -> None:
    (image,), _, _ = rows_of("icfg_pedes", [record("icfg_pedes", path)], path)
    assert (image.cam_key, image.overlap_key, image.parse_warnings) == (None, None, ("not_an_msmt17_name",))


def test_icfg_is_read_under_both_names_of_its_file() -> None:
    images, _, _ = rows_of("icfg_pedes", [record("icfg_pedes")], IMAGES["icfg_pedes"], file="ICFG_PEDES.json")
    assert len(images) == 1


@given(pid=st.integers(0, 9999), camera=st.integers(1, 15), index=st.integers(0, 9999))
def test_an_rstpreid_name_tells_camera_and_person(pid: int, camera: int, index: int) -> None:
    path = f"{pid:04d}_c{camera}_{index:04d}.jpg"
    (image,), _, _ = rows_of("rstpreid", [record("rstpreid", path, id=pid)], path)
    assert (image.cam_key, image.cam_raw, image.parse_warnings) == (f"rstpreid:c{camera}", f"c{camera}", ())
    assert (image.person_key, image.overlap_key) == (f"rstpreid:{pid:04d}", None)


def test_a_name_of_another_person_or_form_is_kept_with_a_warning_because_the_file_decides() -> None:
    listed = [record("rstpreid", "0009_c1_0000.jpg"), record("rstpreid", "a/0009_c1_0000.jpg", id=9),
              record("rstpreid", "0009_c16_0000.jpg", id=9)]  # fmt: skip
    images, _, _ = rows_of("rstpreid", listed, *(entry["img_path"] for entry in listed))
    assert [(row.person_key, row.parse_warnings) for row in images] == [
        ("rstpreid:0007", ("name_of_another_person",)), ("rstpreid:0009", ("unusual_name",)),
        ("rstpreid:0009", ("unusual_name",)),
    ]  # fmt: skip


def test_a_missing_blank_after_a_full_stop_is_kept_as_typed() -> None:
    text = "He wears a black shirt.His shoes are white."
    _, (caption,), _ = rows_of("rstpreid", [record("rstpreid", captions=[text])], IMAGES["rstpreid"])
    assert caption.text_raw == text


@pytest.mark.parametrize("file", ["UFine6926.json", "ufine6926.json", "data_captions.json"])
def test_ufine_paths_may_start_with_the_folder_and_its_file_has_several_names(file: str) -> None:
    images, _, _ = rows_of("ufine6926", [record("ufine6926", "images/00001.jpg")], "00001.jpg", file=file)
    assert [row.relpath for row in images] == ["images/00001.jpg"]


@pytest.mark.parametrize(
    ("name", "counts", "captions"),
    [
        ("icfg_pedes", {"train": 24, "test": 12}, 36),
        ("rstpreid", {"train": 25, "val": 5, "test": 15}, 90),
        ("ufine6926", {"train": 14, "test": 9}, 46),
    ],
)
def test_a_drawn_folder_is_read_without_a_single_refusal(
    tmp_path: Path, name: str, counts: dict[str, int], captions: int
) -> None:
    write_sample(tmp_path, "tiny", sources=[name])
    tree = FolderTree(find_root(name, SOURCES[name], tmp_path))
    rows, told = list(SOURCES[name].read(tree)), list(SOURCES[name].captions(tree))
    images = [row for row in rows if isinstance(row, PersonImage)]
    assert len(images) == len(rows)
    assert {split: sum(row.split == split for row in images) for split in counts} == counts
    assert len([row for row in told if isinstance(row, Caption)]) == len(told) == captions
    assert not any(row.parse_warnings for row in images)
