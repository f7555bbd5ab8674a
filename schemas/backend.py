"""What a backend declares: one way to get text about people from a model (or, for `grammar`, from rules)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import WrongUse
from schemas.recipe import ModelChoice

STATUSES = ("ok", "refused", "truncated", "invalid", "failed")
ImageSource = Callable[[str], bytes]
"""The bytes of an image as they are stored, by their sha256 (hex)."""


def no_images(sha256: str) -> bytes:
    """An image source without images: raises KeyError."""
    raise KeyError(sha256)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation that came before the prompt; `role` is `user` or `assistant`."""

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model, as content: hosts, times and engines are not part of it, so its key is replayable.

    `images` are raw image sha256s, shown at the marks `[[image:1]]` … of `history` and `prompt`, or before the first
    text where nothing marks them. `facts` is what a rule-made backend words instead of looking. `subject` says what
    the answer is for (`market1501/a.jpg#made0`): it tells a changed question from a new one and is not in the key, as
    little as `prompt_id`.
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
    system: str = ""
    history: tuple[Turn, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the raw text and one of STATUSES; only `ok` is ever reused.

    Tokens are those of every turn that was paid for, `sent` the requests that it took, repairs and retries included,
    and `seconds` the time from the first of them to the answer.
    """

    text: str
    status: str = "ok"
    detail: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    sent: int = 1
    seconds: float = 0.0


Found = tuple[int, Answer] | None


def full_name(model: str, revision: str) -> str:
    """A model with its revision, `name@revision`, as tables and manifests name it; alone where it has none."""
    return f"{model}@{revision}" if revision else model


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a backend works with: the bytes of images, leave to send, and how many sent requests are not settled yet.

    A backend that gets no leave may ask again after the next answer. Once all that was sent is settled, its cost is
    known, and no leave is final.
    """

    images: ImageSource = no_images
    may_send: Callable[[Request], bool] = lambda request: True
    unsettled: Callable[[], int] = lambda: 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One way to get text; `model` and `revision` enter the key.

    `generate` answers every request once, in order. A backend that works on many requests at a time has `ask` instead:
    it yields (place of the request, answer) as answers come, None now and then while it waits, and nothing for requests
    that it got no leave to send. A backend that serves any model has `choose`, which gives the backend of one model.
    """

    title: str
    model: str = ""
    revision: str = ""
    generate: Callable[[Sequence[Request]], Iterator[Answer]] | None = None
    ask: Callable[[Sequence[Request], Means], Iterator[Found]] | None = None
    choose: Callable[[ModelChoice], "Backend"] | None = None

    def answers(self, requests: Sequence[Request], means: Means) -> Iterator[Found]:
        """(place, answer) of the requests, in the order in which answers come."""
        if self.ask is not None:
            return self.ask(requests, means)
        if self.generate is None:
            raise WrongUse(f"The backend {self.title!r} answers nothing until it is told which model to use.")
        return zip(range(len(requests)), self.generate(requests), strict=True)
