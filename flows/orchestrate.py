"""Turning a plain body into a Prefect flow: refusals become failed runs with one sentence, and come back as errors."""

import functools
from collections.abc import Callable
from typing import Any

from prefect import Flow, flow
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_ENABLED
from prefect.states import Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from schemas.errors import ReIDForgeError, Unreachable


def as_flow(body: Callable[..., Any]) -> Flow[..., Any]:
    """A Prefect flow named after the function; a refusal ends it as Failed with its sentence, without a traceback."""

    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return body(*args, **kwargs)
        except ReIDForgeError as error:
            return Failed(message=str(error), data=error)

    decorate = flow(name=body.__name__.replace("_", "-"), task_runner=_threads(2))
    return decorate(run)


def run_flow(which: Flow[..., Any], workers: int, **parameters: Any) -> Any:
    """Run a flow here and now and hand back its value, or raise the refusal that ended it.

    Raises Unreachable when the Prefect server that is named, or the temporary one, does not answer.
    """
    try:
        _start_temporary_server()
        state: Any = which.with_options(task_runner=_threads(workers))(**parameters, return_state=True)
    except RuntimeError as error:
        if str(error).startswith("Timed out while attempting to connect to ephemeral"):
            raise Unreachable(
                "The temporary Prefect server did not start in time: try again when the machine is less busy, give it "
                "more seconds in PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS, or run with --no-orchestrator."
            ) from error
        if not str(error).startswith("Failed to reach API"):
            raise
        raise Unreachable(
            f"The Prefect server at {PREFECT_API_URL.value()!r} does not answer: start it (make server), name another "
            "in PREFECT_API_URL, or run with --no-orchestrator."
        ) from error
    return state.result()


def _start_temporary_server() -> None:
    """Where no server is named, Prefect starts one: it is to end with us."""
    if not PREFECT_API_URL.value() and PREFECT_SERVER_EPHEMERAL_ENABLED.value():
        from flows.temporary_server import start_temporary_server

        start_temporary_server()


def _threads(workers: int) -> TaskRunner[Any]:
    runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=workers)
    return runner
