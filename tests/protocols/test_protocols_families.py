"""The members of every family of protocols on toy tables, and what the rule makes of them."""

import random

import pyarrow as pa
import pytest

from generators.regdb_trials import variant_of
from schemas.discovery import find, names
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


def test_multi_query_asks_with_every_hand_drawn_box_of_the_query_s_person_and_camera():
    def box(folder, name, camera, pid="0002", **facts):
        return row(
            "market1501", f"{folder}/{name}.jpg", pid, source_split=folder, cam_key=f"market1501:c{camera}", **facts
        )

    outside = {"role_flag": "excluded", "split": "none"}
    rows = [
        box("query", "a", 1), box("query", "b", 2), box("query", "alone", 3), box("gallery", "g", 1),
        *(box("gt_bbox", f"{name}{k}", camera, **outside) for name, camera in (("a", 1), ("b", 2)) for k in (2, 1)),
        box("gt_bbox", "other", 1, "0003", **outside),
    ]  # fmt: skip
    found = members("market1501_multi_query", rows)
    wanted = [("gt_bbox/a1.jpg", "gt_bbox/a2.jpg"), ("query/alone.jpg",), ("gt_bbox/b1.jpg", "gt_bbox/b2.jpg")]
    asked = [member.ids for member in found if member.role == "query"]
    assert asked == [tuple(f"market1501/{name}" for name in ids) for ids in wanted]
    assert {member.kind for member in found if member.role == "query"} == {"combo"}
    assert ids(found, "gallery") == ["market1501/gallery/g.jpg"]


def sysu():
    return [
        row(
            "sysu_mm01", f"cam{camera}/{pid:04d}/{frame:04d}.jpg", f"{pid:04d}", cam_raw=f"cam{camera}",
            cam_key=f"sysu_mm01:c{camera}", modality="near_infrared" if camera in (3, 6) else "rgb",
        )
        for pid in (30, 9)
        for camera in range(1, 7)
        for frame in range(1, 15)
        if (pid, camera) != (9, 2)
    ]  # fmt: skip


SYSU_CAMERAS = {"all": (1, 2, 4, 5), "indoor": (1, 2)}


@pytest.mark.parametrize(("mode", "word"), [("all", "multi"), ("indoor", "single"), ("indoor", "multi")])
def test_sysu_draws_from_the_cameras_of_the_mode_one_or_ten_images_of_each(mode, word):
    found = members(f"sysu_mm01_{mode}_search_{word}_shot", sysu())
    assert len(ids(found, "query")) == 2 * 2 * 14
    for trial in range(10):
        draw, wanted = random.Random(trial), []
        for pid in (9, 30):
            for camera in SYSU_CAMERAS[mode]:
                if (pid, camera) != (9, 2):
                    files = [f"sysu_mm01/cam{camera}/{pid:04d}/{frame:04d}.jpg" for frame in range(1, 15)]
                    wanted += [draw.choice(files)] if word == "single" else draw.sample(files, 10)
        assert ids(found, "gallery", trial) == wanted


@pytest.mark.parametrize(
    ("mode", "word", "take"), [(m, w, t) for m in SYSU_CAMERAS for w, t in (("single", 1), ("multi", 10))]
)
def test_the_official_permutations_name_places_from_1_in_name_order(mode, word, take):
    protocol = find("tasks.protocols", "PROTOCOL", f"sysu_mm01_{mode}_search_{word}_shot_official")
    table = from_rows(PERSON_IMAGES, sysu())
    rows = {
        f"sysu_mm01:c{camera}/{pid:04d}": [
            random.Random(f"{camera} {pid} {t}").sample(range(1, 15), 14) for t in range(10)
        ]
        for camera in (1, 2, 4, 5)
        for pid in (9, 30)
    }
    found = list(protocol.members_of_list(table, rows))
    for trial in range(10):
        wanted = [
            f"sysu_mm01/cam{camera}/{pid:04d}/{place:04d}.jpg"
            for pid in (9, 30)
            for camera in SYSU_CAMERAS[mode]
            if (pid, camera) != (9, 2)
            for place in rows[f"sysu_mm01:c{camera}/{pid:04d}"][trial][:take]
        ]
        assert ids(found, "gallery", trial) == wanted
    assert {member.role for member in protocol.members(table, CAPTIONS.schema.empty_table())} == {"query"}


