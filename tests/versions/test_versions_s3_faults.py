"""Between us and an S3-compatible server the network and the clocks fail: told by name, and nothing is sent twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3_server import BUCKET, Relay, relayed
from versions_toy import Toy, toy

from schemas.errors import NotWritable, Unreachable
from tasks.steps.pull import pull
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import open_remote

REMOTE = f"s3://{BUCKET}/versions"


@pytest.fixture
def relay(s3: Any, s3_place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    made = Relay(s3_place)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 2)
    with relayed(made) as place:
        monkeypatch.setenv("AWS_ENDPOINT_URL", place)
        yield made


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


def test_a_connection_that_breaks_inside_an_object_is_taken_up_again(made: Toy, relay: Relay, tmp_path: Path) -> None:
    relay.breaks = 2
    done = made.publish(REMOTE)
    assert relay.breaks == 0
    objects = {entry.sha256 for entry in VersionFolder(pull(REMOTE, "toy@0.1.0", tmp_path / "got")).manifest.files}
    assert relay.stored == dict.fromkeys(objects, 1)
    assert open_remote(REMOTE).latest("toy") == done.digest


def test_an_upload_that_was_lost_goes_on_and_sends_no_object_twice(
    made: Toy, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.versions.remotes.object_store._AT_ONCE", 1)
    relay.passes = 3
    with pytest.raises(Unreachable, match=r"failed to (send|write) .* Try again; what was sent is kept\."):
        made.publish(REMOTE)
    assert relay.stored.total() == 3
    assert open_remote(REMOTE).names() == []
    relay.passes = None
    done = made.publish(REMOTE)
    assert VersionFolder(pull(REMOTE, "toy@0.1.0", tmp_path / "got")).digest == done.digest
    assert set(relay.stored.values()) == {1}


def test_a_clock_that_is_wrong_is_told_with_the_words_of_the_server(made: Toy, relay: Relay, tmp_path: Path) -> None:
    relay.skewed = True
    with pytest.raises(NotWritable, match="difference between the request time and the current time is too large"):
        made.publish(REMOTE)
    relay.skewed = False
    made.publish(REMOTE)
    assert pull(REMOTE, "toy@latest", tmp_path / "got").is_dir()


def _begun(s3: Any, key: str) -> str:
    """An upload in parts of which one part came, as a killed publisher leaves it."""
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=b"half of a person")
    return str(upload)


@pytest.mark.parametrize("way", ["sweep", "purge"])
def test_parts_of_an_upload_that_was_killed_are_found_and_deleted_and_those_of_others_stay(
    way: str, made: Toy, s3: Any
) -> None:
    done = made.publish(REMOTE)
    ours = _begun(s3, f"versions/toy/objects/{'a' * 64}")
    other = _begun(s3, f"versions/another/objects/{'a' * 64}")
    place = open_remote(REMOTE)
    name = f"toy/objects/{'a' * 64} (upload {ours[:8]})"
    assert place.garbage("toy") == {name: 0}
    gone = place.sweep("toy") if way == "sweep" else place.purge("toy", lambda _: False)
    assert list(gone) == [name]
    assert place.garbage("toy") == {}
    left = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert [each["UploadId"] for each in left] == [other]
    s3.abort_multipart_upload(Bucket=BUCKET, Key=left[0]["Key"], UploadId=other)
    assert place.latest("toy") == done.digest
