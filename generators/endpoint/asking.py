"""Asking an endpoint many requests: in a window that adapts, with retries and counted repairs, answers as they come.

A row fails for good only while the endpoint serves others: when nothing has been answered for `patience` seconds, the
endpoint is lost, nothing is held against the rows, and EndpointFault ends the asking.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from generators.endpoint.bridge import Emit, emitted
from generators.endpoint.chat import chat_body, estimated_tokens, repair_turns
from generators.endpoint.pace import Bucket, Pause, Window, backoff
from generators.endpoint.posting import Fault, Poster, pause
from generators.endpoint.reply import Reply, verdict
from generators.endpoint.settings import Endpoint
from schemas.backend import Answer, Found, Means, Request, Turn
from schemas.errors import EndpointFault

MAX_TRIES = 6
MAX_REPAIRS = 2
_ALIVE_PER_PLACE = 4
_LOOK_SECONDS = 0.02
"""How often it is looked whether whoever reads the answers has counted the last of them."""


def ask_endpoint(endpoint: Endpoint, requests: Sequence[Request], means: Means) -> Iterator[Found]:
    """(place, answer) of the requests as they come. Raises EndpointFault for an endpoint that is of no use or lost."""
    return emitted(lambda emit: _Asking(endpoint, requests, means, emit).run())


@dataclass(slots=True)
class _Row:
    """One request on its way: what it has cost so far, and the turns of its repairs."""

    place: int
    request: Request
    begun: float
    sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    repairs: list[Turn] = field(default_factory=list)

    def answer(self, text: str, status: str, detail: str, now: float) -> Answer:
        """The answer of this row, with everything it cost."""
        return Answer(
            text=text,
            status=status,
            detail=detail,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            sent=self.sent,
            seconds=round(now - self.begun, 3),
        )


class _Asking:
    def __init__(
        self, endpoint: Endpoint, requests: Sequence[Request], means: Means, emit: Emit[tuple[int, Answer]]
    ) -> None:
        self._endpoint = endpoint
        self._requests = requests
        self._means = means
        self._emit = emit
        self._window = Window(endpoint.concurrency)
        self._pause = Pause(time.monotonic)
        self._per_minute = Bucket(endpoint.requests_per_minute, time.monotonic)
        self._tokens = Bucket(endpoint.tokens_per_minute, time.monotonic)
        self._rows: set[asyncio.Task[None]] = set()
        self._doubtful: list[tuple[int, Answer]] = []
        self._failing_since: float | None = None
        self._guided = True
        self._lost: BaseException | None = None
        self._poster: Poster

    async def run(self) -> None:
        """Ask everything there is leave for. Raises EndpointFault."""
        self._poster = Poster(self._endpoint)
        try:
            await self._dispatch()
            if self._rows:
                await asyncio.wait(self._rows)
            await self._settle()
        finally:
            await self._stop()
        if self._lost is not None:
            raise self._lost

    async def _dispatch(self) -> None:
        """Start rows in order while there is a place and leave for them."""
        for place, request in enumerate(self._requests):
            if len(self._rows) >= _ALIVE_PER_PLACE * self._endpoint.concurrency:
                await asyncio.wait(self._rows, return_when=asyncio.FIRST_COMPLETED)
            if not await self._may_begin(request):
                return
            task = asyncio.create_task(self._row(_Row(place, request, time.monotonic())))
            self._rows.add(task)
            task.add_done_callback(self._ended)

    async def _may_begin(self, request: Request) -> bool:
        """A place in the window and leave to send; False when nothing more is to be sent.

        Whoever waits for leave holds no place: those that are tried again may need it.
        """
        await self._window.enter()
        if self._lost is None and self._means.may_send(request):
            return True
        self._window.give_back()
        if not await self._has_leave(request):
            return False
        await self._window.enter()
        return self._lost is None

    async def _has_leave(self, request: Request) -> bool:
        """Leave to send, now or when what is in flight turns out to cost less than was set aside for it."""
        while self._lost is None and not self._means.may_send(request):
            if not self._rows:
                while self._means.unsettled() > len(self._doubtful):
                    await asyncio.sleep(_LOOK_SECONDS)
                return self._means.may_send(request)
            await asyncio.wait(self._rows, return_when=asyncio.FIRST_COMPLETED)
        return self._lost is None

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A row is done; one that ended in an error of its own ends the asking with it."""
        self._rows.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._lost is None:
            self._lost = error
            self._cancel()

    def _cancel(self) -> None:
        self._window.end()
        for task in self._rows:
            task.cancel()

    async def _stop(self) -> None:
        self._cancel()
        if self._rows:
            await asyncio.wait(self._rows)
        await self._poster.close()

    async def _settle(self) -> None:
        """Rows whose every try failed: theirs is the fault if the endpoint is alive, otherwise nobody's."""
        if not self._doubtful or self._lost is not None:
            return
        if await self._poster.is_alive():
            self._told()
        else:
            self._lose(f"it does not answer any more ({self._doubtful[-1][1].detail})")

    async def _row(self, row: _Row) -> None:
        """One request to its answer; it enters with a place in the window taken."""
        entered = True
        while self._lost is None:
            outcome = await self._tried(row, entered)
            entered = False
            if outcome is None:
                return
            if isinstance(outcome, Fault):
                found = (row.place, row.answer("", "failed", outcome.reason, time.monotonic()))
                (self._emit if outcome.kind == "told" else self._doubtful.append)(found)
                return
            status, detail = verdict(outcome, row.request)
            if status != "invalid" or row.request.response_schema is None or len(row.repairs) >= 2 * MAX_REPAIRS:
                self._emit((row.place, row.answer(outcome.text, status, detail, time.monotonic())))
                return
            row.repairs += repair_turns(outcome.text, detail, row.request.response_schema)

    async def _tried(self, row: _Row, entered: bool) -> Reply | Fault | None:
        """One turn of a row, tried until it is answered or its tries are used up; None when the endpoint is lost."""
        try:
            body = self._body(row)
        except KeyError as error:
            self._window.leave(congested=False) if entered else None
            return Fault("told", f"the image {error.args[0]!r} is not in the store")
        tries = 0
        while self._lost is None:
            if not entered:
                await self._window.enter()
            entered = False
            outcome = await self._posted(row, body)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.kind == "told" and b'"response_format"' in body and _refuses_format(outcome):
                self._guided = False
                body = self._body(row)
                continue
            if outcome.kind == "told":
                return outcome
            tries += outcome.kind == "retry"
            if tries >= MAX_TRIES:
                return Fault("retry", f"{outcome.reason}, {tries} times")
            await pause(max(outcome.after, backoff(self._endpoint.backoff, max(tries, 1), row.place)))
        return None

    def _body(self, row: _Row) -> bytes:
        return orjson.dumps(chat_body(row.request, self._means.images, row.repairs, self._guided))

    async def _posted(self, row: _Row, body: bytes) -> Reply | Fault:
        """Send once, within every limit; the place in the window is given back."""
        expected = estimated_tokens(row.request)
        await pause(max(self._per_minute.take(1), self._tokens.take(expected)))
        while left := self._pause.left():
            await asyncio.sleep(left)
        row.sent += 1
        outcome: Reply | Fault = Fault("retry", "cancelled")
        try:
            outcome = await self._poster.post(body)
        finally:
            self._window.leave(isinstance(outcome, Fault) and outcome.is_congestion)
        if isinstance(outcome, Reply):
            self._count(row, outcome, expected)
        else:
            self._note(outcome)
        return outcome

    def _count(self, row: _Row, reply: Reply, expected: int) -> None:
        row.prompt_tokens += reply.prompt_tokens
        row.completion_tokens += reply.completion_tokens
        self._tokens.take(reply.prompt_tokens + reply.completion_tokens - expected)
        self._failing_since = None
        self._told()

    def _told(self) -> None:
        """What failed while the endpoint served others did fail."""
        for found in self._doubtful:
            self._emit(found)
        self._doubtful.clear()

    def _note(self, fault: Fault) -> None:
        """Keep count of how the endpoint does: it may ask for a pause, be lost, or be the wrong one."""
        if fault.kind == "told":
            return
        if fault.kind == "fatal":
            self._lose(fault.reason)
            return
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        if fault.after > self._endpoint.patience:
            self._lose(f"it asks to wait for {fault.after:.0f} s; build again then")
        elif fault.status == 429:
            self._pause.extend(fault.after)
        if now - self._failing_since > self._endpoint.patience:
            self._lose(f"it has answered nothing for {self._endpoint.patience:.0f} s ({fault.reason})")

    def _lose(self, reason: str) -> None:
        """End the asking: nothing more is sent, and nobody waits for a next try."""
        self._lost = self._lost or EndpointFault(
            f"The model endpoint cannot be used: {reason}. What was answered is stored; build again to go on."
        )
        self._cancel()


def _refuses_format(fault: Fault) -> bool:
    """Whether a server refused the response format, which it is then no longer given."""
    return "response_format" in fault.reason or "json_schema" in fault.reason
