import random
import re

import pyarrow.parquet as pq
import pytest

from schemas.discovery import find, find_all, names
from schemas.errors import BadRecipe, UnknownName
from schemas.keys import digest
from schemas.protocol import EVERY_TRIAL
from schemas.tables import CAPTIONS, PERSON_IMAGES, PROTOCOL_MEMBERS, PROTOCOLS
from tasks.scoring.membership import SeededChoice
from tasks.scoring.metrics import Rules
from tasks.steps.benchmark import benchmark
from tasks.steps.store import run_step
from tasks.versions.writer import from_rows, write

CONSTANT = {
    "label_train": None, "license_id": "toy", "access_status": "synthetic", "release_allowed": True,
    "reader_version": "1", "parse_warnings": [],
}  # fmt: skip


def image(source, relpath, **facts):
    facts = {"source_split": "test", "split": "test", "pid_raw": "1", "person_key": f"{source}:1", **facts}
    return {"image_id": f"{source}/{relpath}", "source": source, "relpath": relpath, "modality": "rgb",
            "role_flag": "normal", **CONSTANT, **facts}  # fmt: skip


def caption(image_id, index, source="human"):
    return {
        "caption_id": f"{image_id}#{index}{source}", "image_id": image_id, "person_key": "cuhk_pedes:1",
        "caption_index": index, "text_raw": "a man", "text": "a man", "n_words": 2, "caption_source": source,
        "language": "en", "valid": True, "flags": [],
    }  # fmt: skip


def market():
    boxes = {
        "query/a.jpg": {"source_split": "query"},
        "box/c.jpg": {"source_split": "gallery"},
        "box/b.jpg": {"source_split": "gallery"},
        "box/distractor.jpg": {
            "source_split": "gallery", "role_flag": "distractor", "person_key": None, "split": "none",
        },
        "box/junk.jpg": {"source_split": "gallery", "role_flag": "junk", "person_key": None, "split": "none"},
        "train/t.jpg": {"source_split": "train", "split": "train"},
        "gt/x.jpg": {"source_split": "gt_bbox", "role_flag": "excluded", "split": "none"},
    }  # fmt: skip
    return [image("market1501", relpath, **facts) for relpath, facts in boxes.items()]


def sysu():
    rows = []
    for pid in (9, 2, 10):
        for camera in range(1, 7):
            for frame in range(1, 8):
                infrared = camera in (3, 6)
                rows.append(
                    image(
                        "sysu_mm01", f"cam{camera}/{pid:04d}/{frame:04d}.jpg", pid_raw=f"{pid:04d}",
                        cam_raw=f"cam{camera}", modality="near_infrared" if infrared else "rgb",
                    )
                )  # fmt: skip
    return [row for row in rows if not ("/0002/" in row["image_id"] and "cam2" in row["image_id"])]


def step(store, name, source, person_images, captions=()):
    def work(folder):
        write(PERSON_IMAGES, from_rows(PERSON_IMAGES, person_images), folder / "person_images.parquet")
        write(CAPTIONS, from_rows(CAPTIONS, captions), folder / "captions.parquet")
        return {"source": source}

    return run_step(store, name, {"source": source, "rows": digest([person_images, list(captions)])}, work)


def build(store, sources, wanted=()):
    done = [step(store, "ingest", source, rows) for source, (rows, _) in sources.items()]
    described = [step(store, "describe", source, [], captions) for source, (_, captions) in sources.items()]
    out = benchmark(store, done, described, wanted)
    return out, pq.read_table(out.folder / "protocols.parquet"), pq.read_table(out.folder / "protocol_members.parquet")


def ids(members, role, trial=EVERY_TRIAL):
    rows = [row for row in members.to_pylist() if (row["role"], row["trial"]) == (role, trial)]
    assert [row["position"] for row in rows] == list(range(len(rows)))
    return [row["member_ids"][0] for row in rows]


def test_every_declared_protocol_states_rules_that_exist_and_names_a_source():
    declared = dict(find_all("tasks.protocols", "PROTOCOL"))
    assert len(declared) >= 72
    for name, protocol in declared.items():
        Rules.of(protocol)
        assert protocol.source in names("generators.sources"), name
        assert name.startswith(protocol.source)
        assert set(protocol.expected) <= {"query", "gallery", "persons"}
        assert all(0 < rank1 <= 100 and 0 < mean_ap <= 100 for rank1, mean_ap in protocol.reference.values())
        assert re.search(r"Source: .+ \d{4}", find_doc(name).replace("\n", " "))


def find_doc(name):
    import importlib

    return importlib.import_module(f"tasks.protocols.{name}").__doc__


