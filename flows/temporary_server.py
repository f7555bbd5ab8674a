"""Prefect's temporary server, which ends with the command that started it, however that one ends.

Prefect stops its temporary server when Python leaves; a command that is killed never does, and its server would run
on. A small process beside it waits for the end of a pipe that only the command holds open, and ends the server then.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from prefect.server.api.server import SubprocessASGIServer

# The process is held by a descriptor, which stays its own though its number may be given to another one later.
_WATCH = """
import os, select, signal, sys
held = os.pidfd_open(int(sys.argv[1]))
os.setsid()
sys.stdin.buffer.read()
try:
    signal.pidfd_send_signal(held, signal.SIGTERM)
    if not select.select([held], [], [], 10)[0]:
        signal.pidfd_send_signal(held, signal.SIGKILL)
except ProcessLookupError:
    pass
"""


@dataclass(frozen=True, slots=True)
class Watcher:
    """A process that ends another one when the pipe into it is closed: by us, or by our own end."""

    pid: int
    pipe: int

    @classmethod
    def of(cls, pid: int) -> "Watcher":
        """End the process of this number when we have ended."""
        read, write = os.pipe()
        command = [sys.executable, "-I", "-S", "-c", _WATCH, str(pid)]
        silent = [(os.POSIX_SPAWN_OPEN, out, os.devnull, os.O_WRONLY, 0) for out in (1, 2)]
        try:
            started = os.posix_spawn(
                sys.executable, command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, read, 0), *silent]
            )
        finally:
            os.close(read)
        return cls(started, write)

    def close(self) -> None:
        """End what is watched, and the watching."""
        os.close(self.pipe)
        os.waitpid(self.pid, 0)


def start_temporary_server() -> None:
    """Start the server that Prefect would start by itself when its settings name none.

    Raises RuntimeError when it does not answer in the time that PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS gives.
    """
    _WatchedServer().start()


class _WatchedServer(SubprocessASGIServer):
    """The one temporary server of this process: from now on Prefect gets this one wherever it asks for its own."""

    watchers: tuple[Watcher, ...] = ()

    def _run_uvicorn_command(self) -> "subprocess.Popen[Any]":
        started = super()._run_uvicorn_command()
        self.watchers = (*self.watchers, Watcher.of(started.pid))
        return started

    def stop(self) -> None:
        """Stop the server, and what watched it."""
        super().stop()
        watchers, self.watchers = self.watchers, ()
        for watcher in watchers:
            watcher.close()
