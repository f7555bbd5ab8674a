"""Commands end when they are told to, and in bounded time, whatever still holds them."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flows import artifacts
from flows.artifacts import ProgressArtifact
from flows.stopping import TOLD
from tasks import policy
from tasks.policy import place_of_machine

HELD = "import sys, threading; from flows.stopping import *; threading.Thread(target=threading.Event().wait).start(); "
HOLDING = (
    "import sys, threading; from pathlib import Path; from tasks.policy import place_of_machine\n"
    "with place_of_machine(Path(sys.argv[1]), 'mllm-toy', 1): print('held', flush=True); threading.Event().wait()"
)


def running(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_process_that_something_holds_at_its_end_leaves_with_its_own_exit_code():
    held = running(HELD + "leave_within(3, 0.1)")
    assert held.wait(120) == 3
    held.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_told_to_end_says_so_and_ends_though_its_threads_do_not(number: signal.Signals):
    held = running(HELD + "end_when_told(0.1); print('on', flush=True); threading.Event().wait()")
    assert held.stdout is not None
    assert held.stdout.readline() == "on\n"
    held.send_signal(number)
    assert held.wait(120) == TOLD
    assert "stopping: what was finished is kept" in held.communicate()[1]


def test_a_command_whose_reader_has_gone_ends_like_any_other_and_says_nothing(tmp_path: Path):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "flows", "list", "recipes"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_killed_holder_of_a_place_gives_it_back(tmp_path: Path):
    other = running(HOLDING, str(tmp_path))
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    assert policy._locked([tmp_path / "mllm-toy.0"]) is None
    other.kill()
    other.communicate()
    with place_of_machine(tmp_path, "mllm-toy", 1):
        assert policy._locked([tmp_path / "mllm-toy.0"]) is None


def test_as_many_as_a_limit_has_places_hold_one_and_nobody_else(tmp_path: Path):
    places = [tmp_path / f"mllm-toy.{number}" for number in range(2)]
    with place_of_machine(tmp_path, "mllm-toy", 2):
        with place_of_machine(tmp_path, "mllm-toy", 2):
            assert policy._locked(places) is None
        free = policy._locked(places)
        assert free is not None
        free.close()


def test_no_more_than_the_places_of_a_limit_are_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policy, "_LOOK_SECONDS", 0.001)
    lock, held, most = threading.Lock(), 0, []

    def work() -> None:
        nonlocal held
        for _ in range(20):
            with place_of_machine(tmp_path, "mllm-toy", 2):
                with lock:
                    held += 1
                    most.append(held)
                threading.Event().wait(0.001)
                with lock:
                    held -= 1

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(most) == 80
    assert max(most) <= 2


def test_a_prefect_server_that_does_not_answer_holds_up_no_step(monkeypatch: pytest.MonkeyPatch):
    answers, told = threading.Event(), []

    def create(share: float, **words: str) -> str:
        answers.wait()
        return "artifact"

    def update(artifact: str, share: float, description: str) -> None:
        told.append((artifact, share, description))

    monkeypatch.setattr(artifacts, "create_progress_artifact", create)
    monkeypatch.setattr(artifacts, "update_progress_artifact", update)
    monkeypatch.setattr(ProgressArtifact, "_LAST", 0.01)
    shown = ProgressArtifact("generate")
    shown.update(30, 40, "2 running")
    shown.close()
    assert not told
    answers.set()
    shown._thread.join()
    assert told == [("artifact", 75.0, "30 of 40: 2 running")]
