"""Mining and composing as steps: tables in, tables out, done once, and the same bytes whatever the order."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from questions_toy import caption, colours, image, people

from generators.pool import build_pool
from schemas.errors import UnknownName
from schemas.question import Pool
from schemas.recipe import Family, Mine, Recipe
from schemas.tables import TABLES
from tasks.steps.compose import compose
from tasks.steps.mine import mine
from tasks.steps.parts import SourceParts, read_table
from tasks.steps.pools import forget_pools, read_pool, withheld_persons
from tasks.steps.store import StepOutput, run_step
from tasks.versions.writer import from_rows, write


def picture(number: int) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (64, 128), (number * 37 % 256, number * 91 % 256, number * 13 % 256)).save(held, "JPEG")
    return held.getvalue()


def stored(store: Path, source: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A pack of one picture per row, and what ingest says of it."""
    path = store / "packs" / source / "toy.parquet"
    path.parent.mkdir(parents=True)
    images = [
        {"image_id": row["image_id"], "source": source, "image": {"bytes": picture(at), "path": "a.jpg"}}
        | {"sha256": "0" * 64, "n_bytes": 1, "width": 64, "height": 128, "format": "jpeg", "phash": 0}
        for at, row in enumerate(rows)
    ]
    write(TABLES["images"], from_rows(TABLES["images"], images), path)
    return [{"file": f"{source}/toy.parquet"}]


def toy_step(store: Path, step: str, facts: dict[str, Any], **tables: list[dict[str, Any]]) -> StepOutput:
    def work(folder: Path) -> dict[str, Any]:
        for name, rows in tables.items():
            write(TABLES[name], from_rows(TABLES[name], rows), folder / f"{name}.parquet")
        return facts

    return run_step(store, step, facts, work)


def parts_of(store: Path, source: str, persons: int = 12) -> SourceParts:
    images = people(persons, outfits=2, source=source) + people(persons, outfits=2, source=source, split="test")
    junk = people(1, source=source, split="none", role_flag="junk", person_key=None, clothes_key=None)
    nobody = {"role_flag": "distractor", "source_split": "gallery", "person_key": None, "clothes_key": None}
    strange = [image(source, "0000", "c1", "0", f"{source}/gallery/0000_c1.jpg", split="none", **nobody)]
    everything = images + junk + strange
    facts = {"source": source, "packs": stored(store, source, everything)}
    ingested = toy_step(store, "ingest", facts, person_images=everything)
    told = [caption(row["image_id"], "A person who wears a red jacket.") for row in images]
    described = toy_step(store, "describe", {"source": source}, attributes=colours(images), captions=told)
    return SourceParts(ingested, described, mine(store, ingested, Mine(top_k=5)))


def recipe(**families: Family) -> Recipe:
    sources = [{"name": "one"}, {"name": "two"}]
    return Recipe(name="toy", version="0.1.0", title="Toy", sources=sources, families=families)


BOTH = recipe(
    SAME_YN=Family(stage=2, rows={"train": 60, "test": 20}),
    VI_YN=Family(stage=3, rows={"train": 10}),
)


def test_mining_pairs_training_images_of_different_persons_nearest_first(tmp_path: Path):
    part = parts_of(tmp_path, "one")
    found = read_table(part.mined, "neighbours").to_pylist()
    people_of = {row["image_id"]: row for row in read_table(part.ingested, "person_images").to_pylist()}
    assert part.mined.facts["pairs"] == len(found) == part.mined.facts["anchors"] * 5 == 12 * 2 * 3 * 2 * 5
    for row in found:
        anchor, candidate = people_of[row["anchor_id"]], people_of[row["candidate_id"]]
        assert anchor["split"] == candidate["split"] == "train"
        assert anchor["person_key"] != candidate["person_key"]
        assert row["same_camera"] == (anchor["cam_key"] == candidate["cam_key"])
    lists = pa.Table.from_pylist(found).group_by("anchor_id", use_threads=False).aggregate([("distance", "list")])
    assert all(distances == sorted(distances) for distances in lists.column("distance_list").to_pylist())
    assert {row["rank"] for row in found} == {1, 2, 3, 4, 5}
    assert mine(tmp_path, part.ingested, Mine(top_k=5)).skipped