def test_market_ranks_distractors_but_never_junk_training_or_hand_drawn_boxes(tmp_path):
    out, rules, members = build(tmp_path, {"market1501": (market(), [])})
    assert ids(members, "query") == ["market1501/query/a.jpg"]
    assert ids(members, "gallery") == [f"market1501/box/{name}.jpg" for name in ("b", "c", "distractor")]
    assert rules.schema.remove_metadata() == PROTOCOLS.schema
    assert members.schema.remove_metadata() == PROTOCOL_MEMBERS.schema
    row = rules.to_pylist()[0]
    assert (row["protocol_id"], row["n_query"], row["n_gallery"]) == ("market1501_single_query", 1, 3)
    assert (row["expected_query"], row["expected_gallery"]) == (3_368, 15_913)
    assert out.facts["protocols"]["market1501_single_query"]["gallery"] == 3


def test_the_seeded_choice_draws_what_python_draws_after_seeding():
    for seed in range(12):
        ours, theirs = SeededChoice(seed), random.Random(seed)
        for size in [1, 2, 3, 7, 8, 20, 40, 1000] * 10:
            assert ours.choice(range(size)) == theirs.choice(range(size))


def test_sysu_draws_one_visible_image_of_every_person_and_camera_as_published_code_does(tmp_path):
    _, rules, members = build(tmp_path, {"sysu_mm01": (sysu(), [])})
    assert len(ids(members, "query")) == 3 * 2 * 7
    for trial in range(10):
        draw, wanted = random.Random(trial), []
        for pid in (2, 9, 10):
            for camera in (1, 2, 4, 5):
                if (pid, camera) != (2, 2):
                    frame = draw.choice([f"{frame:04d}" for frame in range(1, 8)])
                    wanted.append(f"sysu_mm01/cam{camera}/{pid:04d}/{frame}.jpg")
        assert ids(members, "gallery", trial) == wanted
    assert (rules["n_gallery"][0].as_py(), rules["n_trials"][0].as_py()) == (11, 10)


def test_cuhk_asks_every_human_caption_of_a_test_image_however_many_it_has(tmp_path):
    rows = [image("cuhk_pedes", name) for name in ("a.jpg", "b.jpg")]
    rows.append(image("cuhk_pedes", "val.jpg", source_split="val", split="val"))
    texts = [caption("cuhk_pedes/a.jpg", k) for k in range(3)]
    texts += [caption("cuhk_pedes/b.jpg", 0), caption("cuhk_pedes/b.jpg", 1, "grammar")]
    texts.append(caption("cuhk_pedes/val.jpg", 0))
    _, _, members = build(tmp_path, {"cuhk_pedes": (rows, texts)})
    assert ids(members, "query") == [*(f"cuhk_pedes/a.jpg#{k}human" for k in range(3)), "cuhk_pedes/b.jpg#0human"]
    assert set(members.filter(members["role"].to_numpy() == "query")["member_kind"].to_pylist()) == {"caption"}
    assert ids(members, "gallery") == ["cuhk_pedes/a.jpg", "cuhk_pedes/b.jpg"]


def test_the_same_members_give_the_same_bytes_whatever_the_order_of_sources_and_names(tmp_path):
    sources = {"market1501": (market(), []), "sysu_mm01": (sysu(), [])}
    wanted = ["market1501_single_query", "sysu_mm01_all_search_single_shot"]
    one, *_ = build(tmp_path / "one", sources, wanted)
    two, *_ = build(tmp_path / "two", dict(reversed(sources.items())), wanted[::-1])
    assert one.digest == two.digest
    for name in ("protocols.parquet", "protocol_members.parquet"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    again, *_ = build(tmp_path / "one", sources)
    assert (again.skipped, again.digest) == (True, one.digest)


def test_a_protocol_that_does_not_exist_or_lacks_its_source_is_refused(tmp_path):
    with pytest.raises(UnknownName, match="Did you mean 'market1501_single_query'"):
        build(tmp_path, {"market1501": (market(), [])}, ["market1501_single_qery"])
    with pytest.raises(BadRecipe, match="'ltcc_standard' ranks images of 'ltcc', which is not among the sources"):
        build(tmp_path, {"market1501": (market(), [])}, ["ltcc_standard"])


def test_the_members_of_ltcc_are_the_same_in_both_settings(tmp_path):
    rows = [image("ltcc", "query/a.png", source_split="query"), image("ltcc", "test/b.png", source_split="gallery")]
    _, rules, members = build(tmp_path, {"ltcc": (rows, [])})
    assert rules["junk_rule"].to_pylist() == ["pid_cam_or_clothes", "pid_cam"]
    by_protocol = [
        [{**row, "protocol_id": ""} for row in members.to_pylist() if row["protocol_id"] == name]
        for name in rules["protocol_id"].to_pylist()
    ]
    assert by_protocol[0] == by_protocol[1]
    assert len(by_protocol[0]) == 2


def test_declared_members_are_found_by_name():
    assert find("tasks.protocols", "PROTOCOL", "ltcc_standard").title == "LTCC, standard"
