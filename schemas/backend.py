"""What a backend declares: one way to get text about people from a model (or, for `grammar`, from rules)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STATUSES = ("ok", "refused", "truncated", "invalid", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model, as content: hosts, times and engines are not part of it, so its key is replayable.

    `images` are raw image sha256s; `facts` is what a rule-made backend words instead of looking.
    """

    kind: str
    prompt: str
    prompt_id: str
    images: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    style: str | None = None
    model: str = ""
    revision: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    response_schema: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the raw text and one of STATUSES; only `ok` is ever reused."""

    text: str
    status: str = "ok"
    detail: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One way to get text. `generate` answers every request once, in order; `model` and `revision` enter the key."""

    title: str
    model: str
    revision: str
    generate: Callable[[Sequence[Request]], Iterator[Answer]]
