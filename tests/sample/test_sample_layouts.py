"""Each raw layout: names, official counts, and the awkward cases it must hold."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.io

from generators.sample import scaled_down, write_sample
from generators.sample.layout import Layout, Shot
from generators.sample.layouts.cuhk_pedes import captions_of
from generators.sample.write import layouts
from schemas.vocabulary import is_valid


def _shots(name: str, size: str) -> list[Shot]:
    return layouts([name])[name].shots(size, 7)


FOUR = ("cuhk_pedes", "ltcc", "market1501", "sysu_mm01")
# Datasets whose validation photos show the persons they train on.
LEARNT_TWICE = ("msmt17", "prcc")
# Datasets one variant of which tests persons that another trains on.
TESTED_ELSEWHERE = {"cuhk03": 2}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("layouts")
    write_sample(out, "tiny", sources=FOUR)
    return out


def test_four_layouts_are_found() -> None:
    assert set(layouts()) >= set(FOUR)
    assert list(layouts()) == sorted(layouts())


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("market1501", {"train": 12936, "query": 3368, "gallery": 13115 + 2798 + 3819, "multi_query": 25259}),
        ("ltcc", {"train": 9576, "query": 493, "gallery": 7050}),
        ("sysu_mm01", {"train": 20284 + 9929, "val": 1974 + 1980, "test": 6775 + 3803, "none": 1038 + 80}),
        ("cuhk_pedes", {"train": 34054, "val": 3078, "test": 3074}),
    ],
)
def test_official_size_has_the_official_number_of_images(name: str, counts: dict[str, int]) -> None:
    assert Counter(shot.split for shot in _shots(name, "official")) == counts


class Walked(NamedTuple):
    """What one walk over the pictures of a layout tells."""

    pictures: int
    repeated_paths: int
    learnt_and_tested: int


@cache
def _walked(size: str) -> dict[str, Walked]:
    """Every layout at a size; at the official one a walk takes seconds, so that all who ask share it."""
    return {name: _walk(layout, size) for name, layout in layouts().items()}


def _walk(layout: Layout, size: str) -> Walked:
    everything = layout.shots(size, 7)
    shots = [shot for shot in everything if shot.split != "multi_query"]
    learnt = ("train", "val") if layout.name in LEARNT_TWICE else ("train",)
    train = {shot.person for shot in shots if shot.split in learnt}
    tested = {shot.person for shot in shots if shot.split not in learnt}
    return Walked(len(everything), len(shots) - len({shot.relpath for shot in shots}), len(train & tested))


@pytest.mark.parametrize("size", ["tiny", "demo", "official"])
def test_no_path_is_used_twice_and_train_persons_are_never_tested(size: str) -> None:
    found = _walked(size)
    assert [name for name, one in found.items() if one.repeated_paths] == []
    assert {name: one.learnt_and_tested for name, one in found.items() if one.learnt_and_tested} == TESTED_ELSEWHERE


def test_all_official_folders_together_have_the_counts_that_were_published_without_drawing_them() -> None:
    counts = {name: one.pictures for name, one in _walked("official").items()}
    assert len(counts) == 25
    assert sum(counts.values()) > 900_000
    assert counts["sysu_mm01"] == 45_863
    smaller = scaled_down("official")
    assert sorted(smaller) == ["luperson_mllm", "mals", "pa100k", "peta", "rap", "synth_pedes"]
    assert all(counts[name] == few < really for name, (few, really) in smaller.items())
    assert scaled_down("demo") == {}


def test_market_names_follow_the_grammar_with_every_awkward_case(raw: Path) -> None:
    root = raw / "Market-1501-v15.09.15"
    grammar = re.compile(r"^(-1|\d{4})_c([1-6])s\d+_\d{6}_\d{2}(?:\.jpg)+$")
    names = [path.name for path in root.rglob("*.jpg")]
    assert len(names) == 96
    assert all(grammar.match(name) for name in names)
    assert sum(name.endswith(".jpg.jpg") for name in names) == 1
    assert {"-1", "0000"} <= {name.split("_")[0] for name in names}
    assert (root / "bounding_box_test" / "Thumbs.db").exists()


@pytest.mark.parametrize("size", ["tiny", "demo"])
def test_every_market_query_has_a_match_under_another_camera(size: str) -> None:
    shots = _shots("market1501", size)
    gallery = {(shot.person, shot.camera) for shot in shots if shot.split == "gallery"}
    queries = [shot for shot in shots if shot.split == "query"]
    assert len(queries) == {"tiny": 16, "demo": 240}[size]
    for query in queries:
        assert any(person == query.person and camera != query.camera for person, camera in gallery)


def test_market_attributes_are_read_back_by_name(raw: Path) -> None:
    file = scipy.io.loadmat(raw / "Market-1501-v15.09.15" / "market_attribute.mat")["market_attribute"]
    assert file.shape == (1, 1)
    orders = []
    for part, persons in (("train", 8), ("test", 5)):
        struct = file[part][0, 0]
        orders.append(list(struct.dtype.names))
        assert struct["image_index"][0, 0].shape == (1, persons)
        assert re.fullmatch(r"\d{4}", struct["image_index"][0, 0][0, 0].item())
        assert struct["gender"][0, 0].shape == (1, persons)
        assert struct["gender"][0, 0].dtype == np.uint8
        uppers = np.stack([struct[name][0, 0][0] for name in orders[-1] if re.fullmatch("up.+", name)])
        assert ((uppers == 2).sum(axis=0) <= 1).all()
    assert len(orders[0]) == 28
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_some_market_persons_have_no_annotated_colour() -> None:
    layout = layouts(["market1501"])["market1501"]
    persons = {shot.person for shot in layout.shots("demo", 7) if shot.person > 0}
    colours = Counter(layout.outfit(7, person, 1).upper_color for person in persons)
    assert 40 < colours["orange"] + colours["pink"] < 120
    assert max(colours.values()) < 0.2 * len(persons)


@pytest.mark.parametrize(("size", "changing"), [("tiny", 7), ("demo", 120)])
def test_ltcc_queries_of_changers_have_other_clothes_in_the_gallery(size: str, changing: int) -> None:
    shots = _shots("ltcc", size)
    gallery = [shot for shot in shots if shot.split == "gallery"]
    other = [
        any(g.person == q.person and g.camera != q.camera and g.outfit != q.outfit for g in gallery)
        for q in shots
        if q.split == "query"
    ]
    assert sum(other) == changing
    assert 12 in {shot.camera for shot in shots}
    assert all(re.match(r"^\w+/\d{3}_\d+_c\d+_\d{6}\.png$", shot.relpath) for shot in shots)


def test_sysu_lists_are_one_comma_line_and_the_hard_persons_exist(raw: Path) -> None:
    root = raw / "SYSU-MM01"
    lists = {name: (root / "exp" / f"{name}_id.txt").read_text() for name in ("available", "train", "val", "test")}
    ids = {name: {int(word) for word in text.split(",")} for name, text in lists.items()}
    assert all(text.count("\n") == 1 and " " not in text for text in lists.values())
    assert ids["available"] == ids["train"] | ids["val"] | ids["test"]
    folders = {camera: {int(p.name) for p in (root / f"cam{camera}").iterdir()} for camera in range(1, 7)}
    assert set().union(*folders.values()) - ids["available"]
    assert ids["test"] - folders[1] - folders[2]
    assert ids["test"] & folders[3] & folders[2]


def test_official_sysu_persons_per_camera_are_the_published_ones() -> None:
    shots = _shots("sysu_mm01", "official")
    seen = {camera: len({s.person for s in shots if s.camera == camera}) for camera in range(1, 7)}
    assert seen == {1: 259, 2: 259, 3: 486, 4: 493, 5: 502, 6: 299}
    assert [sum(s.camera == c for s in shots) for c in range(1, 7)] == [6289, 7528, 9812, 8030, 8224, 5980]
    dark, bright = ({s.person for s in shots if s.infrared == infrared} for infrared in (True, False))
    assert (len(dark & bright), len(dark | bright)) == (491, 513)


def test_cuhk_records_hold_the_awkward_captions(raw: Path) -> None:
    root = raw / "CUHK-PEDES"
    records = json.loads((root / "reid_raw.json").read_text())
    assert len(records) == 31
    assert all((root / "imgs" / record["file_path"]).is_file() for record in records)
    train = {record["id"] for record in records if record["split"] == "train"}
    assert train == set(range(1, len(train) + 1))
    assert {len(record["captions"]) for record in records} == {2, 3}
    assert 0 < sum("processed_tokens" not in record for record in records) < 10
    assert 1 in Counter(record["id"] for record in records).values()


def test_captions_vary_and_hold_slips() -> None:
    layout = layouts(["cuhk_pedes"])["cuhk_pedes"]
    texts = [text for shot in layout.shots("demo", 7)[:400] for text in captions_of(7, shot, 2)]
    assert len(set(texts)) > 0.97 * len(texts)
    assert 5 < sum(text != text.strip() for text in texts) < 60
    assert 8 < sum(len(text.split()) for text in texts) / len(texts) < 30
    assert not any("{" in text or "none" in text for text in texts)


@pytest.mark.parametrize(("folder", "by_clothes"), [("LTCC_ReID", True), ("SYSU-MM01", False)])
def test_the_generic_attribute_table_is_valid(raw: Path, folder: str, by_clothes: bool) -> None:
    table = pq.read_table(raw / folder / "attributes.parquet").to_pylist()
    assert len(table) > 100
    assert all(is_valid(row["key"], row["value"]) for row in table)
    assert all(row["image"] is None and row["person"] for row in table)
    assert any(row["clothes"] for row in table) == by_clothes
    keys = [(row["person"], row["clothes"], row["key"]) for row in table]
    assert len(set(keys)) == len(keys)
