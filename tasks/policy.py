"""How a step becomes a Prefect task: its name, its retry policy, and refusals as failed states without a traceback.

`ingest = as_task(work)` wraps the plain function of tasks/steps, which `--no-orchestrator` calls directly: the same
code with or without an orchestrator.
"""

import functools
from collections.abc import Callable
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Failed

from schemas.errors import ReIDForgeError

_RETRIES = 2
_DELAY_SECONDS = 2


def as_task(work: Callable[..., Any], name: str | None = None) -> Task[..., Any]:
    """A Prefect task around a step, named like it. Only faults of the machine (OSError) are tried again."""

    @functools.wraps(work)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return work(*args, **kwargs)
        except ReIDForgeError as error:
            return Failed(message=str(error), data=error)

    decorate = task(
        name=name or work.__name__,
        cache_policy=NO_CACHE,
        retries=_RETRIES,
        retry_delay_seconds=_DELAY_SECONDS,
        retry_condition_fn=_is_machine_fault,
    )
    return decorate(run)


async def _is_machine_fault(_: Any, __: Any, state: State[Any]) -> bool:
    return isinstance(await state.aresult(raise_on_failure=False), OSError)
