"""A hub of the calls we use, on loopback: commits and tags are versions, and every fault is told by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_state import Hub
from versions_toy import FAMILIES, Toy, toy

from schemas.errors import DigestMismatch, NotWritable, Revoked, Unreachable, VersionExists, WrongUse
from schemas.manifest import Revocation
from tasks.steps.pull import pull
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import open_remote
from tasks.versions.remotes.hub import HubRemote

REMOTE = "hub://lab/toy"
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


def listing(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_version_comes_back_from_a_hub_as_it_would_from_a_folder(made: Toy, hub: Hub, tmp_path: Path) -> None:
    here, there = made.publish(tmp_path / "remote"), made.publish(REMOTE)
    assert there.digest == here.digest
    assert listing(pull(REMOTE, "toy@0.1.0", tmp_path / "got")) == listing(here.folder)
    place = open_remote(REMOTE)
    assert place.names() == ["toy"]
    assert place.versions("toy") == {"0.1.0": here.digest}
    assert place.resolve("toy", here.digest[:12]) == here.digest
    assert hub.repos["lab/toy"][-1]["id"] == hub.tags["0.1.0"]
    assert made.publish(REMOTE) == there
    assert [each["title"].split()[0] for each in hub.repos["lab/toy"]] == ["initial", "toy@0.1.0"]


def test_a_second_version_sends_only_what_is_new_and_the_first_stays(made: Toy, hub: Hub, tmp_path: Path) -> None:
    first = made.publish(REMOTE)
    before = list(hub.sent)
    more = toy(tmp_path / "store", {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 5}}})
    second = more.publish(REMOTE, version="0.2.0")
    sent = set(hub.sent[len(before) :])
    assert 0 < len(sent) < 4
    assert sent.isdisjoint(before)
    assert open_remote(REMOTE).latest("toy") == second.digest
    for number, done in (("0.1.0", first), ("0.2.0", second)):
        folder = pull(REMOTE, f"toy@{number}", tmp_path / number)
        assert f'"version": "{number}"' in (folder / "manifest.json").read_text()
        assert done.digest == open_remote(REMOTE).versions("toy")[number]


def test_an_upload_that_was_cut_off_goes_on_and_sends_nothing_twice(made: Toy, hub: Hub) -> None:
    hub.cut = 1
    with pytest.raises(Unreachable, match="large files that were sent are kept"):
        made.publish(REMOTE)
    assert open_remote(REMOTE).versions("toy") == {}
    before = list(hub.sent)
    made.publish(REMOTE)
    assert before
    assert set(hub.sent[len(before) :]).isdisjoint(before)
    assert list(open_remote(REMOTE).versions("toy")) == ["0.1.0"]


def test_a_connection_that_breaks_inside_a_file_is_taken_up_again(made: Toy, hub: Hub, tmp_path: Path) -> None:
    hub.reset["PUT"] = 2
    done = made.publish(REMOTE)
    assert len(hub.sent) == len([path for path in hub.repos["lab/toy"][-1]["files"] if path.endswith(".parquet")]) > 2
    hub.reset["GET"] = 2
    assert VersionFolder(pull(REMOTE, "toy@0.1.0", tmp_path / "got")).digest == done.digest
    assert hub.reset.total() == 0


def test_a_connection_that_always_breaks_is_told_and_the_files_that_came_are_kept(
    made: Toy, hub: Hub, tmp_path: Path
) -> None:
    made.publish(REMOTE)
    small = len([path for path in hub.repos["lab/toy"][-1]["files"] if not path.endswith(".parquet")])
    hub.reset["GET"] = 10_000
    with pytest.raises(Unreachable, match="failed to read"):
        pull(REMOTE, "toy@0.1.0", tmp_path / "got")
    assert not (tmp_path / "got").exists()
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert 0 < len(kept) <= small
    hub.reset.clear()
    assert pull(REMOTE, "toy@0.1.0", tmp_path / "got").is_dir()
    assert all(path.stat().st_nlink == 2 for path in kept)  # linked from the cache, not fetched again


def test_a_hub_without_xet_storage_is_told_with_the_remedy(
    made: Toy, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("hf_xet")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    with pytest.raises(Unreachable, match="set HF_HUB_DISABLE_XET=1"):
        made.publish(REMOTE)
    assert open_remote(REMOTE).versions("toy") == {}


_LOAD = """
from datasets import load_dataset
rows = load_dataset("lab/toy", "stage2", split="train", revision="0.1.0")
shown = load_dataset("lab/toy", "images", split="train", revision="0.1.0")
print(len(rows), rows[0]["turns"][0]["text"][:7], shown[0]["image"].size)
"""


@pytest.mark.slow
def test_plain_datasets_loads_a_revision_from_the_hub(made: Toy, hub: Hub, tmp_path: Path) -> None:
    made.publish(REMOTE)
    toy(tmp_path / "store", {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 5}}}).publish(
        REMOTE, version="0.2.0"
    )
    settings = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _LOAD], env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["6", "Image", "1", "(16,", "32)"]


def test_a_tag_is_created_once(made: Toy, hub: Hub, tmp_path: Path) -> None:
    made.publish(REMOTE)
    other = toy(tmp_path / "store", words="Another person.")
    with pytest.raises(VersionExists, match="raise `version:`"):
        other.publish(REMOTE)
    other.publish(REMOTE, version="0.2.0")
    with pytest.raises(VersionExists):
        open_remote(REMOTE).refer("toy", "0.1.0", open_remote(REMOTE).versions("toy")["0.2.0"])


def test_a_changed_file_is_named_and_nothing_is_left(made: Toy, hub: Hub, tmp_path: Path) -> None:
    made.publish(REMOTE)
    path, oid = next((p, oid) for p, oid in hub.repos["lab/toy"][-1]["files"].items() if "captions/" in p)
    hub.objects[oid] = hub.objects[oid][:-1] + b"!"
    with pytest.raises(DigestMismatch, match=path):
        pull(REMOTE, "toy@0.1.0", tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_a_version_taken_back_names_its_successor_and_its_files_go(made: Toy, hub: Hub, tmp_path: Path) -> None:
    first = made.publish(REMOTE)
    toy(tmp_path / "store", words="Another person.").publish(REMOTE, version="0.1.1")
    place = open_remote(REMOTE)
    place.revoke("toy", Revocation(digest=first.digest, version="0.1.0", reason="asked", successor="0.1.1"))
    with pytest.raises(Revoked, match=r"toy@0\.1\.1 instead"):
        pull(REMOTE, "toy@0.1.0", tmp_path / "got")
    before = len(hub.objects)
    place.drop("toy", first.digest)
    assert len(hub.objects) < before
    pull(REMOTE, "toy@latest", tmp_path / "new")


def test_a_wrong_token_is_refused_and_never_shown(made: Toy, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_a_wrong_one")
    with pytest.raises(NotWritable, match="HF_TOKEN") as refused:
        made.publish(REMOTE)
    assert "hf_a_wrong_one" not in str(refused.value)


@pytest.mark.parametrize("url", ["hub://lab", "hub://lab/a/b", "hub:///x"])
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(WrongUse, match="organisation/name"):
        HubRemote.at(url)


def test_another_dataset_has_a_repository_of_its_own(made: Toy, hub: Hub) -> None:
    with pytest.raises(WrongUse, match="hub://lab/toy"):
        made.publish("hub://lab/other")
