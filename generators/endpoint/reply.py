"""The reply of a chat completion, validated, and what it means for the request."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from generators.model_json import schema_problem
from schemas.backend import Request

MAX_TEXT = 262_144


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Message(_Loose):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Loose):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Loose):
    prompt_tokens: int = 0
    completion_tokens: int | None = 0


class _Completion(_Loose):
    id: str = ""
    choices: list[_Choice]
    usage: _Usage | None = None


class Reply(NamedTuple):
    """One completion: its text (empty when there was none), why it ended, and what it cost."""

    id: str
    text: str
    refusal: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


def read_reply(body: bytes) -> Reply | None:
    """The first choice of a completion; None for bytes that are no completion."""
    try:
        found = _Completion.model_validate_json(body)
    except ValidationError:
        return None
    if not found.choices:
        return None
    choice, usage = found.choices[0], found.usage or _Usage()
    return Reply(
        id=found.id,
        text=(choice.message.content or "")[:MAX_TEXT],
        refusal=choice.message.refusal or "",
        finish=choice.finish_reason or "",
        prompt_tokens=max(usage.prompt_tokens, 0),
        completion_tokens=max(usage.completion_tokens or 0, 0),
    )


def verdict(reply: Reply, request: Request) -> tuple[str, str]:
    """(status, detail) of an answer: one of schemas.backend.STATUSES; an empty text is never `ok`."""
    if reply.refusal or reply.finish == "content_filter":
        return "refused", reply.refusal[:300] or "the server's content filter stopped the answer"
    if reply.finish == "length":
        return "truncated", f"the answer was cut after {reply.completion_tokens} tokens"
    if not reply.text.strip():
        return "invalid", "the answer is empty"
    problem = schema_problem(reply.text, request.response_schema) if request.response_schema is not None else None
    return ("invalid", problem) if problem else ("ok", "")
