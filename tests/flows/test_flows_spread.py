"""Large families are composed in processes of their own: the same files, and a clear end when the machine stops one."""

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from flows import order
from flows.order import build_version
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators.sample import write_sample
from schemas.errors import EnvironmentFault
from schemas.keys import file_sha256
from tasks.steps.apart import apart


def built(raw: Path, store: Path, workers: int) -> dict[str, str]:
    """What a build composes, by file."""
    done = build_version(find_recipe("demo_tiny"), raw, store, PlainRunner(workers, Reporter(quiet=True)))
    files = {f"{family}/{path.name}": path for family, step in done.composed.items() for path in step.folder.iterdir()}
    return {name: file_sha256(path) for name, path in files.items()}


def read_for_nothing(*_: object) -> None:
    raise AssertionError("the people were read although every family is composed")


def test_families_composed_in_processes_have_the_bytes_of_those_composed_in_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, store = tmp_path / "raw", tmp_path / "store"
    write_sample(raw, size="tiny", seed=7)
    in_threads = built(raw, store, 2)
    monkeypatch.setattr(order, "WORTH_PROCESSES", 0)
    for workers in (1, 2):
        shutil.rmtree(store / "steps" / "compose")
        assert built(raw, store, workers) == in_threads
    assert not list(store.glob(".people-*"))
    monkeypatch.setattr(order, "people_laid_out", read_for_nothing)  # a rebuild tells that nothing is left
    assert built(raw, store, 2) == in_threads


def test_a_process_that_the_machine_ends_is_told_with_the_remedy() -> None:
    with pytest.raises(EnvironmentFault, match=r"ended a process .*--workers 1"):
        apart(os._exit, 9)


def test_work_apart_gives_its_result_and_leaves_this_process_as_it_is() -> None:
    assert apart(os.getpid) != os.getpid()
    with pytest.raises(FileNotFoundError):
        apart(os.stat, "no such file")


@pytest.mark.skipif("jemalloc" not in pa.supported_memory_backends(), reason="this Arrow has no other pool")
def test_lean_work_takes_memory_from_the_pool_that_gives_it_back_and_a_choice_of_the_user_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ARROW_DEFAULT_MEMORY_POOL", raising=False)
    assert apart(os.getenv, "ARROW_DEFAULT_MEMORY_POOL", lean=True) == "jemalloc"
    assert "ARROW_DEFAULT_MEMORY_POOL" not in os.environ
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "system")
    assert apart(os.getenv, "ARROW_DEFAULT_MEMORY_POOL", lean=True) == "system"
