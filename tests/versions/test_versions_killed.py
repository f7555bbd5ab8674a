"""A publisher killed at any moment: readers see the old version or the new one, and publishing again completes it."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from versions_toy import Toy, toy

from tasks.steps.pull import pull
from tasks.versions.reader import VersionFolder
from tasks.versions.remotes.local import LocalRemote

_CHANGES = {"open", "os.rename", "os.link", "os.mkdir", "os.chmod", "os.remove"}
_KILLED = 9


def publish_and_die(made: Toy, remote: Path, version: str, at: int) -> bool:
    """Publish in a child process that ends, without any clean-up, at its `at`-th touch of the remote."""
    child = os.fork()
    if child == 0:
        _die_at(remote, at)
        made.publish(remote, version=version)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == _KILLED


def _die_at(remote: Path, at: int) -> None:
    touches = iter(range(at))

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES and str(arguments[0]).startswith(str(remote)) and next(touches, None) is None:
            os._exit(_KILLED)

    sys.addaudithook(watch)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Toy, Path]:
    base = tmp_path_factory.mktemp("shelf")
    made = toy(base / "store")
    made.publish(base / "remote")
    return made, base / "remote"


def test_a_publisher_killed_at_any_touch_leaves_old_or_new_and_is_completed(
    shelf: tuple[Toy, Path], tmp_path: Path
) -> None:
    made, first = shelf
    old = LocalRemote(first).latest("toy")
    seen, killed, at = set(), 0, 0
    while True:
        remote = tmp_path / f"remote{at}"
        shutil.copytree(first, remote, symlinks=True)
        died = publish_and_die(made, remote, "0.2.0", at)
        got = VersionFolder(pull(remote, "toy@latest", tmp_path / f"got{at}"))
        seen.add(got.manifest.version)
        done = made.publish(remote, version="0.2.0")
        assert LocalRemote(remote).latest("toy") == done.digest != old
        assert all("draft" in place for place in LocalRemote(remote).garbage("toy"))
        if not died:
            break
        killed, at = killed + 1, at + 1 + at // 6
    assert killed >= 12
    assert seen == {"0.1.0", "0.2.0"}
