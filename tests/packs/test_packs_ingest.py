"""Ingest from a folder to tables and packs: what comes out, what is refused, and what a second run opens."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packs_toy import encoded, make_market, picture

from generators.raw_tree import FolderTree
from generators.sample import write_sample
from schemas.errors import BadRawData, NotWritable, UnknownName
from schemas.keys import file_sha256
from schemas.tables import TABLES
from tasks.steps.ingest import ingest
from tasks.steps.store import StepOutput

SOURCES = ("market1501", "ltcc", "sysu_mm01", "cuhk_pedes")


def rows(step: StepOutput, table: str) -> list[dict[str, Any]]:
    return pq.read_table(step.folder / f"{table}.parquet").to_pylist()


def stored(store: Path, step: StepOutput) -> pa.Table:
    parts = [pq.read_table(store / "packs" / pack["file"], partitioning=None) for pack in step.facts["packs"]]
    return pa.concat_tables(parts)


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "cache" not in path.parts)
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, "tiny", 7, SOURCES)
    return folder


@pytest.fixture(scope="module")
def built(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, StepOutput]]:
    store = tmp_path_factory.mktemp("store")
    return store, {name: ingest(store, name, sample) for name in SOURCES}


@pytest.mark.parametrize("name", SOURCES)
def test_every_sample_source_gives_its_four_tables_with_unique_keys(
    built: tuple[Path, dict[str, StepOutput]], name: str
) -> None:
    step = built[1][name]
    for table in ("person_images", "captions", "attributes", "rejects"):
        found = pq.read_table(step.folder / f"{table}.parquet")
        assert found.schema.names == TABLES[table].schema.names
        keys = found.column(TABLES[table].key[0]).to_pylist()
        assert keys == sorted(set(keys))
    assert step.facts["counts"]["images"] > 20
    assert step.facts["reported"]
    assert {"what", "official", "found", "tag"} == set(step.facts["reported"][0])


@pytest.mark.parametrize("name", SOURCES)
def test_packs_hold_the_raw_bytes_of_exactly_the_person_images(
    built: tuple[Path, dict[str, StepOutput]], sample: Path, name: str
) -> None:
    store, steps = built
    table = stored(store, steps[name])
    persons = {row["image_id"]: row for row in rows(steps[name], "person_images")}
    assert table.column("image_id").to_pylist() == sorted(persons)
    root = next(path for path in sample.iterdir() if any((path / "x").parent.glob("*")) and _is(path, name))
    for row in table.to_pylist():
        assert row["image"]["bytes"] == (root / persons[row["image_id"]]["relpath"]).read_bytes()
        assert row["image"]["path"] == row["image_id"].rpartition("/")[2]
        assert row["n_bytes"] == len(row["image"]["bytes"])


def _is(root: Path, name: str) -> bool:
    return root.name.lower().replace("-", "_").startswith(name[:4])


@pytest.mark.parametrize("name", SOURCES)
def test_a_pack_is_named_by_its_bytes(built: tuple[Path, dict[str, StepOutput]], name: str) -> None:
    store, steps = built
    for pack in steps[name].facts["packs"]:
        path = store / "packs" / pack["file"]
        assert file_sha256(path) == pack["sha256"]
        assert path.stem == pack["sha256"][:16]
        assert (path.stat().st_size, pq.read_metadata(path).num_rows) == (pack["size"], pack["rows"])


def test_the_training_labels_are_contiguous_in_the_order_of_person_keys(
    built: tuple[Path, dict[str, StepOutput]],
) -> None:
    for step in built[1].values():
        found = {
            (row["person_key"], row["label_train"]) for row in rows(step, "person_images") if row["split"] == "train"
        }
        labels = [label for _, label in sorted(found)]
        assert labels == list(range(len(labels)))
        assert labels
        assert all(row["label_train"] is None for row in rows(step, "person_images") if row["split"] != "train")


def test_the_damaged_files_of_the_sample_are_rejects_and_no_person_images(
    built: tuple[Path, dict[str, StepOutput]],
) -> None:
    refused = rows(built[1]["market1501"], "rejects")
    assert {row["reason"] for row in refused} == {"truncated", "not_an_image"}
    kept = {row["image_id"] for row in rows(built[1]["market1501"], "person_images")}
    assert not kept & {row["subject"] for row in refused}
    assert all(row["payload_sha256"] for row in refused)


def test_junk_and_distractors_stay_flagged_without_a_person(built: tuple[Path, dict[str, StepOutput]]) -> None:
    flagged = [
        row for row in rows(built[1]["market1501"], "person_images") if row["role_flag"] in ("junk", "distractor")
    ]
    assert len(flagged) == 5
    assert {(row["person_key"], row["split"], row["source_split"]) for row in flagged} == {(None, "none", "gallery")}


def test_a_second_run_opens_no_image_and_gives_the_same_output(
    built: tuple[Path, dict[str, StepOutput]], sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, steps = built
    monkeypatch.setattr(FolderTree, "read", _must_not_be_called)
    for name in SOURCES:
        again = ingest(store, name, sample)
        assert again.skipped
        assert (again.digest, again.facts) == (steps[name].digest, steps[name].facts)


def _must_not_be_called(tree: FolderTree, relpath: str, limit: int = 0) -> bytes:
    raise AssertionError(f"{relpath} was opened")


def test_the_output_depends_neither_on_times_nor_on_place_nor_on_a_cache(sample: Path, tmp_path: Path) -> None:
    here, moved = tmp_path / "here" / "LTCC_ReID", tmp_path / "elsewhere" / "renamed"
    shutil.copytree(sample / "LTCC_ReID", here)
    shutil.copytree(sample / "LTCC_ReID", moved)
    for path in moved.rglob("*"):
        os.utime(path, ns=(1, 10**18))
    first, second = ingest(tmp_path / "a", "ltcc", here), ingest(tmp_path / "b", "ltcc", moved)
    assert first.digest == second.digest
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    shutil.rmtree(tmp_path / "a" / "cache")
    assert ingest(tmp_path / "a", "ltcc", moved).digest == first.digest
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_another_process_with_another_hash_seed_writes_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tasks.steps.ingest import ingest; " \
           "ingest(Path(sys.argv[1]), 'cuhk_pedes', Path(sys.argv[2]))"  # fmt: skip
    for name, seed in (("a", "1"), ("b", "2")):
        command = [sys.executable, "-c", code, str(tmp_path / name), str(sample)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_one_added_image_rewrites_one_pack_and_opens_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.packs.packs._TARGET", 12_000)
    root = make_market(tmp_path / "raw", persons=30)
    before = ingest(tmp_path / "store", "market1501", root)
    (root / "query" / "0002_c1s1_999999_01.jpg").write_bytes(encoded(999))
    opened: list[str] = []
    read = FolderTree.read
    monkeypatch.setattr(
        FolderTree, "read", lambda tree, path, limit=1 << 28: opened.append(path) or read(tree, path, limit)
    )
    after = ingest(tmp_path / "store", "market1501", root)
    old, new = ({pack["file"] for pack in step.facts["packs"]} for step in (before, after))
    assert len(old) >= 8
    assert opened == ["query/0002_c1s1_999999_01.jpg"]
    assert len(new - old) <= 2
    fresh = ingest(tmp_path / "fresh", "market1501", root)
    assert fresh.facts == after.facts
    assert fresh.digest == after.digest


def test_a_changed_and_a_removed_image_are_noticed(tmp_path: Path) -> None:
    root = make_market(tmp_path / "raw")
    ingest(tmp_path / "store", "market1501", root)
    first, second = sorted((root / "query").iterdir())[:2]
    first.write_bytes(encoded(77))
    second.unlink()
    after = ingest(tmp_path / "store", "market1501", root)
    assert after.facts == ingest(tmp_path / "fresh", "market1501", root).facts
    assert after.facts["counts"]["images"] == 23
    assert file_sha256(first) in stored(tmp_path / "store", after).column("sha256").to_pylist()


def test_a_lost_pack_and_a_damaged_cache_are_made_anew(tmp_path: Path) -> None:
    root = make_market(tmp_path / "raw")
    store = tmp_path / "store"
    first = ingest(store, "market1501", root)
    (store / "packs" / first.facts["packs"][0]["file"]).unlink()
    assert ingest(store, "market1501", root).facts == first.facts
    assert stored(store, first).num_rows == 24
    for name in ("market1501.parquet", "market1501.json"):
        (store / "cache" / name).write_bytes(b"broken")
        (root / "query" / name).write_bytes(b"changes the listing")
        assert ingest(store, "market1501", root).facts == first.facts


def test_files_that_disturb_are_rejects_with_reasons(tmp_path: Path) -> None:
    root = make_market(tmp_path / "raw")
    query = root / "query"
    (query / "0002_c1s1_000900_01.jpg").write_bytes(b"")
    (query / "0002_c1s1_000901_01.jpg").write_bytes(b"<html>gone</html>")
    (query / "0002_c1s1_000902_01.jpg").write_bytes(encoded(5)[:-600])
    (query / "0002_c1s1_000903_01.jpg").symlink_to("/etc/hostname")
    (query / "portrait.jpg").write_bytes(encoded(5))
    (query / "Thumbs.db").write_bytes(b"x")
    os.mkfifo(query / "0002_c1s1_000904_01.jpg")
    (Path(os.fsdecode(os.fsencode(query) + b"/0002_c1s1_\xff_01.jpg"))).write_bytes(encoded(5))
    (root / "loop").symlink_to(root)
    locked = query / "0002_c1s1_000905_01.jpg"
    (root / "extra").mkdir()
    (root / "extra" / "0002_c1s1_000451_01.jpg").write_bytes(encoded(6))
    step = ingest(tmp_path / "store", "market1501", root)
    reasons = sorted(row["reason"] for row in rows(step, "rejects"))
    assert reasons == [
        "bad_name", "bad_name", "empty", "not_a_file", "not_an_image", "symlink", "symlink", "truncated",
        "unknown_folder",
    ]  # fmt: skip
    assert step.facts["counts"]["images"] == 24
    assert not locked.exists()


def test_a_dataset_of_png_and_bmp_and_odd_jpegs_is_stored_as_it_is(tmp_path: Path) -> None:
    root = make_market(tmp_path / "raw")
    odd = {"0002_c1s1_000900_01.jpg": encoded(1, mode="CMYK"), "0002_c1s1_000901_01.jpg": encoded(2, "PNG"),
           "0002_c1s1_000902_01.jpg": encoded(3) + b"\0" * 9}  # fmt: skip
    for name, data in odd.items():
        (root / "query" / name).write_bytes(data)
    step = ingest(tmp_path / "store", "market1501", root)
    found = {row["image"]["path"]: row for row in stored(tmp_path / "store", step).to_pylist()}
    assert [found[name]["decode_note"] for name in sorted(odd)] == [None, "png_named_jpg", "trailing_bytes:9"]
    assert all(found[name]["image"]["bytes"] == data for name, data in odd.items())


def test_labels_of_an_image_that_was_refused_become_rejects(tmp_path: Path) -> None:
    root = tmp_path / "CUHK-PEDES"
    (root / "imgs" / "cam_a").mkdir(parents=True)
    records = [
        {"file_path": f"cam_a/{n}.jpg", "id": n, "split": "train", "captions": ["A man.", "He walks."]} for n in (1, 2)
    ]
    (root / "reid_raw.json").write_text(json.dumps(records))
    (root / "imgs" / "cam_a" / "1.jpg").write_bytes(encoded(1))
    (root / "imgs" / "cam_a" / "2.jpg").write_bytes(encoded(2)[:-600])
    step = ingest(tmp_path / "store", "cuhk_pedes", root)
    assert [row["image_id"] for row in rows(step, "captions")] == ["cuhk_pedes/imgs/cam_a/1.jpg"] * 2
    assert sorted((row["table"], row["reason"]) for row in rows(step, "rejects")) == [
        ("captions", "no_image"), ("images", "truncated"),
    ]  # fmt: skip
    assert [row["n_words"] for row in rows(step, "captions")] == [2, 2]


def test_own_labels_in_the_folder_become_rows_and_a_change_of_them_is_noticed(tmp_path: Path) -> None:
    root = make_market(tmp_path / "raw")
    table = {
        "person": ["0001", "0001", "0001", "9999"],
        "key": ["build"] * 4,
        "value": ["slim", "slim", "heavy", "slim"],
    }
    pq.write_table(pa.table(table), root / "attributes.parquet")
    step = ingest(tmp_path / "store", "market1501", root)
    assert [(row["person_key"], row["value"]) for row in rows(step, "attributes")] == [("market1501:0001", "slim")]
    assert sorted(row["reason"] for row in rows(step, "rejects")) == ["contradiction", "duplicate", "unknown_subject"]
    name = sorted((root / "query").iterdir())[0].name
    (tmp_path / "raw.captions.jsonl").write_text(json.dumps({"image": f"query/{name}", "text": "A man"}))
    again = ingest(tmp_path / "store", "market1501", root)
    assert again.facts["raw_digest"] != step.facts["raw_digest"]
    assert [row["text"] for row in rows(again, "captions")] == ["A man."]


def test_an_empty_folder_a_missing_part_and_another_dataset_are_told_apart(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadRawData, match=r"needs bounding_box_train/, .*is empty"):
        ingest(tmp_path / "store", "market1501", tmp_path / "empty")
    with pytest.raises(BadRawData, match="does not exist"):
        ingest(tmp_path / "store", "market1501", tmp_path / "nowhere")
    with pytest.raises(BadRawData, match="looks like ltcc: try `reidforge build ltcc --raw"):
        ingest(tmp_path / "store", "market1501", sample / "LTCC_ReID")
    root = make_market(tmp_path / "part")
    shutil.rmtree(root / "query")
    with pytest.raises(BadRawData, match="lacks query/"):
        ingest(tmp_path / "store", "market1501", root)
    assert not (tmp_path / "store").exists()


def test_a_folder_with_the_right_parts_but_no_readable_image_is_refused(tmp_path: Path) -> None:
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        (tmp_path / "raw" / folder).mkdir(parents=True)
    with pytest.raises(BadRawData, match="hold no image file"):
        ingest(tmp_path / "store", "market1501", tmp_path / "raw")
    (tmp_path / "raw" / "query" / "0002_c1s1_000900_01.jpg").write_bytes(b"<html>")
    with pytest.raises(BadRawData, match="1 files or rows were refused"):
        ingest(tmp_path / "store", "market1501", tmp_path / "raw")


def test_a_root_may_be_named_and_an_unknown_source_is_answered_with_the_nearest(sample: Path, tmp_path: Path) -> None:
    shutil.copytree(sample / "LTCC_ReID", tmp_path / "raw" / "my_copy")
    assert ingest(tmp_path / "store", "ltcc", tmp_path / "raw", root="my_copy").facts["counts"]["images"] > 0
    with pytest.raises(UnknownName, match="market1501"):
        ingest(tmp_path / "store", "market", sample)


def test_a_store_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    root = make_market(tmp_path / "raw")
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(NotWritable, match="--store"):
        ingest(tmp_path / "store", "market1501", root)


def test_ingest_imports_neither_pandas_nor_scipy_nor_pil(sample: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tasks.steps.ingest import ingest; " \
           "ingest(Path(sys.argv[1]), 'sysu_mm01', Path(sys.argv[2])); " \
           "print(sorted({'pandas', 'scipy', 'PIL', 'prefect', 'torch'} & set(sys.modules)))"  # fmt: skip
    command = [sys.executable, "-c", code, str(tmp_path / "store"), str(sample / "SYSU-MM01")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_a_large_picture_is_hashed_from_a_reduced_one(tmp_path: Path) -> None:
    root = make_market(tmp_path / "raw")
    file = io.BytesIO()
    picture(1).resize((1_500, 3_000)).save(file, "PNG")
    (root / "query" / "0002_c1s1_000900_01.jpg").write_bytes(file.getvalue())
    step = ingest(tmp_path / "store", "market1501", root)
    assert max(row["height"] for row in stored(tmp_path / "store", step).to_pylist()) == 3_000
