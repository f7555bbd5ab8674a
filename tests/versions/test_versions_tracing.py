"""From a row back to raw files, models and steps, and forward to the versions that hold it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner
from versions_toy import FAMILIES, toy

from flows.cli import app
from schemas.errors import UnknownVersion
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import open_remote
from tasks.versions.remotes.local import LocalRemote
from tasks.versions.tracing import holders, trace

MORE = {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 9, "test": 2}}}


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> LocalRemote:
    base = tmp_path_factory.mktemp("shelf")
    toy(base / "a").publish(base / "remote")
    toy(base / "b", MORE).publish(base / "remote", version="0.2.0")
    return LocalRemote(base / "remote")


@pytest.fixture
def version(remote: LocalRemote) -> VersionFolder:
    return VersionFolder(Path(remote.open("toy", remote.versions("toy")["0.2.0"]).place))


def test_a_conversation_leads_to_its_raw_files_and_steps(version: VersionFolder) -> None:
    found = trace(version, "SAME_YN-train-0001")
    assert (found["kind"], found["family"], found["stage"], found["split"]) == ("conversation", "SAME_YN", 2, "train")
    assert found["step"] == version.manifest.steps["compose/SAME_YN"]
    first = found["pictures"][0]
    assert first["raw_file"] == "0001.jpg"
    assert first["raw_digest"] == "a" * 64
    assert first["person_key"] == "sysu_mm01:0"
    stored = version.table("images").to_pylist()
    assert first["sha256"] == next(row["sha256"] for row in stored if row["image_id"] == first["image_id"])
    assert {gate["name"] for gate in found["gates"]} == {gate.name for gate in version.manifest.gates}


@pytest.mark.parametrize(("name", "kind"), [("market1501/0000.jpg#0", "caption"), ("market1501/0000.jpg", "picture")])
def test_captions_and_pictures_lead_to_the_same_file(version: VersionFolder, name: str, kind: str) -> None:
    found = trace(version, name)
    assert found["kind"] == kind
    assert [picture["raw_file"] for picture in found["pictures"]] == ["0000.jpg"]


def test_the_versions_that_hold_a_row_are_found(remote: LocalRemote) -> None:
    assert holders(remote, "toy", "conversation", "SAME_YN-train-0001") == ["0.1.0", "0.2.0"]
    assert holders(remote, "toy", "conversation", "SAME_YN-train-0008") == ["0.2.0"]


def test_versions_of_a_url_are_looked_into_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    url = f"memory://{tmp_path.name}"
    first = toy(tmp_path / "a").publish(url)
    toy(tmp_path / "b", MORE).publish(url, version="0.2.0")
    place = open_remote(url)
    assert holders(place, "toy", "conversation", "SAME_YN-train-0001") == ["0.1.0", "0.2.0"]
    assert holders(place, "toy", "conversation", "SAME_YN-train-0008") == ["0.2.0"]
    place.drop("toy", first.digest)
    assert holders(place, "toy", "conversation", "SAME_YN-train-0001") == ["0.2.0"]


def test_an_unknown_row_is_refused_in_one_sentence(version: VersionFolder) -> None:
    with pytest.raises(UnknownVersion, match=r"toy@0\.2\.0 holds no row 'same'"):
        trace(version, "same")


def test_the_command_speaks_to_people_and_machines(remote: LocalRemote, tmp_path: Path) -> None:
    asked = ["trace", "SAME_YN-train-0008", "--in", "toy@latest", "--from", str(remote.root)]
    words = CliRunner().invoke(app, asked)
    assert words.exit_code == 0, words.output
    assert "held_by        toy@0.2.0" in words.output
    assert json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)["held_by"] == ["toy@0.2.0"]
    assert CliRunner().invoke(app, [*asked, "--store", str(tmp_path)]).exit_code == 2
