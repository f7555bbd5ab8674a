"""A real Prefect server on loopback, one for each module that asks for it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

_FIRST_PORT, _PORTS_EACH = 8_000, 50


def _port_of_this_worker() -> int:
    """A free port that nobody else takes before the server does.

    Between the choice of a port and its use lie the seconds of a server's start. A port of the range that the system
    hands out to connections is lost to one of them now and then, and a port that two workers draw to the other worker.
    """
    from prefect.server.api.server import SubprocessASGIServer

    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = range(_FIRST_PORT + worker * _PORTS_EACH, _FIRST_PORT + (worker + 1) * _PORTS_EACH)
    return next(port for port in ports if SubprocessASGIServer.is_port_available(port))


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    from prefect.testing import utilities

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utilities, "_find_available_port", _port_of_this_worker)
        with utilities.prefect_test_harness(server_startup_timeout=600):
            yield