def test_kept_vectors_change_no_neighbour_and_let_rows_tell_their_margins(tmp_path: Path):
    part = parts_of(tmp_path, "one")
    kept = mine(tmp_path, part.ingested, Mine(top_k=5, margins=True))
    assert not kept.skipped
    assert read_table(kept, "neighbours").equals(read_table(part.mined, "neighbours"))
    assert not (part.mined.folder / "seen.parquet").exists()
    rows = {}
    for mined in (part.mined, kept):
        forget_pools()
        done = compose(tmp_path, [SourceParts(part.ingested, part.described, mined)], BOTH, "SAME_YN")
        rows[mined.digest] = pq.read_table(done.folder / "conversations-train.parquet").to_pylist()
    plain, told = rows.values()
    assert {flag.split("_")[0] for row in told for flag in row["quality"]["flags"]} == {"margin", "ahead", "behind"}
    assert all(re.fullmatch("[a-z0-9_]+", flag) for row in told for flag in row["quality"]["flags"])
    assert [row | {"quality": None} for row in told] == [row | {"quality": None} for row in plain]


def test_mining_a_source_without_training_images_gives_an_empty_table(tmp_path: Path):
    images = people(3, split="test")
    facts = {"source": "toy", "packs": stored(tmp_path, "toy", images)}
    done = mine(tmp_path, toy_step(tmp_path, "ingest", facts, person_images=images), Mine())
    assert read_table(done, "neighbours").num_rows == 0
    assert done.facts["anchors"] == 0


def test_composing_fills_its_quota_over_all_sources_once_and_in_any_order(tmp_path: Path):
    parts = [parts_of(tmp_path, "one"), parts_of(tmp_path, "two")]
    done = compose(tmp_path, parts, BOTH, "SAME_YN")
    assert done.facts["rows"] == {"train": 60, "test": 20}
    assert done.facts["shortfalls"] == []
    assert done.facts["answers"]["train"] == {"No": 30, "Yes": 30}
    train = pq.read_table(done.folder / "conversations-train.parquet").to_pylist()
    assert {ref["source"] for row in train for ref in row["images"]} == {"one", "two"}
    assert {row["licence"][0] for row in train} == {"one-research", "two-research"}
    assert any(negative["strategy"] == "embedding_topk" for row in train for negative in row["negatives"])
    persons = [{ref["person_key"] for row in rows for ref in row["images"]} for rows in (train, held_out(done))]
    assert not persons[0] & persons[1]
    assert compose(tmp_path, parts[::-1], BOTH, "SAME_YN").skipped


def held_out(done: StepOutput) -> list[dict[str, Any]]:
    return pq.read_table(done.folder / "conversations-test.parquet").to_pylist()


def test_two_stores_give_the_same_bytes(tmp_path: Path):
    written = []
    for name in ("a", "b"):
        parts = [parts_of(tmp_path / name, source) for source in ("one", "two")]
        done = compose(tmp_path / name, parts if name == "a" else parts[::-1], BOTH, "SAME_YN")
        written.append([(done.folder / f"conversations-{split}.parquet").read_bytes() for split in ("train", "test")])
    assert written[0] == written[1]


def test_a_cell_that_cannot_be_filled_is_told_with_its_reason(tmp_path: Path):
    done = compose(tmp_path, [parts_of(tmp_path, "one")], BOTH, "VI_YN")
    (shortfall,) = done.facts["shortfalls"]
    assert (shortfall["split"], shortfall["wanted"], shortfall["filled"]) == ("train", 10, 0)
    assert "infrared" in shortfall["reason"]
    assert pq.read_table(done.folder / "conversations-train.parquet").num_rows == 0


