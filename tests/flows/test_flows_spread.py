"""Large families are composed in forked processes: the same files, and a clear end when the machine stops one."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from flows import order
from flows.order import build_version
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators.sample import write_sample
from schemas.errors import EnvironmentFault
from schemas.keys import file_sha256

TWO = PlainRunner(2, Reporter(quiet=True))


def built(raw: Path, store: Path) -> dict[str, str]:
    """What a build composes, by file."""
    done = build_version(find_recipe("demo_tiny"), raw, store, TWO)
    files = {f"{family}/{path.name}": path for family, step in done.composed.items() for path in step.folder.iterdir()}
    return {name: file_sha256(path) for name, path in files.items()}


def read_for_nothing(*_: object) -> None:
    raise AssertionError("the people were read although every family is composed")


def test_families_composed_in_processes_have_the_bytes_of_those_composed_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, store = tmp_path / "raw", tmp_path / "store"
    write_sample(raw, size="tiny", seed=7)
    in_threads = built(raw, store)
    shutil.rmtree(store / "steps" / "compose")
    monkeypatch.setattr(order, "WORTH_PROCESSES", 0)
    assert built(raw, store) == in_threads
    monkeypatch.setattr(order, "read_pools", read_for_nothing)  # a rebuild tells from digests that nothing is left
    assert built(raw, store) == in_threads


def stopped(pid: int) -> None:
    if os.getpid() != pid:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_the_machine_ends_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.runner.plain_step", lambda step: stopped)
    with pytest.raises(EnvironmentFault, match=r"ended a process of the step 'compose'.*--workers 1"):
        TWO.spread("compose", [(os.getpid(),)], read=list)
