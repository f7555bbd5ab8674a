"""Ending when told to, and in bounded time, whatever threads, servers and connections are still at work.

Ctrl-C and SIGTERM end a command within seconds. Nothing is lost but what was in flight: answers are committed as they
come, step folders are renamed when they are whole, and the next run goes on from there.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from functools import partial
from types import FrameType

from schemas.stopping import ask_to_stop

_GRACE = 10.0
"""Seconds after being told to end, in which threads may finish what they hold."""
_LEAVING = 30.0
"""Seconds after a command is done, in which Prefect may hand its last events to its server."""
TOLD = 130
"""Exit code of a command that was told to end."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_when_told(grace: float = _GRACE) -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt, and end the process at the latest after `grace` seconds.

    A second one ends it at once. The exit code is 130 then.
    """
    for each in _SIGNALS:
        signal.signal(each, partial(_told, os.getpid(), grace))


def leave_within(code: int, seconds: float = _LEAVING) -> None:
    """End the process with an exit code after so many seconds, should it still be there."""
    timer = threading.Timer(seconds, _leave, (code,))
    timer.daemon = True
    timer.start()


def _told(owner: int, grace: float, _: int, __: FrameType | None) -> None:
    if os.getpid() != owner:
        os._exit(TOLD)
    if ask_to_stop():
        _leave(TOLD)
    logging.disable(logging.CRITICAL)
    os.write(2, b"\nstopping: what was finished is kept, and the same command goes on from there.\n")
    leave_within(TOLD, grace)
    raise KeyboardInterrupt


def _leave(code: int) -> None:
    """End now, and everything that was started with us."""
    if "prefect.server.api.server" in sys.modules:
        from prefect.server.api.server import SubprocessASGIServer

        SubprocessASGIServer().stop()
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(code)
