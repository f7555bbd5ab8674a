"""The lines of batch files: one chat completion request or its outcome each, told apart by `custom_id` alone.

Outcomes may come in any order, more than once or not at all; what they mean is told by the request they name.
"""

import json
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from generators.endpoint.chat import chat_body
from generators.endpoint.reply import read_reply, verdict
from schemas.backend import Answer, ImageSource, Request

MAX_LINE = 8 * 2**20


class Outcome(NamedTuple):
    """What a line of a result file says: whose it is, and the reply's body or why there is none."""

    custom_id: str
    body: bytes
    reason: str


class _Response(BaseModel):
    model_config = ConfigDict(extra="ignore")

    status_code: int = 200
    body: dict[str, Any] | None = None


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    custom_id: str
    response: _Response | None = None
    error: Any = None


def request_line(key: str, request: Request, images: ImageSource) -> bytes:
    """One request as a line of a batch file. Raises KeyError for an image that the source does not have."""
    line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": chat_body(request, images)}
    return orjson.dumps(line) + b"\n"


def read_outcome(line: bytes) -> Outcome | None:
    """A line of a result file; None for what is none."""
    if len(line) > MAX_LINE:
        return None
    try:
        found = _Line.model_validate_json(line)
    except ValidationError:
        return None
    response = found.response
    if response is None or response.body is None or response.status_code != 200:
        status = f"status {response.status_code}" if response else "no response"
        return Outcome(found.custom_id, b"", f"{status}: {json.dumps(found.error)[:200]}")
    return Outcome(found.custom_id, json.dumps(response.body).encode(), "")


def answer_of(outcome: Outcome, request: Request) -> Answer | None:
    """What an outcome means for its request; None when it is no completion, and the request is still to be asked."""
    reply = read_reply(outcome.body) if outcome.body else None
    if reply is None:
        return None
    status, detail = verdict(reply, request)
    return Answer(
        text=reply.text,
        status=status,
        detail=detail,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
    )
