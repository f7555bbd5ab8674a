"""What a hub may answer beside success: refusals, pages, requests to wait, redirects; each is told or followed."""

import logging
from pathlib import Path

import pytest
from hub_state import FOREIGN, TOKEN, Hub, Refused
from versions_toy import Toy, toy

from schemas.errors import NotWritable, UnknownVersion, Unreachable
from schemas.manifest import Revocation
from tasks.steps.pull import pull
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import open_remote

REMOTE = "hub://lab/toy"
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


def test_a_new_repository_is_private_and_without_a_token_the_reader_is_told_what_it_takes(
    made: Toy, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish(REMOTE)
    assert hub.private == {"lab/toy"}
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(NotWritable, match=r"does not exist or is private \(status 401.*\): set HF_TOKEN .* may list"):
        pull(REMOTE, "toy@0.1.0", tmp_path / "got")
    with pytest.raises(NotWritable, match="set HF_TOKEN"):
        made.publish(REMOTE, version="0.2.0")
    assert not (tmp_path / "got").exists()
    hub.private.clear()
    assert pull(REMOTE, "toy@0.1.0", tmp_path / "got").is_dir()


def test_a_token_of_somebody_else_sees_nothing_and_writes_nothing(
    made: Toy, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish(REMOTE)
    monkeypatch.setenv("HF_TOKEN", FOREIGN)
    with pytest.raises(UnknownVersion, match="Known datasets here: none"):
        pull(REMOTE, "toy@0.1.0", tmp_path / "got")
    with pytest.raises(NotWritable, match=r"status 403: You don't have the rights .* namespace 'lab'\): set HF_TOKEN"):
        made.publish("hub://lab/toy", version="0.2.0")
    assert len(hub.repos["lab/toy"]) == 2


def test_a_hub_that_asks_to_wait_is_waited_for_by_readers_and_told_by_publishers(
    made: Toy, hub: Hub, tmp_path: Path
) -> None:
    hub.busy["POST"] = 1
    with pytest.raises(Unreachable, match=r"asked too often to create \(status 429: Too many requests\)"):
        made.publish(REMOTE)
    done = made.publish(REMOTE)
    hub.busy["GET"] = 2
    assert VersionFolder(pull(REMOTE, "toy@0.1.0", tmp_path / "got")).digest == done.digest
    assert hub.busy.total() == 0


def test_what_is_no_answer_of_a_hub_is_told_in_one_sentence(made: Toy, hub: Hub, tmp_path: Path) -> None:
    made.publish(REMOTE)
    hub.strange["GET"] = 1
    with pytest.raises(Unreachable, match="gave no answer of a hub when asked to list") as told:
        pull(REMOTE, "toy@0.1.0", tmp_path / "got")
    assert "\n" not in str(told.value)


def test_a_version_behind_many_later_commits_and_a_tree_of_many_pages_are_found(
    made: Toy, hub: Hub, tmp_path: Path
) -> None:
    done, place = made.publish(REMOTE), open_remote(REMOTE)
    for number in range(9):
        gone = Revocation(digest=f"{number:064x}", version=f"9.0.{number}", reason="never was")
        place.revoke("toy", gone)
    assert len(hub.repos["lab/toy"]) == 11
    assert place.versions("toy") == {"0.1.0": done.digest}
    assert len(place.revocations("toy")) == 9
    assert VersionFolder(pull(REMOTE, "toy@0.1.0", tmp_path / "got")).digest == done.digest
    pages = [each for each in hub.asked if "cursor=" in each]
    assert any("/commits/" in each for each in pages)
    assert any("/tree/" in each for each in pages)


def test_the_token_goes_to_the_hub_alone_and_into_no_log_file_or_version(
    made: Toy, hub: Hub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made.publish(REMOTE)
        got = pull(REMOTE, "toy@0.1.0", tmp_path / "got")
    assert [each for each in hub.asked if each.startswith("GET") and "signature=" in each]
    assert hub.seen == {("hub", TOKEN)}
    assert TOKEN not in caplog.text
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert got / "manifest.json" in kept
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_words_of_a_hub_that_repeat_the_token_are_told_without_it(
    made: Toy, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise Refused(403, f"The token {TOKEN} may not do this.")

    monkeypatch.setattr(hub, "create", refused)
    with pytest.raises(NotWritable, match=r"status 403: The token … may not do this\)"):
        made.publish(REMOTE)


def test_a_large_file_that_never_came_cannot_be_committed(hub: Hub) -> None:
    hub.create("lab/toy", private=True)
    line = {"key": "lfsFile", "value": {"path": "a.parquet", "algo": "sha256", "oid": "a" * 64, "size": 1}}
    with pytest.raises(Refused, match="does not exist"):
        hub.commit("lab/toy", [{"key": "header", "value": {"summary": "words"}}, line])
    with pytest.raises(Refused, match="happened since"):
        hub.commit("lab/toy", [{"key": "header", "value": {"summary": "words", "parentCommit": "b" * 40}}])
