"""CUHK03: extracted files, the container, CUHK03-NP, the new protocol, and the persons its variants disagree on."""

import io
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sources_toy import ToyTree, read_toy

from generators.cuhk03_cells import CELLS_FILE, unpack_cells
from generators.cuhk03_np import person_of_number
from generators.plain_png import plain_png, png_size
from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sample.mat_files import mat_v5, names_cell, write_cells
from generators.sample.write import layouts
from generators.sources.cuhk03 import SOURCE
from schemas.errors import BadRawData
from schemas.rows import PersonImage, Reject
from tasks.steps.ingest import ingest

CONFIG = "cuhk03_new_protocol_config_labeled.mat"


def config(*names: str, **parts: list[int]) -> bytes:
    """A protocol file over some names; parts are lists of 1-based places."""
    lists = {f"{part}_idx": np.array([[n] for n in parts.get(part, [])]) for part in ("train", "query", "gallery")}
    return mat_v5({"filelist": names_cell(names), **lists})


@pytest.fixture(scope="module")
def png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cuhk03")
    write_sample(out, "tiny", sources=["cuhk03"])
    return out / "cuhk03"


@pytest.fixture(scope="module")
def raw_form(png: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same pictures inside cuhk-03.mat."""
    out = tmp_path_factory.mktemp("raw") / "cuhk03"
    (out / "cuhk03_release").mkdir(parents=True)
    for name in png.glob("*.mat"):
        shutil.copy(name, out)
    variants = {}
    for variant in ("labeled", "detected"):
        pairs: list[dict[tuple[int, int], np.ndarray]] = [{} for _ in range(5)]
        for path in sorted((png / f"images_{variant}").iterdir()):
            pair, person, _, number = (int(word) for word in path.stem.split("_"))
            pairs[pair - 1][person, number] = np.asarray(Image.open(path))
        variants[variant] = pairs
    write_cells(out / "cuhk03_release" / CELLS_FILE, variants)
    return out


@given(
    folder=st.sampled_from(["images_{}", "cuhk03_release/cuhk-03.mat/{}", "cuhk-03.mat/{}"]),
    variant=st.sampled_from(["labeled", "detected"]),
    pair=st.integers(1, 5),
    person=st.integers(0, 999),
    number=st.integers(1, 10),
)
def test_a_name_gives_back_pair_person_view_and_number(
    folder: str, variant: str, pair: int, person: int, number: int
) -> None:
    view = 1 if number <= 5 else 2
    images, refused = read_toy(SOURCE, f"{folder.format(variant)}/{pair}_{person:03d}_{view}_{number:02d}.png")
    (row,) = images.values()
    assert refused == []
    assert (row.person_key, row.pid_scope) == (f"cuhk03:{pair}_{person:03d}", f"cuhk03:pair{pair}")
    assert (row.cam_pair, row.view, row.cam_key) == (pair, view, f"cuhk03:p{pair}v{view}")
    assert (row.variant, row.frame) == (variant, number)


@given(pid=st.integers(0, 1467), view=st.integers(1, 2), number=st.integers(0, 99),
       folder=st.sampled_from(["bounding_box_train", "bounding_box_test", "query"]))  # fmt: skip
def test_the_folders_of_np_keep_numbers_of_their_own(pid: int, view: int, number: int, folder: str) -> None:
    images, _ = read_toy(SOURCE, f"cuhk03-np/detected/{folder}/{pid:04d}_c{view}_{number}.png")
    (row,) = images.values()
    assert (row.person_key, row.view, row.variant) == (f"cuhk03:np/{pid:04d}", view, "detected")
    assert row.split == ("train" if folder == "bounding_box_train" else "test")


@pytest.fixture(scope="module")
def official() -> list[tuple[str, str, str]]:
    """Of every picture of the official size its name in CUHK03-NP, and its person and camera elsewhere."""
    folders = {"train": "bounding_box_train", "gallery": "bounding_box_test", "query": "query"}
    shots = layouts(["cuhk03"])["cuhk03"].shots("official", 7)
    numbers = {pid: number for number, pid in enumerate(sorted({shot.pid_raw for shot in shots}), start=1)}
    return [
        (
            f"{shot.relpath[7:].partition('/')[0]}/{folders[shot.split]}"
            f"/{numbers[shot.pid_raw]:04d}_c{shot.cam_raw}_{shot.take}.png",
            f"cuhk03:{shot.pid_raw}",
            f"cuhk03:p{shot.pid_raw[0]}v{shot.cam_raw}",
        )
        for shot in shots
    ]


def test_complete_folders_of_np_have_the_persons_of_the_other_forms(official: list[tuple[str, str, str]]) -> None:
    images, refused = read_toy(SOURCE, *(name for name, _, _ in official))
    assert (len(images), refused) == (28_193, [])
    assert all((images[name].person_key, images[name].cam_key) == (person, camera) for name, person, camera in official)
    labeled, _ = read_toy(SOURCE, *(name for name, _, _ in official if name.startswith("labeled/")))
    assert {row.person_key for row in labeled.values()} == {person for _, person, _ in official}


def test_folders_of_np_that_lack_a_picture_keep_numbers_of_their_own(official: list[tuple[str, str, str]]) -> None:
    images, _ = read_toy(SOURCE, *(name for name, _, _ in official[1:]))
    assert all(row.person_key == f"cuhk03:np/{row.pid_raw}" for row in images.values())


@given(number=st.integers(-5, 2000))
def test_numbers_of_the_protocol_run_by_pair_and_person(number: int) -> None:
    assert [person_of_number(known) for known in (1, 843, 844, 1467)] == [(1, 1), (1, 843), (2, 1), (5, 49)]
    assert (person_of_number(number) is None) == (not 1 <= number <= 1467)


@pytest.mark.parametrize(
    "path",
    [
        "images_labeled/1_003_1_08.png", "images_labeled/1_003_2_05.png", "images_labeled/6_003_2_08.png",
        "images_labeled/1_003_2_11.png", "images_labeled/1_003_2_00.png", "images_labeled/1_3_2_08.png",
        "images_labeled/1_003_2_08.jpg", "labeled/query/0001_c3_1.png", "labeled/train/0001_c1_1.png",
    ],
)  # fmt: skip
def test_a_name_outside_the_grammar_is_refused(path: str) -> None:
    images, refused = read_toy(SOURCE, path)
    assert (images, [row.reason for row in refused]) == ({}, ["bad_name"])


def test_indices_count_from_one() -> None:
    names = ("1_001_1_01.png", "1_001_1_02.png", "1_002_2_06.png")
    lists = {CONFIG: config(*names, train=[1], query=[2], gallery=[3])}
    images, refused = read_toy(SOURCE, *(f"images_labeled/{name}" for name in names), lists=lists)
    assert refused == []
    assert [row.source_split for row in images.values()] == ["train", "query", "gallery"]


def test_an_index_of_nothing_and_an_image_of_two_parts_are_refused() -> None:
    names = ("1_001_1_01.png", "1_002_1_02.png")
    lists = {CONFIG: config(*names, train=[0, 3, 1], query=[1], gallery=[2])}
    images, refused = read_toy(SOURCE, *(f"images_labeled/{name}" for name in names), lists=lists)
    assert [row.reason for row in refused] == ["bad_record", "bad_record", "contradiction"]
    assert [row.split for row in images.values()] == ["none", "test"]


def test_a_listed_image_that_is_not_there_is_named_unless_the_variant_is_absent() -> None:
    lists = {CONFIG: config("1_001_1_01.png", "1_001_1_02.png", train=[1, 2])}
    _, refused = read_toy(SOURCE, "images_labeled/1_001_1_01.png", lists=lists)
    assert [row.reason for row in refused] == ["missing_file"]
    _, refused = read_toy(SOURCE, "images_detected/1_001_1_01.png", lists=lists)
    assert refused == []


@pytest.mark.parametrize("data", [b"", b"MATLAB", b"<html>404</html>", config("a")[:300], mat_v5({"filelist": [1]})])
def test_a_protocol_file_that_is_none_is_one_refusal(data: bytes) -> None:
    images, refused = read_toy(SOURCE, "images_labeled/1_001_1_01.png", lists={CONFIG: data})
    assert [row.reason for row in refused] == ["damaged"]
    assert images["images_labeled/1_001_1_01.png"].split == "none"


def test_a_person_whom_the_other_variant_tests_does_not_train() -> None:
    detected = CONFIG.replace("labeled", "detected")
    lists = {CONFIG: config("1_001_1_01.png", train=[1]), detected: config("1_001_1_01.png", query=[1])}
    images, _ = read_toy(SOURCE, "images_labeled/1_001_1_01.png", "images_detected/1_001_1_01.png", lists=lists)
    train, query = images["images_labeled/1_001_1_01.png"], images["images_detected/1_001_1_01.png"]
    assert (train.source_split, train.split, train.role_flag) == ("train", "none", "excluded")
    assert train.parse_warnings == ("tested_in_other_variant",)
    assert (query.source_split, query.split) == ("query", "test")


def test_the_drawn_folder_is_read_without_a_single_refusal(png: Path) -> None:
    rows = list(SOURCE.read(FolderTree(find_root("cuhk03", SOURCE, png.parent))))
    images = [row for row in rows if isinstance(row, PersonImage)]
    assert len(images) == len(rows) == 96
    train, test = ({row.person_key for row in images if row.split == split} for split in ("train", "test"))
    assert not train & test
    assert len({row.person_key for row in images if row.parse_warnings}) == 2


def test_the_container_gives_the_same_persons_and_pixels_as_the_extracted_files(
    png: Path, raw_form: Path, tmp_path: Path
) -> None:
    one = ingest(tmp_path / "one", "cuhk03", png)
    two = ingest(tmp_path / "two", "cuhk03", raw_form)
    assert two.facts["counts"]["rejects"] == 0
    columns = ["variant", "source_split", "split", "person_key", "cam_key", "frame"]
    tables = [pq.read_table(step.folder / "person_images.parquet", columns=columns) for step in (one, two)]
    rows = [sorted(map(str, table.to_pylist())) for table in tables]
    assert len(rows[0]) == 96
    assert rows[0] == rows[1]
    pixels = [
        sorted(_pixels(image["bytes"]) for pack in step.facts["packs"] for image in _images(store, pack["file"]))
        for store, step in ((tmp_path / "one", one), (tmp_path / "two", two))
    ]
    assert pixels[0] == pixels[1]
    again = ingest(tmp_path / "two", "cuhk03", raw_form)
    assert (again.skipped, again.digest) == (True, two.digest)


def _images(store: Path, pack: str) -> list[dict[str, bytes]]:
    images: list[dict[str, bytes]] = (
        pq.read_table(store / "packs" / pack, partitioning=None).column("image").to_pylist()
    )
    return images


def _pixels(data: bytes) -> bytes:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).tobytes()


def test_reported_counts_tell_the_variants_apart(png: Path, tmp_path: Path) -> None:
    step = ingest(tmp_path, "cuhk03", png)
    found = {line["what"]: line["found"] for line in step.facts["reported"]}
    assert (found["labeled images"], found["detected images"]) == (48, 48)
    assert (found["labeled/query images"], found["detected/train persons"]) == (10, 7)


def test_extracted_files_go_before_the_container(png: Path, raw_form: Path, tmp_path: Path) -> None:
    shutil.copytree(raw_form, tmp_path / "cuhk03")
    shutil.copytree(png / "images_labeled", tmp_path / "cuhk03" / "images_labeled")
    tree = unpack_cells(FolderTree(tmp_path / "cuhk03"))
    paths = [file.relpath for file in tree.files()]
    assert paths == sorted(paths)
    assert not any("mat/labeled" in path for path in paths)
    assert sum("mat/detected" in path for path in paths) == sum("images_labeled" in path for path in paths) == 48


def test_a_listed_size_is_the_size_that_is_read(raw_form: Path) -> None:
    tree = unpack_cells(FolderTree(raw_form))
    inside = [file for file in tree.files() if file.relpath.endswith(".png")]
    assert len(inside) == 96
    assert all(len(tree.read(file.relpath)) == file.size for file in inside[:10])
    with pytest.raises(BadRawData, match="more than the 10 bytes"):
        tree.read(inside[0].relpath, 10)
    with pytest.raises(BadRawData):
        tree.read("nothing.png")


@pytest.mark.parametrize(
    "data", [b"", b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF", b"x" * 4000]
)
def test_a_container_that_is_none_is_one_refusal(data: bytes) -> None:
    tree = unpack_cells(ToyTree({f"cuhk03_release/{CELLS_FILE}": data}))
    (refused,) = SOURCE.read(tree)
    assert isinstance(refused, Reject)
    assert refused.reason == "damaged"


@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_container_with_broken_bytes_ends_in_rows_or_refusals(raw_form: Path, places: list[tuple[int, int]]) -> None:
    data = bytearray((raw_form / "cuhk03_release" / CELLS_FILE).read_bytes())
    for place, value in places:
        data[(place * 37) % len(data)] = value
    tree = unpack_cells(ToyTree({CELLS_FILE: bytes(data)}))
    assert list(SOURCE.read(tree))


@given(height=st.integers(1, 300), width=st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_a_plain_png_has_the_pixels_and_the_size_it_was_said_to_have(height: int, width: int) -> None:
    pixels = np.arange(height * width * 3, dtype=np.uint64).astype(np.uint8).reshape(height, width, 3)
    data = plain_png(pixels)
    assert len(data) == png_size(height, width)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_the_variants_that_are_there_decide_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "images_detected").mkdir()
    with pytest.raises(BadRawData, match=r"lacks cuhk03_new_protocol_config_detected\.mat"):
        find_root("cuhk03", SOURCE, tmp_path)
