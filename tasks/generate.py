"""Asking a model as a Prefect task: one task per chunk, with a place in the limit of its endpoint."""

import functools
from typing import Any

from tasks.policy import as_task, endpoint_limit
from tasks.steps.generate import generate as work


@functools.wraps(work)
def _within_limit(*args: Any, **kwargs: Any) -> Any:
    with endpoint_limit():
        return work(*args, **kwargs)


generate = as_task(_within_limit)