def test_a_training_person_who_may_be_a_test_person_is_left_out_and_counted(tmp_path: Path):
    part = parts_of(tmp_path, "one")
    keys = {split: f"one:{split}-0003" for split in ("train", "test")}
    pair = {"person_a": keys["test"], "person_b": keys["train"], "reason": "same_file", "cluster": "c1"}
    also = {"person_a": keys["train"], "person_b": "one:train-0004", "reason": "same_file", "cluster": "c1"}
    evidence = {"evidence_a": "x", "evidence_b": "y"}
    links = toy_step(tmp_path, "link", {"n": 2}, identity_links=[pair | evidence, also | evidence])
    assert withheld_persons([part], links) == {keys["train"], "one:train-0004"}
    done = compose(tmp_path, [part], BOTH, "SAME_YN", links)
    assert done.facts["withheld_persons"] == 2
    train = pq.read_table(done.folder / "conversations-train.parquet").to_pylist()
    assert keys["train"] not in {ref["person_key"] for row in train for ref in row["images"]}
    assert keys["test"] in {ref["person_key"] for row in held_out(done) for ref in row["images"]}


def read_all(steps: list[StepOutput], name: str) -> pa.Table:
    return pa.concat_tables([read_table(step, name) for step in steps])


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_pool_of_only_what_is_needed_is_that_of_the_whole_tables(tmp_path: Path, split: str):
    parts = [parts_of(tmp_path, "one"), parts_of(tmp_path, "two")]
    read = read_pool(tmp_path, parts, split, {"one:train-0003"})
    whole = build_pool(
        split,
        read_all([part.ingested for part in parts], "person_images"),
        pa.concat_tables([pq.read_table(path) for path in sorted(tmp_path.glob("packs/*/*.parquet"))]),
        read_all([part.described for part in parts], "captions"),
        read_all([part.described for part in parts], "attributes"),
        read_all([part.mined for part in parts], "neighbours"),
        withheld={"one:train-0003"} if split == "train" else (),
        distractors=read_all([part.ingested for part in parts], "person_images"),
    )
    assert read.size == whole.size == (276 if split == "train" else 288)
    assert read.table.equals(whole.table)
    assert read.captions.table.equals(whole.captions.table)
    for name in ("words", "source", "person", "camera", "clothes", "modality", "looks"):
        assert np.array_equal(getattr(read, name), getattr(whole, name)), name
    assert all(np.array_equal(read.values[key], whole.values[key]) for key in whole.values)
    assert read.neighbours.miner == whole.neighbours.miner
    assert np.array_equal(read.neighbours.near, whole.neighbours.near)
    assert np.array_equal(read.neighbours.distance, whole.neighbours.distance, equal_nan=True)
    assert (read.neighbours.near >= 0).any() == (split == "train")
    assert shown_of_nobody(read) == shown_of_nobody(whole)
    assert shown_of_nobody(read) == ([f"{name}/gallery/0000_c1.jpg" for name in ("one", "two")] * (split == "test"))


def shown_of_nobody(read: Pool) -> list[str]:
    return [] if read.distractors is None else read.distractors.table.column("image_id").to_pylist()


def test_a_pool_is_read_once_for_all_families_until_it_is_forgotten(tmp_path: Path):
    parts = [parts_of(tmp_path, "one")]
    first, again = (read_pool(tmp_path, parts, "train", set()) for _ in range(2))
    other = read_pool(tmp_path, parts, "train", {"one:train-0003"})
    assert first is again
    assert other.size < first.size
    forget_pools()
    assert read_pool(tmp_path, parts, "train", set()) is not first


def test_a_family_without_a_file_is_answered_with_those_there_are(tmp_path: Path):
    wrong = recipe(SAME_YM=Family(stage=2, rows={"train": 1}))
    with pytest.raises(UnknownName, match="Did you mean 'same_yn'"):
        compose(tmp_path, [], wrong, "SAME_YM")