def regdb():
    tested = {1: (1, 2), 2: (3,), 3: ()}
    return [
        row(
            "regdb", f"{kind}/{pid}/male_back_{kind[0].lower()}_{k}_{pid}.bmp", str(pid), variant=variant_of(
                {trial: "test" if trial in tested[pid] else "train" for trial in range(1, 11)}
            ), modality={"Visible": "rgb", "Thermal": "thermal"}[kind],
        )
        for kind in ("Visible", "Thermal")
        for pid in (1, 2, 3)
        for k in range(2)
    ]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), [("visible", "thermal"), ("thermal", "visible")])
def test_regdb_tests_in_every_trial_the_persons_of_its_own_list(a, b):
    def images_of(kind, pids):
        return [f"regdb/{kind}/{pid}/male_back_{kind[0].lower()}_{k}_{pid}.bmp" for pid in pids for k in range(2)]

    one, ten = (members(f"regdb_{a}_to_{b}{which}", regdb()) for which in ("", "_ten_splits"))
    assert ids(one, "query") == images_of(a.title(), [1])
    assert ids(one, "gallery") == images_of(b.title(), [1])
    for trial, pids in enumerate([[1], [1], [2], []]):
        assert ids(ten, "query", trial) == images_of(a.title(), pids)
        assert ids(ten, "gallery", trial) == images_of(b.title(), pids)
    assert {member.trial for member in one} == {EVERY_TRIAL}


ORBENCH = [name for name in names("tasks.protocols") if name.startswith("orbench_")]
TOLD = "orbench/test_gallery_and_queries.json#000000"


def test_orbench_has_a_protocol_for_each_of_its_32_keys_and_only_single_things_run_unasked():
    keys = [find("tasks.protocols", "PROTOCOL", name).list_name for name in ORBENCH]
    assert len(keys) == len(set(keys)) == 32
    assert {"NIR", "SK+NIR+TEXT", "TEXT+CP+SK", "CP+NIR+SK+TEXT", "TEXT+NIR+CP+SK"} <= set(keys)
    for name, key in zip(ORBENCH, keys, strict=True):
        kinds = key.split("+")
        assert name == f"orbench_{'_'.join(kinds).lower()}"
        assert kinds[1:] == [kind for kind in ("NIR", "CP", "SK", "TEXT") if kind in kinds[1:]]
        assert find("tasks.protocols", "PROTOCOL", name).by_default == (len(kinds) == 1)


def test_orbench_asks_with_the_groups_of_the_dataset_s_list_in_their_order():
    shown = [row("orbench", f"vis/0001/{k}.jpg", "0001", source_split="gallery") for k in (2, 1)]
    asked = [row("orbench", f"{kind}/0001/a.jpg", "0001", source_split="query") for kind in ("nir", "sk")]
    table = from_rows(PERSON_IMAGES, [*shown, *asked])
    groups = [
        ["orbench/sk/0001/a.jpg", "orbench/nir/0001/a.jpg", TOLD],
        ["orbench/sk/0001/lost.jpg", asked[0]["image_id"], TOLD],
    ]
    protocol = find("tasks.protocols", "PROTOCOL", "orbench_sk_nir_text")
    found = list(protocol.members_of_list(table, groups))
    assert [(member.kind, member.ids) for member in found if member.role == "query"] == [("combo", tuple(groups[0]))]
    assert ids(found, "gallery") == ["orbench/vis/0001/1.jpg", "orbench/vis/0001/2.jpg"]
    text = list(find("tasks.protocols", "PROTOCOL", "orbench_text").members_of_list(table, [[TOLD]]))
    assert (text[0].kind, text[0].ids) == ("caption", (TOLD,))
    assert {m.role for m in protocol.members(table, CAPTIONS.schema.empty_table())} == {"gallery"}


@pytest.mark.parametrize("kind", ["labeled", "detected"])
def test_cuhk03_classic_asks_and_ranks_the_persons_of_every_test_set(kind):
    rows = [
        row("cuhk03", f"{variant}/{pair}_{pid:03d}_1_0{k}.png", f"{pair}_{pid:03d}", variant=variant)
        for variant in ("labeled", "detected")
        for pair in (1, 2)
        for pid in (1, 12)
        for k in (1, 2)
    ]
    protocol = find("tasks.protocols", "PROTOCOL", f"cuhk03_classic_{kind}")
    found = list(protocol.members_of_list(from_rows(PERSON_IMAGES, rows), [[[1, 12], [2, 1]], [[2, 12], [5, 9]]]))
    for trial, persons in enumerate((["1_012", "2_001"], ["2_012"])):
        wanted = [f"cuhk03/{kind}/{person}_1_0{k}.png" for person in persons for k in (1, 2)]
        assert ids(found, "query", trial) == ids(found, "gallery", trial) == wanted
