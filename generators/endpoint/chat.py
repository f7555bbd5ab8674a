"""A request as the body of a chat completion: messages, pictures as data URLs, sampling, schema."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from generators.endpoint.parts import Part, shown_parts
from schemas.backend import ImageSource, Request, Turn

_SENT = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "max_tokens",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
)
_KINDS = {b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png", b"RIFF": "webp", b"GIF8": "gif", b"BM": "bmp"}
Message = dict[str, Any]


def chat_body(
    request: Request, images: ImageSource, repairs: Sequence[Turn] = (), with_schema: bool = True
) -> dict[str, Any]:
    """The body that asks a request, after the turns of earlier repairs.

    A server that takes no response format gets the schema in words. Raises KeyError for an image that the source does
    not have, and BadTable for a mark of an image that the request does not show.
    """
    body: dict[str, Any] = {"model": request.model, "messages": _messages(request, images, repairs, with_schema)}
    body |= {name: request.sampling[name] for name in _SENT if name in request.sampling}
    if request.seed or repairs:
        body["seed"] = repair_seed(request.seed, len(repairs) // 2)
    if request.response_schema is not None and with_schema:
        body["response_format"] = response_format(request.response_schema)
    return body


def repair_seed(seed: int, repair: int) -> int:
    """The seed of a turn: another one for each repair, within what every server takes."""
    return (seed + repair * 0x9E3779B1) % 2**31


def response_format(schema: str) -> dict[str, Any]:
    """Guided JSON as OpenAI-compatible servers spell it."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": json.loads(schema)}}


def repair_turns(text: str, problem: str, schema: str) -> tuple[Turn, Turn]:
    """An answer that did not follow its schema, and the request to mend it."""
    return (
        Turn("assistant", text),
        Turn(
            "user",
            f"This does not follow the schema ({problem}). Answer again with JSON only, following this JSON schema:\n"
            f"{schema}",
        ),
    )


def _messages(
    request: Request, images: ImageSource, repairs: Sequence[Turn], with_schema: bool
) -> list[dict[str, Any]]:
    prompt = request.prompt
    if request.response_schema is not None and not with_schema:
        prompt = f"{prompt}\n\nAnswer with JSON only, following this JSON schema:\n{request.response_schema}"
    turns = [*request.history, Turn("user", prompt), *repairs]
    system = [{"role": "system", "content": request.system}] if request.system else []
    if not request.images:
        return [*system, *({"role": turn.role, "content": turn.text} for turn in turns)]
    urls = [data_url(images(sha256)) for sha256 in request.images]
    shown = zip(turns, shown_parts(turns, len(urls)), strict=True)
    return [*system, *({"role": turn.role, "content": _content(turn, parts, urls)} for turn, parts in shown)]


def _content(turn: Turn, parts: Sequence[Part], urls: Sequence[str]) -> str | list[Message]:
    if turn.role != "user":
        return turn.text
    return [_picture(urls[part]) if isinstance(part, int) else {"type": "text", "text": part} for part in parts]


def _picture(url: str) -> Message:
    return {"type": "image_url", "image_url": {"url": url}}


def data_url(data: bytes) -> str:
    """The bytes of a picture as a data URL; what they are is read from their first bytes."""
    kind = next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def estimated_tokens(request: Request) -> int:
    """A rough count of the tokens a request and its answer take, for pacing before anything was measured."""
    words = len(request.prompt) + len(request.system) + sum(len(turn.text) for turn in request.history)
    return words // 4 + 256 * len(request.images) + int(_max_tokens(request.sampling) // 2)


def _max_tokens(sampling: Mapping[str, Any]) -> int:
    return int(sampling.get("max_tokens", 256))
