"""A person taken down is in no version, no step, no pack and no cache; everybody else stays, and readers are told."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner
from versions_toy import FAMILIES, toy

from flows.cli import app
from flows.order import build_and_publish
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from schemas.errors import Revoked, UnknownVersion
from tasks.checking.compatibility import steps
from tasks.checking.report import check_folder
from tasks.steps.pull import pull
from tasks.steps.takedown import takedown
from tasks.versions.diff.comparing import compare
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import open_remote
from tasks.versions.remotes.local import LocalRemote
from tasks.versions.takedown.doomed import doomed_in
from tasks.versions.takedown.scan import remains

PERSON = "market1501:0002"


def build(raw: Path, store: Path, remote: Path, version: str = "0.1.0") -> Any:
    recipe = find_recipe("demo_tiny").model_copy(update={"version": version})
    return build_and_publish(recipe, raw, store, remote, PlainRunner(1, Reporter(True)))[1]


@pytest.fixture(scope="module")
def place(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("takedown")
    build(raw, base / "store", base / "remote")
    return base


@pytest.fixture
def made(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    shutil.copytree(place, tmp_path / "work")
    return tmp_path / "work"


def latest(remote: Path) -> VersionFolder:
    place = LocalRemote(remote)
    return VersionFolder(Path(place.open("demo_tiny", str(place.latest("demo_tiny"))).place))


@pytest.mark.slow
def test_nothing_of_the_person_is_left_and_everything_else_is(raw: Path, made: Path, tmp_path: Path) -> None:
    remote, store = made / "remote", made / "store"
    old = latest(remote)
    doomed = doomed_in(old, [PERSON])
    before = {entry.path: entry.sha256 for entry in old.manifest.files}
    rows = {table: old.table(table).num_rows for table in ("images", "captions", "conversations")}
    assert len(doomed.images) >= 2
    receipt = takedown(remote, PERSON, "the person asked", store, "A. Keeper")

    new = latest(remote)
    assert (receipt.versions[0]["old"], receipt.versions[0]["new"]) == ("0.1.0", "0.1.1")
    assert new.manifest.parents == [receipt.versions[0]["old_digest"]]
    assert new.table("images").num_rows == rows["images"] - len(doomed.images) == rows["images"] - receipt.pictures
    lost = {file["old"]: file["rows"] for file in receipt.versions[0]["files"]}
    gone = rows["conversations"] - new.table("conversations").num_rows
    assert gone == sum(count for path, count in lost.items() if path.startswith("data/stage")) > 0
    kept = [e for e in new.manifest.files if e.path in before and e.path.startswith("data/")]
    assert all(before[entry.path] == entry.sha256 for entry in kept)
    assert {path for path in before if path.startswith("data/")} - {entry.path for entry in kept} == set(lost)

    assert receipt.remains == []
    assert remains([path for path in made.rglob("*.parquet") if path.parent.name != "segments"], doomed) == []
    assert not [path for path in made.rglob("*.json") for digest in doomed.digests if digest in path.read_text()]
    report = check_folder(new.folder)
    assert not report.files
    assert not report.contract, report.lines

    with pytest.raises(Revoked, match=r"taken down: the person asked\. Use demo_tiny@0\.1\.1 instead"):
        pull(remote, "demo_tiny@0.1.0", tmp_path / "got")
    assert pull(remote, "demo_tiny@latest", tmp_path / "got").is_dir()

    for known in (store, None):
        repeated = takedown(remote, PERSON, "again", known)
        assert repeated.already
        assert repeated.versions == receipt.versions
    again = build(raw, store, remote, "0.2.0")
    rebuilt = VersionFolder(again.folder)
    assert not doomed_in(rebuilt, [PERSON], doomed.digests).has_pictures
    rejects = rebuilt.table("rejects").to_pylist()
    assert [row["subject"] for row in rejects if row["reason"] == "taken_down"] == ["market1501"]


@pytest.mark.parametrize("kind", ["folder", "objects"])
def test_every_version_that_shows_the_person_gets_a_successor(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    remote = str(tmp_path / "remote") if kind == "folder" else f"memory://{tmp_path.name}"
    made = toy(tmp_path / "store")
    made.publish(remote)
    more = {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 9, "test": 2}}}
    toy(tmp_path / "store", more).publish(remote, version="0.2.0")
    before = VersionFolder(pull(remote, "toy@0.1.0", tmp_path / "before"))
    receipt = takedown(remote, "market1501:1", "the person asked")
    assert [(each["old"], each["new"]) for each in receipt.versions] == [("0.1.0", "0.1.1"), ("0.2.0", "0.2.1")]
    place = open_remote(remote)
    assert place.latest("toy") == place.versions("toy")["0.2.1"]
    for number in ("0.1.1", "0.2.1"):
        version = VersionFolder(pull(remote, f"toy@{number}", tmp_path / number))
        assert not doomed_in(version, ["market1501:1"]).has_pictures
    for number in ("0.1.0", "0.2.0"):
        with pytest.raises(Revoked, match="the person asked"):
            pull(remote, f"toy@{number}", tmp_path / "old")
    difference = compare(before, VersionFolder(tmp_path / "0.1.1"))
    assert difference.needs == "patch"
    assert difference.why.startswith("rows went with a person who was taken down: persons ")
    assert not list(steps(difference))
    assert takedown(remote, "market1501:1", "again").already
    assert receipt.files_looked_at >= 2 * len(list(version.folder.rglob("*.parquet")))


@pytest.mark.parametrize("kind", ["folder", "objects"])
def test_files_that_an_interrupted_takedown_did_not_drop_go_with_the_next(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    remote = str(tmp_path / "remote") if kind == "folder" else f"memory://{tmp_path.name}"
    done = toy(tmp_path / "store").publish(remote)
    place = open_remote(remote)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(place), "drop", stop)
        with pytest.raises(KeyboardInterrupt):
            takedown(remote, "market1501:1", "asked")
    assert place.open("toy", done.digest).manifest()
    assert takedown(remote, "market1501:1", "asked").remains == []
    with pytest.raises(UnknownVersion):
        place.open("toy", done.digest).manifest()
    assert place.garbage("toy") == {}


def test_a_person_who_is_still_somewhere_on_a_url_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    remote = f"memory://{tmp_path.name}"
    toy(tmp_path / "store").publish(remote)
    monkeypatch.setattr("tasks.versions.takedown.rewriting.lost_rows", lambda table, *_: np.zeros(len(table), bool))
    receipt = takedown(remote, "market1501:1", "asked")
    assert any(name.startswith("toy@0.1.1: ") for name in receipt.remains)


@pytest.mark.slow
def test_a_takedown_that_was_cut_off_is_completed_by_the_next(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote, store = made / "remote", made / "store"

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LocalRemote, "revoke", stop)
        with pytest.raises(KeyboardInterrupt):
            takedown(remote, PERSON, "the person asked", store)
    assert list(LocalRemote(remote).versions("demo_tiny")) == ["0.1.0", "0.1.1"]
    receipt = takedown(remote, PERSON, "the person asked", store)
    assert list(LocalRemote(remote).versions("demo_tiny")) == ["0.1.0", "0.1.1"]
    assert [version["new"] for version in receipt.versions] == ["0.1.1"]
    assert receipt.remains == []


def test_a_dry_run_touches_nothing_and_an_unknown_person_is_refused(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    asked = ["takedown", "--person", PERSON, "--reason", "asked", "--from", str(made / "remote")]
    done = CliRunner().invoke(app, [*asked, "--store", str(made / "store"), "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["versions"] == [{"name": "demo_tiny", "old": "0.1.0"}]
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    lost = CliRunner().invoke(app, [*asked[:2], "market1501:9999", *asked[3:]])
    assert lost.exit_code == 2
    assert "nothing to take down" in lost.output
