"""Describing a source: what comes out, from what, and that the store's past never shows."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generators.captions.attribute_read import read
from generators.captions.captioner import MAX_WORDS, MIN_WORDS
from schemas.errors import MissingGenerations, UnknownName
from schemas.recipe import Describe
from schemas.tables import ATTRIBUTES, CAPTIONS, IMAGES, PERSON_IMAGES, REJECTS
from tasks.steps.describe import describe
from tasks.steps.store import StepOutput
from tasks.versions import writer

PEOPLE = [
    # image, person, split, modality, role, short side
    ("a1", "p:a", "train", "rgb", "normal", 64),
    ("a2", "p:a", "train", "near_infrared", "normal", 64),
    ("b1", "p:b", "test", "rgb", "normal", 40),
    ("c1", "p:c", "test", "rgb", "normal", 64),
    ("d1", None, "none", "rgb", "distractor", 64),
    ("e1", "p:e", "train", "rgb", "normal", 64),
]
CLOTHES = {
    "gender_presentation": "feminine",
    "upper_type": "coat",
    "upper_color_primary": "red",
    "lower_type": "skirt|dress",
}
HUMAN = {
    "c1": ["a man in a black  jacket,blue jeans.He has no bag", "The man wears a black jacket and grey trousers"],
    "e1": ["A man with {hair}", "The man wears a black jacket and grey trousers."],
}


def rows(spec: Any, filled: list[dict[str, Any]]) -> pa.Table:
    blank = {
        "license_id": "x",
        "access_status": "open",
        "release_allowed": True,
        "parse_warnings": [],
        "reader_version": "1",
    }
    return writer.from_rows(spec, [blank | row for row in filled])


@pytest.fixture
def ingested(tmp_path: Path) -> StepOutput:
    folder = tmp_path / "ingest"
    folder.mkdir()
    pack = tmp_path / "store" / "packs" / "toy" / "one.parquet"
    pack.parent.mkdir(parents=True)
    people = [
        {
            "image_id": f"toy/{image}",
            "source": "toy",
            "relpath": image,
            "source_split": split,
            "split": split,
            "pid_raw": image,
        }
        | {"person_key": person, "modality": modality, "role_flag": role}
        for image, person, split, modality, role, _ in PEOPLE
    ]
    attributes = [
        {"attribute_id": f"{person}#{key}", "level": "person", "person_key": person, "key": key, "value": value}
        | {"attribute_source": "own_labels"}
        for person in ("p:a", "p:b")
        for key, value in CLOTHES.items()
    ]
    captions = [
        {
            "caption_id": f"toy/{image}#{n}",
            "image_id": f"toy/{image}",
            "person_key": f"p:{image[0]}",
            "caption_index": n,
        }
        | {"text_raw": text, "text": text, "n_words": 0, "caption_source": "human", "language": "en"}
        | {"valid": True, "flags": []}
        for image, texts in HUMAN.items()
        for n, text in enumerate(texts)
    ]
    stored = [
        {"image_id": f"toy/{image}", "source": "toy", "image": {"bytes": b"", "path": image}, "sha256": image * 32}
        | {"n_bytes": 0, "width": short, "height": 128, "format": "JPEG", "phash": 0}
        for image, *_, short in PEOPLE
    ]
    writer.write(PERSON_IMAGES, rows(PERSON_IMAGES, people), folder / "person_images.parquet")
    writer.write(ATTRIBUTES, rows(ATTRIBUTES, attributes), folder / "attributes.parquet")
    writer.write(CAPTIONS, rows(CAPTIONS, captions), folder / "captions.parquet")
    writer.write(IMAGES, rows(IMAGES, stored), pack)
    return StepOutput("ingest", "0" * 64, folder, False, {"source": "toy", "packs": [{"file": "toy/one.parquet"}]})


def table(step: StepOutput, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(step.folder / f"{name}.parquet").to_pylist()
    return found


def files(step: StepOutput) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(step.folder.iterdir())}


def made(step: StepOutput) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in table(step, "captions"):
        if row["caption_source"] == "rule":
            found.setdefault(row["image_id"], []).append(row)
    return found


def test_normal_images_with_a_record_get_captions_in_different_styles(ingested: StepOutput, tmp_path: Path):
    done = describe(tmp_path / "store", ingested, Describe(captions_per_image=3), 7)
    captions = made(done)
    assert sorted(captions) == ["toy/a1", "toy/a2", "toy/b1", "toy/e1"]
    for written in captions.values():
        assert len(written) == 3
        assert len({row["style"] for row in written}) == 3
        assert all(MIN_WORDS <= row["n_words"] == len(row["text"].split()) <= MAX_WORDS for row in written)
        assert all(row["valid"] and len(row["generation_key"]) == 64 and not row["flags"] for row in written)
    assert [row["caption_index"] for row in captions["toy/a1"]] == [0, 1, 2]
    assert [row["caption_index"] for row in captions["toy/e1"]] == [2, 3, 4]
    assert done.facts["counts"]["described_images"] == 4


def test_captions_say_what_the_record_says_and_no_colour_in_infrared(ingested: StepOutput, tmp_path: Path):
    captions = made(describe(tmp_path / "store", ingested, Describe(), 7))
    for row in captions["toy/b1"]:
        assert read(row["text"]).items() >= {"upper_color_primary": "red", "lower_type": "skirt|dress"}.items()
    for row in captions["toy/a2"]:
        assert read(row["text"])["lower_type"] == "skirt|dress"
        assert "red" not in row["text"].split()


def test_human_captions_are_mended_judged_and_read(ingested: StepOutput, tmp_path: Path):
    done = describe(tmp_path / "store", ingested, Describe(), 7)
    human = {row["caption_id"]: row for row in table(done, "captions") if row["caption_source"] == "human"}
    assert human["toy/c1#0"]["text"] == "A man in a black jacket, blue jeans. He has no bag."
    assert human["toy/c1#0"]["text_raw"] == HUMAN["c1"][0]
    assert (human["toy/e1#0"]["valid"], human["toy/e1#0"]["flags"]) == (False, ["slot", "too_short"])
    assert human["toy/c1#1"]["flags"] == human["toy/e1#1"]["flags"] == ["shared_by_persons"]
    told = {(r["image_id"], r["key"]): r for r in table(done, "attributes") if r["attribute_source"] == "caption"}
    assert told["toy/c1", "upper_type"]["value"] == "jacket"
    assert told["toy/c1", "upper_type"]["confidence"] == pytest.approx(0.9)
    assert told["toy/e1", "upper_type"]["confidence"] == pytest.approx(0.8)
    assert ("toy/c1", "lower_type") not in told


def test_modality_and_low_resolution_become_attributes_without_a_look(ingested: StepOutput, tmp_path: Path):
    done = describe(tmp_path / "store", ingested, Describe(), 7)
    found = {(r["image_id"], r["key"]): r["value"] for r in table(done, "attributes") if r["level"] == "image"}
    assert found["toy/a2", "modality"] == "near_infrared"
    assert {image for image, key in found if key == "image_quality"} == {"toy/b1"}
    assert done.facts["attributes_by_source"]["metadata"] == len(PEOPLE)


def test_a_store_with_a_past_and_an_empty_one_give_the_same_bytes(ingested: StepOutput, tmp_path: Path):
    store = tmp_path / "store"
    first = describe(store, ingested, Describe(), 7)
    before = files(first)
    assert describe(store, ingested, Describe(), 7).skipped
    shutil.rmtree(first.folder)
    assert files(describe(store, ingested, Describe(), 7, replay=True)) == before
    shutil.rmtree(first.folder)
    shutil.rmtree(store / "generations")
    with pytest.raises(MissingGenerations, match="lacks 8 stored answers of kind caption"):
        describe(store, ingested, Describe(), 7, replay=True)
    assert files(describe(store, ingested, Describe(), 7)) == before


def test_more_captions_and_another_seed_leave_or_change_what_they_should(ingested: StepOutput, tmp_path: Path):
    store = tmp_path / "store"
    two, three = (made(describe(store, ingested, Describe(captions_per_image=n), 7)) for n in (2, 3))
    other = made(describe(store, ingested, Describe(captions_per_image=2), 8))
    assert {image: [row["text"] for row in found[:2]] for image, found in three.items()} == {
        image: [row["text"] for row in found] for image, found in two.items()
    }
    assert other != two
    assert made(describe(store, ingested, Describe(captions_per_image=0), 7)) == {}


def test_unknown_names_are_refused_before_any_work(ingested: StepOutput, tmp_path: Path):
    with pytest.raises(UnknownName, match="no backend named 'gramar'"):
        describe(tmp_path / "store", ingested, Describe(backend="gramar"), 7)
    with pytest.raises(UnknownName, match="no caption style named 'plian'"):
        describe(tmp_path / "store", ingested, Describe(styles=("plian",)), 7)


def test_tables_have_the_promised_form(ingested: StepOutput, tmp_path: Path):
    done = describe(tmp_path / "store", ingested, Describe(), 7)
    for spec in (CAPTIONS, ATTRIBUTES, REJECTS):
        stored = pq.read_table(done.folder / f"{spec.name}.parquet")
        assert stored.schema.equals(spec.schema)
        key = stored[spec.key[0]].to_pylist()
        assert key == sorted(set(key))
