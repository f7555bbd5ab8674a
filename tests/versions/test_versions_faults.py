"""Whatever fails between publishers and readers: the old version or the new one, on every kind of remote."""

import ast
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hub_state import Hub
from huggingface_hub import HfApi
from s3_server import BUCKET
from versions_toy import FAMILIES, Toy, toy

from schemas.errors import DigestMismatch, ReIDForgeError, Unreachable
from schemas.manifest import FileEntry
from tasks.steps.pull import pull
from tasks.versions.folders import FolderVersion
from tasks.versions.manifest import digest_of
from tasks.versions.reader import VersionFolder
from tasks.versions.remote import open_remote
from tasks.versions.remotes.hub import HubRemote, HubVersion
from tasks.versions.remotes.object_store import ObjectStore, StoredVersion
from tasks.versions.verify import copy_file

KINDS = ("folder", "objects", "s3", "hub")
VERSIONS = {"folder": FolderVersion, "objects": StoredVersion, "s3": StoredVersion, "hub": HubVersion}
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own


@pytest.fixture
def remotes(hub: Hub, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    found = {"folder": tmp_path / "remote", "objects": f"memory://{tmp_path.name}", "hub": "hub://lab/toy"}
    if getattr(request.node, "callspec", None) and request.node.callspec.params.get("kind") == "s3":
        request.getfixturevalue("s3")
        found["s3"] = f"s3://{BUCKET}/versions"
    return found


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


def newer(tmp_path: Path, rows: int = 5) -> Toy:
    return toy(tmp_path / "store", {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": rows}}})


class Stopped(BaseException):
    """What a kill is to the code that runs: nothing catches it."""


def stopping(monkeypatch: pytest.MonkeyPatch, owner: type, names: tuple[str, ...], at: int) -> Iterator[int]:
    """Stop at the `at`-th call of these methods: before it is done when `at` is even, after it when it is odd."""
    calls = iter(range(1_000))

    def stopped(name: str) -> Callable[..., Any]:
        work = getattr(owner, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            here = next(calls) == at // 2
            if here and at % 2 == 0:
                raise Stopped
            done = work(*args, **kwargs)
            if here:
                raise Stopped
            return done

        return run

    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(owner, name, stopped(name))
        yield at


@pytest.mark.parametrize(
    ("kind", "owner", "names"),
    [
        ("objects", MemoryFileSystem, ("pipe_file", "put_file")),
        pytest.param("s3", ObjectStore, ("_send", "_write", "_create"), marks=pytest.mark.slow),
        ("hub", HfApi, ("create_repo", "create_commit", "create_tag")),
    ],
)
def test_a_publisher_stopped_at_any_write_leaves_old_or_new_and_is_completed(
    kind: str,
    owner: type,
    names: tuple[str, ...],
    made: Toy,
    remotes: dict[str, Any],
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    after = newer(tmp_path)
    seen, at = set(), 0
    while True:
        remote = remotes[kind] if kind == "hub" else f"{remotes[kind]}{at}"
        hub.repos.clear()
        hub.tags.clear()
        made.publish(remote)
        stopped = False
        for _ in stopping(monkeypatch, owner, names, at):
            try:
                after.publish(remote, version="0.2.0")
            except Stopped:
                stopped = True
        got = VersionFolder(pull(remote, "toy@latest", tmp_path / f"got{at}"))
        seen.add(got.manifest.version)
        done = after.publish(remote, version="0.2.0")
        assert open_remote(remote).latest("toy") == done.digest
        if not stopped:
            break
        at += 1 + (at // 3 if kind == "s3" else 0)
    assert seen == {"0.1.0", "0.2.0"}
    assert at >= 6


@pytest.mark.parametrize("kind", ["objects", "hub"])
def test_content_that_several_files_have_is_fetched_once(
    kind: str, made: Toy, remotes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish(remotes[kind])
    came: list[str] = []
    fetch = VERSIONS[kind].fetch

    def counted(self: Any, entry: FileEntry, target: Path) -> None:
        came.append(entry.sha256)
        fetch(self, entry, target)

    monkeypatch.setattr(VERSIONS[kind], "fetch", counted)
    listed = [
        entry.sha256 for entry in VersionFolder(pull(remotes[kind], "toy@latest", tmp_path / "got")).manifest.files
    ]
    assert len(set(listed)) < len(listed)
    assert sorted(came) == sorted(set(listed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_keeps_the_version_it_began_with_when_latest_moves(
    kind: str, made: Toy, remotes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made.publish(remotes[kind])
    after = newer(tmp_path)
    fetch, moved = VERSIONS[kind].fetch, []

    def fetched(self: Any, *args: Any, **kwargs: Any) -> None:
        if not moved:
            moved.append(after.publish(remotes[kind], version="0.2.0").digest)
        fetch(self, *args, **kwargs)

    monkeypatch.setattr("tasks.steps.pull._AT_ONCE", 1)
    monkeypatch.setattr(VERSIONS[kind], "fetch", fetched)
    assert VersionFolder(pull(remotes[kind], "toy@latest", tmp_path / "got")).digest == first.digest
    assert open_remote(remotes[kind]).latest("toy") == moved[0]
    assert first.digest in (tmp_path / "reidforge.lock").read_text()


def test_of_two_who_commit_to_a_hub_at_once_one_is_told_and_may_try_again(
    made: Toy, remotes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.publish(remotes["hub"])
    rivals = [newer(tmp_path, 5), newer(tmp_path, 4)]
    commit = HfApi.create_commit

    def overtaken(self: HfApi, *args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(HfApi, "create_commit", commit)
        rivals[1].publish(remotes["hub"], version="0.3.0")
        return commit(self, *args, **kwargs)

    monkeypatch.setattr(HfApi, "create_commit", overtaken)
    with pytest.raises(Unreachable, match=r"Somebody else wrote .* nothing changed"):
        rivals[0].publish(remotes["hub"], version="0.2.0")
    assert list(open_remote(remotes["hub"]).versions("toy")) == ["0.1.0", "0.3.0"]
    rivals[0].publish(remotes["hub"], version="0.2.0")
    for number in ("0.1.0", "0.2.0", "0.3.0"):
        pull(remotes["hub"], f"toy@{number}", tmp_path / number)


def _full(work: Callable[[], object]) -> int:
    """The exit code of a child process whose disk takes no file beyond some kilobytes."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))
        code = 0
        try:
            work()
        except ReIDForgeError as error:
            code = error.exit_code
        except OSError:
            code = 3
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_disk_that_is_full_leaves_nothing_of_what_did_not_fit(
    made: Toy, remotes: dict[str, Any], tmp_path: Path
) -> None:
    remote = remotes["folder"]
    first = made.publish(remote)
    large = max(VersionFolder(first.folder).manifest.files, key=lambda entry: entry.size)
    assert _full(lambda: copy_file(large, first.folder / large.path, tmp_path / "copy")) == 3
    assert _full(lambda: newer(tmp_path).publish(remote, version="0.2.0")) == 3
    assert open_remote(remote).latest("toy") == first.digest
    assert open_remote(remote).garbage("toy") == {}
    assert _full(lambda: pull(remote, "toy@latest", tmp_path / "new" / "got")) == 3
    assert list((tmp_path / "new").glob("*")) == []
    done = newer(tmp_path).publish(remote, version="0.2.0")
    assert VersionFolder(pull(remote, "toy@latest", tmp_path / "new" / "got")).digest == done.digest


@pytest.mark.parametrize("kind", ["objects", "hub"])
def test_a_disk_that_is_full_while_a_url_is_pulled_leaves_no_folder_and_no_half_file(
    kind: str, made: Toy, remotes: dict[str, Any], tmp_path: Path
) -> None:
    done = made.publish(remotes[kind])
    assert _full(lambda: pull(remotes[kind], "toy@latest", tmp_path / "new" / "got")) == 3
    assert list((tmp_path / "new").glob("*")) == []
    kept = [path for path in (tmp_path / "cache" / "objects").rglob("*") if path.is_file()]
    assert all(digest_of(path.read_bytes()) == path.name for path in kept)
    assert VersionFolder(pull(remotes[kind], "toy@latest", tmp_path / "new" / "got")).digest == done.digest


def test_a_connection_lost_between_objects_is_told_and_what_was_sent_is_not_sent_again(
    made: Toy, remotes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    put, sent = MemoryFileSystem.put_file, []

    def lost_after_three(self: MemoryFileSystem, source: str, target: str, **kwargs: Any) -> None:
        if len(sent) >= 3:
            raise ConnectionResetError("Connection reset by peer")
        put(self, source, target, **kwargs)
        sent.append(target.rpartition("/")[2])

    monkeypatch.setattr("tasks.versions.remotes.object_store._AT_ONCE", 1)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "put_file", lost_after_three)
        with pytest.raises(Unreachable, match=r"Connection reset by peer\. Try again; what was sent is kept\."):
            made.publish(remotes["objects"])
    assert open_remote(remotes["objects"]).names() == []
    again: list[str] = []

    def counted(self: MemoryFileSystem, source: str, target: str, **kwargs: Any) -> None:
        again.append(target.rpartition("/")[2])
        put(self, source, target, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "put_file", counted)
    done = made.publish(remotes["objects"])
    assert len(sent) == 3
    assert len(again) > 3
    assert set(again).isdisjoint(sent)
    assert open_remote(remotes["objects"]).latest("toy") == done.digest


@pytest.mark.parametrize("kind", ["objects", "s3", "hub"])
def test_a_remote_that_lies_about_a_size_is_not_read_to_its_end(
    kind: str, made: Toy, remotes: dict[str, Any], hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.versions.remotes.object_store._BLOCK", 1 << 10)
    version = open_remote(remotes[kind]).open("toy", made.publish(remotes[kind]).digest)
    entry = next(e for e in load(version) if "captions/sysu" in e.path)
    more = os.urandom(32 << 20)
    if isinstance(version, HubVersion):
        hub.objects[entry.sha256] += more
    elif isinstance(version, StoredVersion):
        version.store.fs.pipe_file(f"{version.store.root}/toy/objects/{entry.sha256}", more)
    with pytest.raises(DigestMismatch, match=entry.path):
        version.fetch(entry, tmp_path / "file")
    assert (tmp_path / "file").stat().st_size < entry.size + (1 << 20)


def load(version: Any) -> list[FileEntry]:
    from tasks.versions.manifest import load_manifest

    data = version.manifest()
    assert digest_of(data) == version.digest
    return load_manifest(data).files


def test_no_clock_decides_anything(made: Toy, remotes: dict[str, Any], tmp_path: Path) -> None:
    remote = remotes["folder"]
    made.publish(remote)
    for path in remote.rglob("*"):
        os.utime(path, (4e9, 4e9))
    done = newer(tmp_path).publish(remote, version="0.2.0")
    for path in done.folder.rglob("*"):
        os.utime(path, (0, 0))
    assert VersionFolder(pull(remote, "toy@latest", tmp_path / "got")).digest == done.digest
    assert open_remote(remote).garbage("toy") == {}
    rooms = [Path(module.__code__.co_filename) for module in (HubRemote.at.__func__, ObjectStore.at.__func__)]
    files = [*rooms[0].parent.glob("*.py"), *rooms[0].parents[2].glob("steps/pu*.py")]
    assert len(files) >= 6
    for file in files:
        names = {node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)}
        assert names.isdisjoint({"time", "datetime"})
