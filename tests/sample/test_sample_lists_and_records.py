"""The layouts that come with lists and record files: official counts, and the awkward cases they must hold."""

import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generators.sample import write_sample
from generators.sample.layout import Shot
from generators.sample.layouts.orbench import query_keys
from generators.sample.write import encode, layouts
from schemas.discovery import find
from schemas.protocol import BenchmarkProtocol

NAMES = ("icfg_pedes", "llcm", "orbench", "regdb", "rstpreid", "ufine6926")
FOLDERS = {"icfg_pedes": "ICFG-PEDES", "rstpreid": "RSTPReid", "ufine6926": "UFine6926"}


def _shots(name: str, size: str) -> list[Shot]:
    return layouts([name])[name].shots(size, 7)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("listed")
    write_sample(out, "tiny", sources=[*NAMES, "msmt17"])
    return out


@pytest.mark.parametrize(
    ("name", "images", "persons"),
    [
        ("icfg_pedes", {"train": 34_674, "test": 19_848}, {"train": 3_102, "test": 1_000}),
        ("llcm", {"train": 16_946 + 13_975, "test": 8_680 + 7_166}, {"train": 713, "test": 351}),
        ("orbench", {"train": 64_300, "test": 42_884}, {"train": 600, "test": 400}),
        ("regdb", {"train": 4_120, "test": 4_120}, {"train": 206, "test": 206}),
        ("rstpreid", {"train": 18_505, "val": 1_000, "test": 1_000}, {"train": 3_701, "val": 200, "test": 200}),
        ("ufine6926", {"train": 18_577, "test": 7_629}, {"train": 4_926, "test": 2_000}),
    ],
)
def test_official_size_has_the_official_images_and_persons(
    name: str, images: dict[str, int], persons: dict[str, int]
) -> None:
    shots = _shots(name, "official")
    assert Counter(shot.split for shot in shots) == images
    assert {split: len({s.pid_raw for s in shots if s.split == split}) for split in persons} == persons


def test_official_orbench_has_the_pictures_of_each_modality() -> None:
    folders = Counter(shot.relpath.partition("/")[0] for shot in _shots("orbench", "official"))
    assert folders == {"vis": 45_113, "nir": 26_071, "cp": 18_000, "sk": 18_000}


@pytest.mark.parametrize("size", ["tiny", "demo"])
def test_llcm_has_no_infrared_test_pictures_of_camera_three_and_some_copies(size: str) -> None:
    layout = layouts(["llcm"])["llcm"]
    tested = [shot for shot in layout.shots(size, 7) if shot.split == "test"]
    assert {s.cam_raw for s in tested if s.infrared}.isdisjoint({"cam3"})
    assert "cam3" in {s.cam_raw for s in tested if not s.infrared}
    copied = [s for s in tested if s.cam_raw != f"cam{s.camera}"]
    assert len(copied) == {"tiny": 2, "demo": 6}[size]
    names = {s.relpath: encode(layout, s, 7) for s in tested if s.person == copied[0].person}
    same = [path for path, data in names.items() if data == names[copied[0].relpath]]
    assert len(same) == 2
    assert len({path.rpartition("/")[2] for path in same}) == 1


def _labels(path: Path) -> dict[str, str]:
    words = path.read_text().split()
    return {name.split("/")[1]: label for name, label in zip(words[::2], words[1::2], strict=True)}


def test_regdb_labels_are_renumbered_in_every_trial_and_halves_never_meet(raw: Path) -> None:
    labels: dict[str, set[str]] = {}
    for trial in range(1, 11):
        halves = []
        for half in ("train", "test"):
            seen, warm = (_labels(raw / f"RegDB/idx/{half}_{kind}_{trial}.txt") for kind in ("visible", "thermal"))
            assert seen == warm
            halves.append(set(seen))
            for pid, label in seen.items():
                labels.setdefault(pid, set()).add(label)
        assert not halves[0] & halves[1]
        assert len(halves[0] | halves[1]) == 8
    assert any(len(found) > 1 for found in labels.values())
    assert b"\r\n\r\n" in (raw / "RegDB" / "idx" / "train_visible_2.txt").read_bytes()


def test_regdb_names_tell_the_drawn_gender_and_side() -> None:
    layout = layouts(["regdb"])["regdb"]
    for shot in layout.shots("tiny", 7):
        found = re.fullmatch(r"(Visible|Thermal)/(\d+)/(female|male)_(front|back)_([vt])_\d{5}_\2\.bmp", shot.relpath)
        assert found is not None
        gender = layout.attributes(7, shot)["gender_presentation"]
        assert gender == {"male": "masculine", "female": "feminine"}[found[3]]


def test_icfg_folders_contradict_its_splits_and_its_pictures_are_those_of_msmt17(raw: Path) -> None:
    records = json.loads((raw / "ICFG-PEDES" / "ICFG-PEDES.json").read_text())
    assert {(record["split"], record["file_path"].partition("/")[0]) for record in records} >= {
        ("train", "test"), ("train", "train"), ("test", "train"),
    }  # fmt: skip
    assert all(len(record["captions"]) == 1 for record in records)
    assert 0 < sum("processed_tokens" not in record for record in records) < 9
    assert any(int(record["file_path"].split("/")[1]) != record["id"] for record in records)
    for record in records:
        lent = (
            raw
            / "MSMT17_V2"
            / record["file_path"].replace("train/", "mask_train_v2/").replace("test/", "mask_test_v2/")
        )
        assert (raw / "ICFG-PEDES" / "imgs" / record["file_path"]).read_bytes() == lent.read_bytes()


