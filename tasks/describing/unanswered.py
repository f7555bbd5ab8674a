"""Descriptions that lack answers because the endpoint failed: named apart from whole ones, and completed later.

A request that failed is no fact about an image, so a description that had to do without its answer is not the one its
inputs name: `failed` is added to them. As soon as such a request is answered, the description is made again, under the
name it would have had from the start. store/cache/describe-<24 hex>.json remembers what failed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.backend import Answer
from schemas.keys import digest
from tasks.generations.store import GenerationStore
from tasks.steps.store import write_record

FAILED = "failed"


def last_failure(tries: list[Answer]) -> str | None:
    """Why the endpoint failed to answer, where that is how a request ended; None for refusals and the like."""
    return tries[-1].detail if tries and tries[-1].status == FAILED else None


def remember(store: Path, inputs: Mapping[str, Any], failed: Mapping[str, str]) -> None:
    """Note which keys the endpoint failed to answer, and why, when a description is finished without them."""
    if failed or _path(store, inputs).is_file():
        write_record(_path(store, inputs), failed)


def remembered(store: Path, inputs: Mapping[str, Any]) -> list[str] | None:
    """The keys that failed when this was last described; None when it was never described without some answer."""
    path = _path(store, inputs)
    return list(json.loads(path.read_bytes())) if path.is_file() else None


def named(inputs: Mapping[str, Any], failed: Mapping[str, str]) -> dict[str, Any]:
    """The inputs of a description in which the answers to `failed` (key to reason) are missing."""
    return {**inputs, "failed": digest(dict(failed))} if failed else dict(inputs)


def failed_now(generations: GenerationStore, keys: list[str]) -> dict[str, str]:
    """Which of the keys are still without an answer because the endpoint failed, and why."""
    known, tried = generations.recall(keys)
    reasons = {key: last_failure(tried.get(key, [])) for key in keys if key not in known}
    return {key: reason for key, reason in reasons.items() if reason is not None}


def _path(store: Path, inputs: Mapping[str, Any]) -> Path:
    return store / "cache" / f"describe-{digest(dict(inputs))[:24]}.json"
