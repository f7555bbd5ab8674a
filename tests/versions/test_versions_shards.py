"""A family of many rows lies in several files; whoever reads, describes, fetches or compares a version copes."""

from pathlib import Path

import datasets
import pytest
from versions_toy import FAMILIES, Toy, toy

from tasks.checking.report import check_folder
from tasks.steps.pull import pull
from tasks.versions.diff.comparing import compare
from tasks.versions.reader import VersionFolder
from tasks.versions.selecting import Selection
from tasks.versions.tracing import trace
from tasks.view import StageView

MORE = {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 9, "test": 2}}}


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files hold four rows."""
    monkeypatch.setattr("tasks.versions.streaming.ROWS_PER_FILE", 4)


def published(place: Path, families: dict[str, dict[str, object]] | None = None, version: str = "0.1.0") -> Path:
    return toy(place / "store", families).publish(place / "remote", version=version).folder


def names(folder: Path) -> list[str]:
    return [path.name.rsplit("-", 1)[0] for path in VersionFolder(folder).files("conversations")]


@pytest.mark.usefixtures("cut")
def test_files_are_numbered_where_a_split_has_several(tmp_path: Path) -> None:
    staged: Toy = toy(tmp_path)
    entries = [entry for entry in staged.staged.facts["files"] if entry["table"] == "conversations"]
    assert [(entry["path"].rsplit("-", 1)[0], entry["rows"]) for entry in entries] == [
        ("data/stage1/train-ATTR_QA", 3),
        ("data/stage2/test-SAME_YN", 2),
        ("data/stage2/train-SAME_YN-0000", 4),
        ("data/stage2/train-SAME_YN-0001", 2),
        ("data/stage3/test-CC_YN", 4),
        ("data/stage3/train-CC_YN", 0),
    ]
    assert {entry["split"] for entry in entries if "SAME_YN-0" in entry["path"]} == {"train"}


def test_the_rows_of_several_files_are_those_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = VersionFolder(toy(tmp_path / "whole").staged.folder).table("conversations")
    monkeypatch.setattr("tasks.versions.streaming.ROWS_PER_FILE", 4)
    shards = VersionFolder(toy(tmp_path / "shards").staged.folder)
    assert len(shards.files("conversations")) == 6
    assert shards.table("conversations").sort_by("sample_id").equals(whole.sort_by("sample_id"))
    assert shards.conversations(2, "train").column("sample_id").to_pylist() == sorted(
        f"SAME_YN-train-{number:04d}" for number in range(6)
    )


@pytest.mark.usefixtures("cut")
def test_card_datasets_view_and_pull_read_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    folder = published(tmp_path)
    rows = {split: part.num_rows for split, part in datasets.load_dataset(str(folder), "stage2").items()}
    assert rows == {"train": 6, "test": 2}
    assert "SAME_YN-0" not in (folder / "README.md").read_text()
    assert "| `SAME_YN` | 6 | 0 | 2 |" in (folder / "README.md").read_text()
    assert len(StageView(folder, 2)) == 6
    pull(tmp_path / "remote", "toy@0.1.0", tmp_path / "pulled", selection=Selection(splits=("train",)))
    assert names(tmp_path / "pulled") == ["train-ATTR_QA", "train-SAME_YN-0000", "train-SAME_YN-0001", "train-CC_YN"]


@pytest.mark.usefixtures("cut")
def test_a_row_of_a_later_file_is_traced_to_its_family(tmp_path: Path) -> None:
    folder = published(tmp_path)
    found = trace(VersionFolder(folder), "SAME_YN-train-0005")
    assert found["family"] == "SAME_YN"
    assert found["file"].startswith("data/stage2/train-SAME_YN-0001-")


@pytest.mark.usefixtures("cut")
def test_rows_that_came_are_told_by_family_and_not_by_file(tmp_path: Path) -> None:
    old, new = published(tmp_path / "a"), published(tmp_path / "b", MORE, "0.2.0")
    found = compare(VersionFolder(old), VersionFolder(new))
    assert [(part.title, part.summary) for part in found.sections] == [("SAME_YN", "3 added")]


@pytest.mark.usefixtures("cut")
def test_every_file_of_a_family_is_as_the_manifest_says(tmp_path: Path) -> None:
    report = check_folder(published(tmp_path), "structure")
    assert report.files == ()
