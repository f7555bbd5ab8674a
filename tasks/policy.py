"""How a step becomes a Prefect task: its name, its retry policy, and refusals as failed states without a traceback.

`ingest = as_task(work)` wraps the plain function of tasks/steps, which `--no-orchestrator` calls directly: the same
code with or without an orchestrator.
"""

import fcntl
import functools
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TextIO

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.objects import State
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.logging import get_logger
from prefect.settings import PREFECT_API_URL, PREFECT_HOME
from prefect.states import Failed

from schemas.errors import ReIDForgeError

_RETRIES = 2
_DELAY_SECONDS = 2
_DEFAULT_PLACES = 2
_LEASE_SECONDS = 120
"""How long a place stays taken when its holder is killed, on a Prefect server that outlives it."""
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 30.0


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
    places = ensure_limit(name)
    if PREFECT_API_URL.value():
        return concurrency(
            name, occupy=1, strict=True, lease_duration=_LEASE_SECONDS, raise_on_lease_renewal_failure=False
        )
    return place_of_machine(PREFECT_HOME.value() / "reidforge", name, places)


def limit_name(url: str) -> str:
    """The name of the concurrency limit of an endpoint; its address cannot be read from it."""
    return f"mllm-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def ensure_limit(name: str) -> int:
    """How many places the limit has, which is created when it is missing: Prefect limits nothing without it."""
    asked = os.environ.get("REIDFORGE_MLLM_CHUNKS", "")
    places = int(asked) if asked.isdigit() and int(asked) else _DEFAULT_PLACES
    with get_client(sync_client=True) as client:
        try:
            return client.read_global_concurrency_limit_by_name(name).limit
        except ObjectNotFound:
            pass
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=places))
        except ObjectAlreadyExists:
            return client.read_global_concurrency_limit_by_name(name).limit
    return places


@contextmanager
def place_of_machine(folder: Path, name: str, places: int) -> Iterator[None]:
    """One of so many places that processes of one machine share; the block waits until one is free.

    Prefect's temporary servers share a database but forget who holds a place: one that a killed build held would be
    taken for ever. A locked file is given back by the machine, however its holder ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{number}" for number in range(places)]
    told, since = False, time.monotonic()
    while (held := _locked(paths)) is None:
        if not told and time.monotonic() - since > _PATIENCE_SECONDS:
            told = True
            get_logger("reidforge").warning("Waiting for a place at the model endpoint (limit %s: %d)", name, places)
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        held.close()


def _locked(paths: Sequence[Path]) -> TextIO | None:
    """The first of some files that nobody else holds, locked until it is closed."""
    for path in paths:
        file = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        return file
    return None


async def _is_machine_fault(_: Any, __: Any, state: State[Any]) -> bool:
    return isinstance(await state.aresult(raise_on_failure=False), OSError)