def test_rstpreid_is_msmt17_under_other_names(raw: Path) -> None:
    records = json.loads((raw / "RSTPReid" / "data_captions.json").read_text())
    assert all(re.fullmatch(r"\d{4}_c\d{1,2}_\d{4}\.jpg", record["img_path"]) for record in records)
    assert Counter(record["id"] for record in records) == dict.fromkeys(range(9), 5)
    assert any(re.search(r"\.[A-Z]", text) for record in records for text in record["captions"])
    lent = {path.read_bytes() for path in (raw / "MSMT17_V2").rglob("*.jpg")}
    assert {path.read_bytes() for path in (raw / "RSTPReid").rglob("*.jpg")} <= lent


def test_ufine_captions_are_far_longer_than_clip_reads(raw: Path) -> None:
    records = json.loads((raw / "UFine6926" / "UFine6926.json").read_text())
    lengths = [len(text.split()) for record in records for text in record["captions"]]
    assert len(lengths) == 46
    assert 50 < sum(lengths) / len(lengths) < 110
    assert {record["id"] for record in records} == set(range(1, 9))


def test_orbench_asks_in_thirty_two_ways_and_the_order_matters(raw: Path) -> None:
    content = json.loads((raw / "ORBench" / "test_gallery_and_queries.json").read_text())
    assert len(query_keys()) == 32
    assert set(content) == {*query_keys(), "RGB_GALLERY"}
    assert len(content["NIR+CP"]) != len(content["CP+NIR"])
    for key, queries in content.items():
        assert all(len(query) == (2 if key == "RGB_GALLERY" else len(key.split("+")) + 1) for query in queries)
    folders = {"NIR": "nir/", "CP": "cp/", "SK": "sk/", "TEXT": ""}
    for query in content["SK+NIR+CP+TEXT"]:
        assert all(item.startswith(folders[kind]) for kind, item in zip(("SK", "NIR", "CP"), query[1:], strict=False))


def test_drawn_modalities_look_like_what_they_are(raw: Path) -> None:
    def pixels(pattern: str) -> list[np.ndarray]:
        paths = sorted((raw / "ORBench").glob(pattern)) or sorted((raw / "RegDB").glob(pattern))
        return [np.asarray(Image.open(io.BytesIO(path.read_bytes())), dtype=np.int16) for path in paths]

    drawn, photos = pixels("cp/*/*.jpg"), pixels("vis/*/*.jpg")
    assert np.mean([p.mean() for p in drawn]) > np.mean([p.mean() for p in photos])
    assert all(np.abs(p[..., 0] - p[..., 2]).max() < 12 for p in pixels("sk/*/*.jpg"))
    assert np.median([np.median(p) for p in pixels("sk/*/*.jpg")]) > 240
    warm = pixels("Thermal/*/*.bmp")
    assert len(warm) == 24
    for p in warm:
        assert (p[..., 0] == p[..., 2]).all()
        assert p[40:90, 24:40].mean() > p.mean()


def test_the_drawn_permutations_of_sysu_give_the_official_galleries(tmp_path: Path) -> None:
    from tasks.steps.ingest import ingest
    from tasks.steps.parts import read_table

    write_sample(tmp_path / "raw", "tiny", sources=["sysu_mm01"])
    step = ingest(tmp_path / "store", "sysu_mm01", tmp_path / "raw")
    assert not step.facts["reject_reasons"]
    listed = step.facts["lists"]["rand_perm_cam"]
    people = read_table(step, "person_images")
    for name in ("sysu_mm01_all_search_single_shot_official", "sysu_mm01_indoor_search_multi_shot_official"):
        protocol: BenchmarkProtocol = find("tasks.protocols", "PROTOCOL", name)
        assert protocol.members_of_list is not None
        members = list(protocol.members_of_list(people, listed))
        gallery = Counter(member.trial for member in members if member.role == "gallery")
        assert sorted(gallery) == list(range(10))
        assert len(set(gallery.values())) == 1
        drawn = [tuple(m.ids for m in members if m.role == "gallery" and m.trial == trial) for trial in range(10)]
        assert len(set(drawn)) > 1


def test_the_drawn_test_sets_of_cuhk03_give_the_classic_trials(tmp_path: Path) -> None:
    from tasks.steps.ingest import ingest
    from tasks.steps.parts import read_table

    write_sample(tmp_path / "raw", "tiny", sources=["cuhk03"])
    step = ingest(tmp_path / "store", "cuhk03", tmp_path / "raw")
    assert not step.facts["reject_reasons"]
    sets = step.facts["lists"]["testsets"]
    assert [len(one) for one in sets] == [4] * 20
    protocol: BenchmarkProtocol = find("tasks.protocols", "PROTOCOL", "cuhk03_classic_labeled")
    assert protocol.members_of_list is not None
    members = list(protocol.members_of_list(read_table(step, "person_images"), sets))
    assert {member.trial for member in members} == set(range(20))
    for trial in range(20):
        persons = {m.ids[0].rpartition("/")[2][:5] for m in members if m.trial == trial and m.role == "gallery"}
        assert persons == {f"{pair}_{person:03d}" for pair, person in sets[trial]}


def test_the_official_size_draws_plainer_pictures_of_the_same_people() -> None:
    layout = layouts(["market1501"])["market1501"]
    shot = next(shot for shot in layout.shots("tiny", 7) if not shot.damage)
    both = [encode(layout, one, 7) for one in (shot, replace(shot, plain=True))]
    rich, plain = (np.asarray(Image.open(io.BytesIO(data)), dtype=float) for data in both)
    assert rich.shape == plain.shape
    assert not np.array_equal(rich, plain)
    assert np.abs(rich.mean(axis=(0, 1)) - plain.mean(axis=(0, 1))).max() < 60
