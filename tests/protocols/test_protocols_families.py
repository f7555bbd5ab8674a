"""The members of every family of protocols on toy tables, and what the rule makes of them."""

import random

import pyarrow as pa
import pytest

from schemas.discovery import find
from schemas.errors import WrongUse
from schemas.protocol import EVERY_TRIAL
from schemas.tables import CAPTIONS, PERSON_IMAGES
from tasks.scoring.membership import SeededChoice
from tasks.versions.writer import from_rows


def row(source, relpath, pid, **facts):
    facts = {"source_split": "test", "split": "test", "modality": "rgb", "role_flag": "normal", **facts}
    return {
        "image_id": f"{source}/{relpath}", "source": source, "relpath": relpath, "pid_raw": pid,
        "person_key": f"{source}:{pid}", "license_id": "toy", "access_status": "synthetic", "release_allowed": True,
        "reader_version": "1", "parse_warnings": [], **facts,
    }  # fmt: skip


def caption(image_id, index, source="human"):
    return {
        "caption_id": f"{image_id}#{index}", "image_id": image_id, "caption_index": index, "text_raw": "a man",
        "text": "a man", "n_words": 2, "caption_source": source, "language": "en", "valid": True, "flags": [],
    }  # fmt: skip


def members(name, rows, captions=()):
    protocol = find("tasks.protocols", "PROTOCOL", name)
    return list(protocol.members(from_rows(PERSON_IMAGES, rows), from_rows(CAPTIONS, captions)))


def ids(found, role, trial=EVERY_TRIAL):
    chosen = [member for member in found if (member.role, member.trial) == (role, trial)]
    assert [member.position for member in chosen] == list(range(len(chosen)))
    return [member.ids[0] for member in chosen]


def halves(source, variants=(None,)):
    return [
        row(source, f"{variant or ''}{part}/{k}.jpg", "1", source_split=part, split=split, variant=variant)
        for variant in variants
        for part, split in (("train", "train"), ("query", "test"), ("gallery", "test"), ("val", "val"))
        for k in range(2)
    ]


@pytest.mark.parametrize(
    "name", ["msmt17", "celeb_reid", "celeb_reid_light", "deepchange", "vc_clothes_all", "vc_clothes_clothes_rule_cc"]
)
def test_the_query_folder_asks_and_the_gallery_folder_is_ranked(name):
    source = find("tasks.protocols", "PROTOCOL", name).source
    found = members(name, halves(source))
    assert ids(found, "query") == [f"{source}/query/{k}.jpg" for k in range(2)]
    assert ids(found, "gallery") == [f"{source}/gallery/{k}.jpg" for k in range(2)]
    assert len(found) == 4


@pytest.mark.parametrize("kind", ["labeled", "detected"])
def test_cuhk03_ranks_the_boxes_of_its_own_kind_only(kind):
    found = members(f"cuhk03_new_{kind}", halves("cuhk03", ("labeled", "detected")))
    assert ids(found, "query") == [f"cuhk03/{kind}query/{k}.jpg" for k in range(2)]
    assert ids(found, "gallery") == [f"cuhk03/{kind}gallery/{k}.jpg" for k in range(2)]


@pytest.mark.parametrize("cameras", ["23", "34"])
def test_vc_clothes_by_cameras_keeps_two_cameras_on_both_sides(cameras):
    rows = [
        row("vc_clothes", f"{part}/{camera}.jpg", "1", source_split=part, cam_key=f"vc_clothes:c{camera}")
        for part in ("query", "gallery")
        for camera in range(1, 5)
    ]
    found = members(f"vc_clothes_cams{cameras}", rows)
    for role in ("query", "gallery"):
        assert ids(found, role) == [f"vc_clothes/{role}/{camera}.jpg" for camera in cameras]


def prcc():
    return [
        row("prcc", f"{kind}/test/{camera}/{pid:03d}/{k}.jpg", f"{pid:03d}", cam_raw=camera, modality=kind)
        for kind in ("rgb", "sketch")
        for camera in "ABC"
        for pid in (20, 3, 111)
        for k in range(5)
    ]


