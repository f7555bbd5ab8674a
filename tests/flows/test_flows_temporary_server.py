"""What a killed command leaves running: nothing, neither Prefect's temporary server nor what watched it."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

PATIENT = 300.0
"""Seconds in which a process that was told to end is gone, however busy the machine is."""

SLEEPER = (
    "import subprocess, sys, threading; from flows.temporary_server import Watcher\n"
    "sleeper = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
    "watcher = Watcher.of(sleeper.pid)\n"
    "print(sleeper.pid, watcher.pid, flush=True); threading.Event().wait()"
)
FLOW = (
    "import sys; from flows.orchestrate import as_flow, run_flow\n"
    "from prefect.server.api.server import SubprocessASGIServer\n"
    "@as_flow\n"
    "def told():\n"
    "    server = SubprocessASGIServer()\n"
    "    print(server.server_process.pid, *(each.pid for each in server.watchers), flush=True)\n"
    "    sys.stdin.read()\n"
    "run_flow(told, 1)\n"
)


def started(code: str, tmp_path: Path) -> "subprocess.Popen[str]":
    settings = {"PREFECT_HOME": str(tmp_path), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600"}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **settings},
    )


def others_of(running: "subprocess.Popen[str]") -> list[int]:
    """What else runs because of a process that tells their numbers, held so that nobody else is taken for them."""
    assert running.stdout is not None
    return [os.pidfd_open(int(number)) for number in running.stdout.readline().split()]


def assert_gone(held: list[int]) -> None:
    for each in held:
        assert select.select([each], [], [], PATIENT)[0]
        os.close(each)


def test_a_process_ends_with_the_one_that_is_killed(tmp_path: Path):
    running = started(SLEEPER, tmp_path)
    held = others_of(running)
    assert len(held) == 2
    assert select.select(held, [], [], 0)[0] == []
    running.kill()
    running.communicate()
    assert_gone(held)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "ended"])
def test_the_temporary_server_of_a_flow_ends_with_it(killed: bool, tmp_path: Path):
    running = started(FLOW, tmp_path)
    held = others_of(running)
    assert len(held) == 2
    assert select.select(held, [], [], 0)[0] == []
    if killed:
        running.kill()
    running.communicate()  # the end of its input is the end of the flow
    assert (running.returncode == 0) is not killed
    assert_gone(held)
