"""Every declared example parses to its row; names round-trip; what is no name is refused."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.sources import cuhk_pedes, ltcc, market1501, sysu_mm01
from schemas.discovery import find_all
from schemas.errors import BadRawData
from schemas.rows import PersonImage, Reject
from schemas.source import RawFile, Source
from schemas.tables import ROLES, SPLITS
from schemas.vocabulary import MODALITIES

SOURCES: dict[str, Source] = dict(find_all("generators.sources", "SOURCE"))


@dataclass
class ToyTree:
    """A dataset in memory: names with their bytes."""

    content: Mapping[str, bytes]
    label: str = "toy"

    def files(self) -> Sequence[RawFile]:
        return [RawFile(name, len(self.content[name]), 0) for name in sorted(self.content)]

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        if relpath not in self.content:
            raise BadRawData(f"The file {relpath!r} is missing.")
        return self.content[relpath]


LISTS = {"exp/train_id.txt": b"6", "exp/val_id.txt": b"1", "exp/test_id.txt": b"533"}


def read(name: str, *relpaths: str) -> list[PersonImage | Reject]:
    """The rows of some file names in a source, with the label files that it needs."""
    content = dict.fromkeys(relpaths, b"")
    if name == "sysu_mm01":
        content |= LISTS
    if name in RECORDS:
        file, key, person = RECORDS[name]
        content[file] = _records(relpaths, key, person)
    return list(SOURCES[name].read(ToyTree(content)))


# Sources whose names say nothing of person and split: their record file, its key of the image, a person.
RECORDS = {
    "cuhk_pedes": ("reid_raw.json", "file_path", 11003),
    "icfg_pedes": ("ICFG-PEDES.json", "file_path", 7),
    "rstpreid": ("data_captions.json", "img_path", 7),
    "ufine6926": ("UFine6926.json", "file_path", 7),
}


def _records(relpaths: Sequence[str], key: str, person: int) -> bytes:
    ids = {"CUHK03/564_3.jpg": 564}
    names = [path.removeprefix("imgs/") for path in relpaths]
    records = [{"split": "train", "id": ids.get(n, person), key: n, "captions": ["A man."]} for n in names]
    return json.dumps(records).encode()


EXAMPLES = [
    pytest.param(name, relpath, wanted, id=f"{name}:{relpath}")
    for name, source in SOURCES.items()
    for relpath, wanted in source.examples.items()
]


@pytest.mark.parametrize(("name", "relpath", "wanted"), EXAMPLES)
def test_an_example_of_a_source_parses_to_the_row_it_declares(
    name: str, relpath: str, wanted: Mapping[str, object]
) -> None:
    (row,) = read(name, relpath)
    assert isinstance(row, PersonImage)
    assert {key: getattr(row, key) for key in wanted} == dict(wanted)
    assert row.image_id == f"{name}/{relpath}"
    assert (row.source, row.relpath) == (name, relpath)


def test_the_examples_of_four_sources_were_found() -> None:
    assert set(SOURCES) >= {"market1501", "ltcc", "sysu_mm01", "cuhk_pedes"}
    assert len(EXAMPLES) >= 14
    assert all(source.examples for source in SOURCES.values())


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_source_declares_what_a_report_and_a_gate_need(name: str) -> None:
    source = SOURCES[name]
    assert source.title
    assert source.licence
    assert source.root_names
    assert source.folders
    assert source.reported
    assert not source.release_allowed, "none of these datasets lets its pictures be passed on"
    assert set(source.modalities) <= set(MODALITIES)
    assert all(figure.tag in {"C", "V", "V2", "M"} for figure in source.reported)


@pytest.mark.parametrize(
    ("name", "relpath", "reason"),
    [
        ("market1501", "bounding_box_train/0002_c7s1_000451_03.jpg", "bad_name"),
        ("market1501", "bounding_box_train/2_c1s1_000451_03.jpg", "bad_name"),
        ("market1501", "bounding_box_train/0002_c1s1_000451_03.JPG", "bad_name"),
        ("market1501", "bounding_box_train/._0002_c1s1_000451_03.jpg", "bad_name"),
        ("market1501", "bounding_box_train/0002_c1s1_000451_03.jpg\n.jpg", "bad_name"),
        ("market1501", "bounding_box_train/0002_c1s1_000451_03.png", "bad_name"),
        ("market1501", "bounding_box_train/٠٠٠٢_c1s1_000451_03.jpg", "bad_name"),
        ("market1501", "pytorch/train/0002_c1s1_000451_03.jpg", "unknown_folder"),
        ("ltcc", "train/001_1_c13_015874.png", "bad_name"),
        ("ltcc", "train/001_1_c0_015874.png", "bad_name"),
        ("ltcc", "train/001_1_c5_015874.jpg", "bad_name"),
        ("ltcc", "train/001_1_c5_99999999999.png", "bad_name"),
        ("ltcc", "info/001_1_c5_015874.png", "unknown_folder"),
        ("sysu_mm01", "cam7/0001/0001.jpg", "unknown_folder"),
        ("sysu_mm01", "cam1/001/0001.jpg", "bad_name"),
        ("sysu_mm01", "cam1/0001/1.jpg", "bad_name"),
        ("sysu_mm01", "cam1/0001/x/0001.jpg", "bad_name"),
        ("cuhk_pedes", "other/0001.jpg", "unknown_folder"),
    ],
)
def test_an_image_outside_the_grammar_is_refused_with_a_reason(name: str, relpath: str, reason: str) -> None:
    refused = [row for row in read(name, relpath) if isinstance(row, Reject) and row.table == "images"]
    assert [row.reason for row in refused] == [reason]
    assert relpath in refused[0].subject
    assert refused[0].detail.endswith(".")


@pytest.mark.parametrize("relpath", ["Thumbs.db", "readme.txt", ".DS_Store", "gt_query/0001_good.mat", "noext"])
@pytest.mark.parametrize("name", ["market1501", "ltcc", "sysu_mm01"])
def test_files_that_are_no_images_are_passed_over_in_silence(name: str, relpath: str) -> None:
    assert read(name, relpath) == []


@given(
    pid=st.one_of(st.sampled_from(["-1", "0000"]), st.integers(1, 9999).map(lambda n: f"{n:04d}")),
    camera=st.integers(1, 6),
    sequence=st.integers(0, 999),
    frame=st.integers(0, 999_999),
    box=st.integers(0, 99),
    folder=st.sampled_from(["bounding_box_train", "bounding_box_test", "query", "gt_bbox"]),
    twice=st.booleans(),
)
def test_a_market_name_gives_back_the_parts_it_was_made_of(
    pid: str, camera: int, sequence: int, frame: int, box: int, folder: str, twice: bool
) -> None:
    relpath = f"{folder}/{pid}_c{camera}s{sequence}_{frame:06d}_{box:02d}.jpg{'.jpg' if twice else ''}"
    (row,) = read("market1501", relpath)
    assert isinstance(row, PersonImage)
    assert (row.pid_raw, row.cam_key, row.sequence, row.frame, row.box_index) == (
        pid, f"market1501:c{camera}", sequence, frame, box,
    )  # fmt: skip
    assert (row.person_key is None) == (pid in ("-1", "0000"))
    assert (row.split == "none") == (row.role_flag != "normal")


@given(
    pid=st.integers(0, 999), clothes=st.integers(0, 99), camera=st.integers(1, 12), frame=st.integers(0, 999_999_999)
)
def test_an_ltcc_name_gives_back_the_parts_it_was_made_of(pid: int, clothes: int, camera: int, frame: int) -> None:
    (row,) = read("ltcc", f"query/{pid:03d}_{clothes}_c{camera}_{frame:06d}.png")
    assert isinstance(row, PersonImage)
    assert (row.person_key, row.clothes_key) == (f"ltcc:{pid:03d}", f"ltcc:{pid:03d}/{clothes}")
    assert (row.cam_key, row.place_key, row.frame) == (f"ltcc:c{camera}", f"ltcc:c{camera}", frame)


@given(camera=st.integers(1, 6), pid=st.sampled_from([1, 6, 533, 77]), frame=st.integers(1, 9999))
def test_a_sysu_path_gives_modality_place_and_split(camera: int, pid: int, frame: int) -> None:
    (row,) = read("sysu_mm01", f"cam{camera}/{pid:04d}/{frame:04d}.jpg")
    assert isinstance(row, PersonImage)
    assert row.modality == ("near_infrared" if camera in (3, 6) else "rgb")
    assert row.place_key == ("sysu_mm01:room2" if camera in (2, 3) else f"sysu_mm01:c{camera}")
    assert row.split == {1: "val", 6: "train", 533: "test", 77: "none"}[pid]
    assert (row.role_flag == "invalid_id") == (pid == 77)


@given(name=st.text(min_size=1, max_size=40).filter(lambda text: "/" not in text and "\0" not in text))
def test_any_file_name_gives_one_row_or_one_refusal_and_never_an_error(name: str) -> None:
    for source, folder in (("market1501", "query"), ("ltcc", "query"), ("sysu_mm01", "cam1/0001")):
        rows = read(source, f"{folder}/{name}.jpg")
        assert len(rows) == 1
        row = rows[0]
        if isinstance(row, PersonImage):
            assert re.fullmatch(r"[\x20-\x7e]+", name), "only plain ASCII names are in the grammars"
            assert row.split in SPLITS
            assert row.role_flag in ROLES


@pytest.mark.parametrize("content", [b"1,\r\n2 ,\n\n3,", b"1\r\n2\r\n3\r\n", b" 1 , 2,3 "])
def test_a_list_of_ids_may_have_blank_lines_and_other_line_ends(content: bytes) -> None:
    tree = ToyTree({f"cam1/{n:04d}/0001.jpg": b"" for n in (1, 2, 3)} | LISTS | {"exp/train_id.txt": content})
    rows = list(sysu_mm01.SOURCE.read(tree))
    splits = {row.pid_raw: row.split for row in rows if isinstance(row, PersonImage)}
    assert splits["0002"] == splits["0003"] == "train"


def test_a_person_of_two_lists_is_used_in_none_and_both_lists_are_named() -> None:
    tree = ToyTree({"cam1/0006/0001.jpg": b""} | LISTS | {"exp/test_id.txt": b"533,6,x,7777777"})
    rows = list(sysu_mm01.SOURCE.read(tree))
    (image,) = [row for row in rows if isinstance(row, PersonImage)]
    assert (image.split, image.role_flag) == ("none", "invalid_id")
    refused = {row.reason: row.detail for row in rows if isinstance(row, Reject)}
    assert set(refused) == {"contradiction", "bad_person"}
    assert "train list" in refused["contradiction"]
    assert "test list" in refused["contradiction"]


@pytest.mark.parametrize("content", [b"\xff\xfe1\x00", "１,２".encode()])
def test_a_list_that_is_not_plain_text_is_refused_and_its_persons_are_in_no_split(content: bytes) -> None:
    tree = ToyTree({"cam1/0006/0001.jpg": b""} | LISTS | {"exp/train_id.txt": content})
    rows = list(sysu_mm01.SOURCE.read(tree))
    assert [row.reason for row in rows if isinstance(row, Reject)] == ["damaged"]
    assert [row.split for row in rows if isinstance(row, PersonImage)] == ["none"]


def test_each_source_is_the_one_of_its_file() -> None:
    assert [m.SOURCE.title for m in (market1501, ltcc, sysu_mm01, cuhk_pedes)] == [
        "Market-1501", "LTCC", "SYSU-MM01", "CUHK-PEDES",
    ]  # fmt: skip


def test_examples_hold_only_columns_of_a_person_image() -> None:
    fields: set[Any] = set(PersonImage._fields)
    assert all(set(wanted) <= fields for source in SOURCES.values() for wanted in source.examples.values())
