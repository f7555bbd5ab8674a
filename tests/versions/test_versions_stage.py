"""Staging: step outputs become content-named files, counted and digested."""

import hashlib
from pathlib import Path

import pytest
from versions_toy import FAMILIES, IMAGES_EACH, SOURCES, toy

from schemas.errors import DigestMismatch
from schemas.manifest import FileEntry
from schemas.tables import TABLES
from tasks.versions.reader import VersionFolder
from tasks.versions.writer import logical_digest


def test_every_table_has_files_even_without_rows_but_those_a_recipe_must_ask_for(tmp_path: Path) -> None:
    version = VersionFolder(toy(tmp_path).staged.folder)
    tables = [name for name in TABLES if name not in {"results", "statements", "text_scores"}]
    assert len(tables) == 10
    assert [name for name in tables if not version.has(name)] == []


def test_files_are_named_and_recorded_by_their_content(tmp_path: Path) -> None:
    staged = toy(tmp_path).staged
    entries = [FileEntry.model_validate(entry) for entry in staged.facts["files"]]
    assert {entry.path for entry in entries} == {
        path.relative_to(staged.folder).as_posix() for path in (staged.folder / "data").rglob("*.parquet")
    }
    for entry in entries:
        data = (staged.folder / entry.path).read_bytes()
        assert (entry.size, entry.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert entry.path.endswith(f"-{entry.sha256[:12]}.parquet")


def test_recorded_rows_and_logical_digests_are_those_of_the_tables(tmp_path: Path) -> None:
    staged = toy(tmp_path).staged
    rejects = [entry for entry in staged.facts["files"] if entry["table"] == "rejects"]
    assert [entry["rows"] for entry in rejects] == [2, 2]
    images = next(entry for entry in staged.facts["files"] if entry["table"] == "images")
    table = VersionFolder(staged.folder).table("images").slice(0, IMAGES_EACH)
    assert images["logical"] == logical_digest(table)


def test_rejects_of_all_steps_of_a_source_stand_in_one_file(tmp_path: Path) -> None:
    rejects = VersionFolder(toy(tmp_path).staged.folder).table("rejects").to_pylist()
    assert [(row["source"], row["table"]) for row in rejects] == [
        (source, table) for source in SOURCES for table in ("captions", "images")
    ]


def test_conversations_lie_by_stage_split_and_family(tmp_path: Path) -> None:
    staged = toy(tmp_path).staged
    found = {(entry["stage"], entry["split"], entry["rows"]) for entry in staged.facts["files"] if "stage" in entry}
    assert found == {
        (quota["stage"], split, rows) for quota in FAMILIES.values() for split, rows in quota["rows"].items()
    }
    assert VersionFolder(staged.folder).conversations(2, "train").num_rows == 6
    assert VersionFolder(staged.folder).table("conversations").num_rows == 15


def test_a_family_that_moves_to_another_stage_is_staged_anew(tmp_path: Path) -> None:
    moved = {**FAMILIES, "SAME_YN": {**FAMILIES["SAME_YN"], "stage": 3}}
    first, second = toy(tmp_path), toy(tmp_path, moved)
    assert first.staged.digest != second.staged.digest
    assert not VersionFolder(second.staged.folder).conversations(2, "train").num_rows


def test_staging_again_does_nothing_and_two_stores_give_the_same_files(tmp_path: Path) -> None:
    first, again, other = toy(tmp_path / "a"), toy(tmp_path / "a"), toy(tmp_path / "b")
    assert (first.staged.skipped, again.staged.skipped) == (False, True)
    assert first.staged.digest == other.staged.digest
    assert first.staged.facts == other.staged.facts


def test_images_are_hard_links_of_the_packs(tmp_path: Path) -> None:
    staged = toy(tmp_path).staged
    image = next((staged.folder / "data/images").glob("market1501-0000-*.parquet"))
    assert image.samefile(tmp_path / "packs/market1501/0123456789abcdef.parquet")


def test_a_damaged_pack_is_refused_by_name(tmp_path: Path) -> None:
    toy(tmp_path)
    (tmp_path / "packs/sysu_mm01/0123456789abcdef.parquet").write_bytes(b"rotten")
    with pytest.raises(DigestMismatch, match=r"sysu_mm01/0123456789abcdef\.parquet.*build again"):
        toy(tmp_path, {"SAME_YN": {"stage": 2, "rows": {"train": 1}}})
