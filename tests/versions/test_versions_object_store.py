"""A real S3-compatible server on loopback: whole versions, shared objects, and every fault told by name."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from s3_server import BUCKET
from versions_toy import FAMILIES, Toy, toy

from schemas.errors import DigestMismatch, Revoked, UnknownVersion, Unreachable, VersionExists, WrongUse
from schemas.manifest import Revocation
from tasks.steps.pull import pull
from tasks.versions.manifest import load_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import open_remote
from tasks.versions.remotes.object_store import ObjectStore
from tasks.versions.verify import check_folder


@pytest.fixture
def client(s3: Any) -> Any:
    return s3


@pytest.fixture
def remote(client: Any) -> str:
    return f"s3://{BUCKET}/versions"


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


def keys(client: Any) -> dict[str, str]:
    found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {entry["Key"].removeprefix("versions/toy/"): f"{entry['ETag']} {entry['LastModified']}" for entry in found}


def listing(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_version_comes_back_from_s3_as_it_would_from_a_folder(made: Toy, remote: str, tmp_path: Path) -> None:
    here, there = made.publish(tmp_path / "remote"), made.publish(remote)
    assert there.digest == here.digest
    assert listing(pull(remote, "toy@latest", tmp_path / "got")) == listing(here.folder)
    place = open_remote(remote)
    assert place.names() == ["toy"]
    assert place.versions("toy") == {"0.1.0": here.digest}
    assert place.resolve("toy", here.digest[:12]) == here.digest


def test_a_second_version_sends_only_what_is_new_and_the_first_stays(
    made: Toy, remote: str, client: Any, tmp_path: Path
) -> None:
    first = made.publish(remote)
    before = keys(client)
    more = toy(tmp_path / "store", {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 5}}})
    second = more.publish(remote, version="0.2.0")
    after = keys(client)
    assert {key: after[key] for key in before} == before
    new = {key for key in after.keys() - before.keys() if key.startswith("objects/")}
    entries = VersionFolder(pull(remote, "toy@0.2.0", tmp_path / "got")).manifest.files
    names = {entry.sha256: entry.path for entry in entries}
    assert not [key for key in new if names[key.removeprefix("objects/")].startswith(("data/images", "data/captions"))]
    assert open_remote(remote).latest("toy") == second.digest != first.digest


def test_an_upload_that_was_cut_off_goes_on_and_sends_nothing_twice(made: Toy, remote: str, client: Any) -> None:
    done = made.publish(remote)
    whole = keys(client).keys()
    lost, *sent = sorted(key for key in whole if key.startswith("objects/"))
    for key in ("refs/0.1.0.json", f"versions/{done.digest}.json", lost):
        client.delete_object(Bucket=BUCKET, Key=f"versions/toy/{key}")
    for key in sent:
        client.put_object(Bucket=BUCKET, Key=f"versions/toy/{key}", Body=b"x" * _size(client, key))
    assert open_remote(remote).versions("toy") == {}
    assert made.publish(remote) == done
    assert keys(client).keys() == whole
    bodies = [client.get_object(Bucket=BUCKET, Key=f"versions/toy/{key}")["Body"].read() for key in sent]
    assert all(set(body) <= set(b"x") for body in bodies)


def test_rivals_for_one_number_leave_one_winner(remote: str, client: Any) -> None:
    def claim(digest: str) -> str:
        try:
            open_remote(remote).refer("toy", "1.0.0", digest)
        except VersionExists:
            return "lost"
        return digest

    rivals = [f"{n:064x}" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        won = [each for each in pool.map(claim, rivals) if each != "lost"]
    assert won == [open_remote(remote).versions("toy")["1.0.0"]]


def _tamper(client: Any, key: str) -> None:
    body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    client.put_object(Bucket=BUCKET, Key=key, Body=bytes([body[0] ^ 1]) + body[1:])


def _lengthen(client: Any, key: str) -> None:
    body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    client.put_object(Bucket=BUCKET, Key=key, Body=body + b"more")


def _lose(client: Any, key: str) -> None:
    client.delete_object(Bucket=BUCKET, Key=key)


@pytest.mark.parametrize("harm", [_tamper, _lengthen, _lose])
def test_a_harmed_object_is_named_and_nothing_is_left(
    harm: Callable[[Any, str], None], made: Toy, remote: str, client: Any, tmp_path: Path
) -> None:
    done = made.publish(tmp_path / "remote")
    made.publish(remote)
    entry = next(entry for entry in VersionFolder(done.folder).manifest.files if "captions/sysu" in entry.path)
    harm(client, f"versions/toy/objects/{entry.sha256}")
    with pytest.raises(DigestMismatch, match=entry.path):
        pull(remote, "toy@0.1.0", tmp_path / "new" / "got")
    assert list((tmp_path / "new").glob("*")) == []


def test_a_pull_that_was_cut_off_fetches_the_rest_only(made: Toy, remote: str, client: Any, tmp_path: Path) -> None:
    made.publish(remote)
    pull(remote, "toy@0.1.0", tmp_path / "first")
    for key in keys(client):
        if key.startswith("objects/"):
            client.put_object(Bucket=BUCKET, Key=f"versions/toy/{key}", Body=b"x" * _size(client, key))
    got = pull(remote, "toy@0.1.0", tmp_path / "second")
    assert listing(got) == listing(tmp_path / "first")
    assert (got / "README.md").samefile(tmp_path / "first" / "README.md")


def _size(client: Any, key: str) -> int:
    return int(client.head_object(Bucket=BUCKET, Key=f"versions/toy/{key}")["ContentLength"])


def test_a_harmed_cache_is_fetched_again(made: Toy, remote: str, tmp_path: Path) -> None:
    made.publish(remote)
    got = pull(remote, "toy@0.1.0", tmp_path / "first")
    before = listing(got)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.unlink()
            path.write_bytes(b"not this")
    assert listing(pull(remote, "toy@0.1.0", tmp_path / "second")) == before


def test_garbage_is_what_no_reference_needs(made: Toy, remote: str, client: Any, tmp_path: Path) -> None:
    done = made.publish(remote)
    place = open_remote(remote)
    assert place.garbage("toy") == {}
    client.put_object(Bucket=BUCKET, Key=f"versions/toy/objects/{'f' * 64}", Body=b"left over")
    assert place.sweep("toy") == {f"toy/objects/{'f' * 64}": 9}
    client.delete_object(Bucket=BUCKET, Key="versions/toy/refs/0.1.0.json")
    place.sweep("toy")
    assert keys(client) == {}
    assert done.digest


def test_a_revoked_version_is_refused_with_its_successor_and_may_be_dropped(
    made: Toy, remote: str, client: Any, tmp_path: Path
) -> None:
    first, second = made.publish(remote), made.publish(remote, version="0.1.1")
    place = open_remote(remote)
    gone = Revocation(digest=second.digest, version="0.1.1", reason="A person asked", successor="0.1.0")
    place.revoke("toy", gone)
    place.revoke("toy", gone)
    assert place.latest("toy") == first.digest
    with pytest.raises(Revoked, match=r"A person asked\. Use toy@0\.1\.0 instead\."):
        pull(remote, "toy@0.1.1", tmp_path / "got")
    place.drop("toy", second.digest)
    assert f"versions/{second.digest}.json" not in keys(client)
    check_folder(
        pull(remote, "toy@latest", tmp_path / "kept"),
        load_manifest((tmp_path / "kept/manifest.json").read_bytes()).files,
    )


def test_what_cannot_be_reached_or_used_is_said_in_one_sentence(client: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownVersion, match="Known datasets here: none"):
        pull(f"s3://{BUCKET}/empty", "toy@0.1.0", tmp_path / "got")
    with pytest.raises(WrongUse, match="gopher"):
        open_remote("gopher://nowhere/versions")


def test_a_server_that_went_away_is_an_unreachable_remote(
    made: Toy, client: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ObjectStore.at(f"s3://{BUCKET}/versions").fs.clear_instance_cache()
    with pytest.raises(Unreachable, match="Try again") as caught:
        pull(f"s3://{BUCKET}/versions", "toy@0.1.0", tmp_path / "got")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("url", ["memory://reid-versions"])
def test_any_other_fsspec_filesystem_will_do(url: str, made: Toy, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    done = made.publish(url)
    assert made.publish(url) == done
    assert json.loads((pull(url, "toy@0.1.0", tmp_path / "got") / "manifest.json").read_bytes())["name"] == "toy"
    with pytest.raises(VersionExists):
        open_remote(url).refer("toy", "0.1.0", "0" * 64)
    open_remote(url).drop("toy", done.digest)
    with pytest.raises(UnknownVersion, match="no longer at"):
        pull(url, "toy@0.1.0", tmp_path / "again")
