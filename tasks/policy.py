"""How a step becomes a Prefect task: its name, its retry policy, and refusals as failed states without a traceback.

`ingest = as_task(work)` wraps the plain function of tasks/steps, which `--no-orchestrator` calls directly: the same
code with or without an orchestrator.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.objects import State
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Failed

from schemas.errors import ReIDForgeError

_RETRIES = 2
_DELAY_SECONDS = 2
_DEFAULT_PLACES = 2


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


def endpoint_limit() -> AbstractContextManager[None]:
    """A place in the concurrency limit that all flows on one model endpoint share; the block waits until one is free.

    The limit is called `mllm-` and eight digits of the endpoint's address. It is created when it is missing, with as
    many places as REIDFORGE_MLLM_CHUNKS says (2); `prefect gcl update` changes it later.
    """
    name = limit_name(os.environ.get("REIDFORGE_MLLM_URL", ""))
    ensure_limit(name)
    return concurrency(name, occupy=1, strict=True)


def limit_name(url: str) -> str:
    """The name of the concurrency limit of an endpoint; its address cannot be read from it."""
    return f"mllm-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def ensure_limit(name: str) -> None:
    """Create the limit unless it exists; without it Prefect would not limit anything."""
    asked = os.environ.get("REIDFORGE_MLLM_CHUNKS", "")
    places = int(asked) if asked.isdigit() and int(asked) else _DEFAULT_PLACES
    with get_client(sync_client=True) as client:
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=places))
        except ObjectAlreadyExists:
            return


async def _is_machine_fault(_: Any, __: Any, state: State[Any]) -> bool:
    return isinstance(await state.aresult(raise_on_failure=False), OSError)
