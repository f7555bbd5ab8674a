"""Pulling a part of a version, and pulling only what a lock pins."""

import json
import os
from pathlib import Path

import pytest
from versions_toy import toy

from schemas.errors import BadTable, DigestMismatch, UnknownVersion, WrongUse
from tasks.steps.pull import pull
from tasks.versions.reader import VersionFolder
from tasks.versions.selecting import SELECTION, Selection, source_of


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("shelf")
    toy(base / "store").publish(base / "remote")
    return base / "remote"


def test_a_stage_brings_its_rows_and_the_pictures_and_nothing_else(remote: Path, tmp_path: Path) -> None:
    got = pull(remote, "toy@0.1.0", tmp_path / "got", selection=Selection(stages=(2,), splits=("train",)))
    tables = {path.parent.name for path in (got / "data").rglob("*.parquet")}
    assert tables == {"images", "person_images", "stage2"}
    version = VersionFolder(got)
    assert version.conversations(2, "train").num_rows == 6
    assert version.conversations(2, "test").num_rows == 0
    assert len(version.image_bytes(version.image_ids)) == 12


def test_a_source_brings_its_own_tables_and_the_joint_ones(remote: Path, tmp_path: Path) -> None:
    got = pull(remote, "toy@0.1.0", tmp_path / "got", selection=Selection(sources=("sysu_mm01",)))
    names = [path.name for path in (got / "data").rglob("*.parquet")]
    assert not [name for name in names if name.startswith("market1501-")]
    assert [name for name in names if name.startswith("all-")]
    assert VersionFolder(got).table("captions").num_rows == 6


def test_a_part_is_checked_and_kept_when_pulled_again_and_another_part_is_refused(remote: Path, tmp_path: Path) -> None:
    part = Selection(stages=(1,))
    got = pull(remote, "toy@0.1.0", tmp_path / "got", selection=part)
    assert pull(remote, "toy@0.1.0", tmp_path / "got", selection=part) == got
    with pytest.raises(WrongUse, match="another part of this version"):
        pull(remote, "toy@0.1.0", tmp_path / "got")
    next((got / "data/stage1").iterdir()).unlink()
    with pytest.raises(DigestMismatch, match="data/stage1/"):
        pull(remote, "toy@0.1.0", tmp_path / "got", selection=part)
    (got / SELECTION).write_text("{")
    with pytest.raises(BadTable, match="pull into a new folder"):
        pull(remote, "toy@0.1.0", tmp_path / "got", selection=part)


def test_plain_datasets_loads_a_pulled_stage(remote: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    got = pull(remote, "toy@0.1.0", tmp_path / "toy", selection=Selection(stages=(2,)))
    rows = datasets.load_dataset(str(got), "stage2", split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(splits=("trian",)), "no split 'trian'. It has: test, train"),
        (Selection(sources=("ltcc",)), "no source 'ltcc'. It has: market1501, sysu_mm01"),
    ],
)
def test_what_a_version_does_not_have_is_answered_with_what_it_has(
    selection: Selection, words: str, remote: Path, tmp_path: Path
) -> None:
    with pytest.raises(WrongUse, match=words):
        pull(remote, "toy@0.1.0", tmp_path / "got", selection=selection)
    assert not (tmp_path / "got").exists()


def test_a_source_whose_name_begins_like_another_keeps_its_own_tables(remote: Path) -> None:
    manifest = VersionFolder(next(path for path in (remote / "toy").iterdir() if (path / "data").is_dir())).manifest
    longer = manifest.sources[0].model_copy(update={"name": "market1501-extra"})
    both = manifest.model_copy(update={"sources": [*manifest.sources, longer]})
    entry = next(entry for entry in manifest.files if "captions/market1501-" in entry.path)
    other = entry.model_copy(update={"path": "data/captions/market1501-extra-0123456789ab.parquet"})
    assert (source_of(entry, both), source_of(other, both)) == ("market1501", "market1501-extra")


def test_frozen_pulls_what_the_lock_pins_and_nothing_else(remote: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownVersion, match="pull once without --frozen"):
        pull(remote, "toy@latest", tmp_path / "got", frozen=True)
    got = pull(remote, "toy@latest", tmp_path / "got")
    assert pull(remote, "toy@latest", tmp_path / "got", frozen=True) == got
    lock = tmp_path / "reidforge.lock"
    pins = json.loads(lock.read_bytes())
    pins["versions"]["got"]["digest"] = "0" * 64
    lock.write_text(json.dumps(pins))
    with pytest.raises(DigestMismatch, match=r"the reidforge\.lock pins 000000000000"):
        pull(remote, "toy@latest", tmp_path / "got", frozen=True)


def test_a_second_version_in_a_folder_remote_shares_the_files_it_has_in_common(tmp_path: Path) -> None:
    made = toy(tmp_path / "store")
    first, second = made.publish(tmp_path / "remote"), made.publish(tmp_path / "remote", version="0.2.0")
    for path in (first.folder / "data").rglob("*.parquet"):
        assert path.samefile(second.folder / path.relative_to(first.folder))
    assert os.stat(first.folder / "README.md").st_nlink == 1
