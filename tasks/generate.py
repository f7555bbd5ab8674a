"""Asking a model as a Prefect task: one task per chunk, with a place in the limit that all flows on an endpoint share.

The limit is called `mllm-` and eight digits of the endpoint's address. It is created when it is missing, with as many
places as REIDFORGE_MLLM_CHUNKS says (2); `prefect gcl update` changes it later.
"""

import hashlib
import os
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists

from tasks.policy import as_task
from tasks.steps.generate import generate as work

_PLACES = "REIDFORGE_MLLM_CHUNKS"
_DEFAULT_PLACES = 2


def limit_name(url: str) -> str:
    """The name of the concurrency limit of an endpoint; its address cannot be read from it."""
    return f"mllm-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def ensure_limit(name: str) -> None:
    """Create the limit unless it exists; without it Prefect would not limit anything."""
    asked = os.environ.get(_PLACES, "")
    places = int(asked) if asked.isdigit() and int(asked) else _DEFAULT_PLACES
    with get_client(sync_client=True) as client:
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=places))
        except ObjectAlreadyExists:
            return


def within_limit(*args: Any, **kwargs: Any) -> Any:
    """One chunk, when a place at its endpoint is free."""
    name = limit_name(os.environ.get("REIDFORGE_MLLM_URL", ""))
    ensure_limit(name)
    with concurrency(name, occupy=1, strict=True):
        return work(*args, **kwargs)


generate = as_task(within_limit, name="generate")