@pytest.mark.parametrize(("kind", "camera"), [("sc", "B"), ("cc", "C")])
def test_prcc_asks_from_one_camera_and_ranks_photos_of_camera_a(kind, camera):
    full, single = members(f"prcc_full_{kind}", prcc()), members(f"prcc_single_shot_{kind}", prcc())
    asked = [f"prcc/rgb/test/{camera}/{pid}/{k}.jpg" for pid in ("003", "020", "111") for k in range(5)]
    assert ids(full, "query") == ids(single, "query") == asked
    assert ids(full, "gallery") == [name.replace(f"/{camera}/", "/A/") for name in asked]
    draw = random.Random(3)
    for trial in range(10):
        wanted = [f"prcc/rgb/test/A/{pid}/{draw.choice(range(5))}.jpg" for pid in ("003", "020", "111")]
        assert ids(single, "gallery", trial) == wanted


def llcm():
    return [
        row(
            "llcm", f"test_{kind}/cam{camera}/{pid:04d}/{k}.jpg", f"{pid:04d}", cam_key=f"llcm:c{camera}",
            modality={"vis": "rgb", "nir": "near_infrared"}[kind],
        )
        for kind in ("vis", "nir")
        for camera in range(1, 10)
        for pid in (12, 7)
        for k in range(6)
        if (kind, camera) != ("nir", 3)
    ]  # fmt: skip


def drawn(kind, trial):
    draw = random.Random(trial)
    return [
        f"llcm/test_{kind}/cam{camera}/{pid}/{draw.choice(range(6))}.jpg"
        for pid in ("0007", "0012")
        for camera in range(1, 10)
        if (kind, camera) != ("nir", 3)
    ]


def test_llcm_draws_one_image_of_every_person_and_camera_on_the_side_that_the_direction_says():
    forth, true, reference = (
        members(f"llcm_{way}", llcm()) for way in ("ir2vis", "vis2ir_true", "vis2ir_reference_code")
    )
    everything = {
        kind: sorted(r["image_id"] for r in llcm() if f"_{kind}/" in r["image_id"]) for kind in ("vis", "nir")
    }
    assert ids(forth, "query") == everything["nir"]
    assert ids(true, "query") == ids(reference, "gallery") == everything["vis"]
    for trial in range(10):
        assert ids(forth, "gallery", trial) == drawn("vis", trial)
        assert ids(true, "gallery", trial) == ids(reference, "query", trial) == drawn("nir", trial)


@pytest.mark.parametrize("source", ["icfg_pedes", "rstpreid", "ufine6926"])
def test_every_human_caption_of_a_test_image_asks_all_test_images(source):
    rows = [row(source, "a.jpg", "1"), row(source, "b.jpg", "2"), row(source, "t.jpg", "3", split="train")]
    texts = [caption(f"{source}/{name}.jpg", k) for name in "abt" for k in range(2)]
    texts.append(caption(f"{source}/b.jpg", 9, "grammar"))
    found = members(f"{source}_text_to_image", rows, texts)
    assert ids(found, "query") == [f"{source}/{name}.jpg#{k}" for name in "ab" for k in range(2)]
    assert ids(found, "gallery") == [f"{source}/a.jpg", f"{source}/b.jpg"]


def test_a_seeded_sample_is_the_one_python_draws():
    for seed in range(8):
        ours, theirs = SeededChoice(seed), random.Random(seed)
        for size in (10, 11, 20, 40, 85):
            assert ours.sample(range(size), 10) == theirs.sample(range(size), 10)
    assert sorted(SeededChoice(1).sample("abc", 10)) == ["a", "b", "c"]
    with pytest.raises(WrongUse, match="at most 85 things, not from 86"):
        SeededChoice(1).sample(range(86), 10)


def test_an_empty_table_has_no_members():
    tables = PERSON_IMAGES.schema.empty_table(), CAPTIONS.schema.empty_table()
    assert isinstance(tables[0], pa.Table)
    for name in ("msmt17", "prcc_single_shot_sc", "llcm_ir2vis", "ufine6926_text_to_image"):
        assert list(find("tasks.protocols", "PROTOCOL", name).members(*tables)) == []
