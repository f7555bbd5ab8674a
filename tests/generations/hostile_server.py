"""A chat completion server that misbehaves on purpose: a real HTTP server on loopback, in a thread of its own.

    with Hostile(faults={"drop": 0.1, "busy": 0.05}) as server:
        endpoint = Endpoint(url=server.url)

Which fault a request meets depends on its prompt and on how often it came, never on a clock. What it answered in full
is counted by prompt, so that a test can say that nothing was paid for twice.
"""

import asyncio
import json
import threading
import weakref
from collections import Counter
from collections.abc import Mapping
from typing import Any

from schemas.keys import mix, seed_of, uniform

FAULTS = (
    "busy",  # 429 with Retry-After
    "error",  # 500
    "unavailable",  # 503
    "drop",  # the connection is closed without an answer
    "half",  # and in the middle of one
    "hang",  # nothing comes any more
    "garbage",  # bytes that are no HTTP
    "torn",  # a whole HTTP answer whose JSON was cut
    "no_choice",  # JSON that is no completion
    "wrong_schema",
    "refusal",
    "cut",  # finish_reason length
    "empty",
    "twice",  # the answer is sent two times over
)


def reply_of(prompt: str) -> str:
    """What the server's model says to a prompt."""
    return f"about {prompt}"


class Hostile:
    """The server. `faults` are shares of requests; `dies_after` requests it is gone; `formats` says what it does with
    a response format: `obey`, `ignore` or `refuse` it."""

    def __init__(
        self,
        faults: Mapping[str, float] | None = None,
        latency: float = 0.0,
        retry_after: str = "0.02",
        dies_after: int | None = None,
        formats: str = "obey",
        capacity: int | None = None,
        keyed: bool = False,
    ) -> None:
        self.faults = dict(faults or {})
        assert set(self.faults) <= set(FAULTS)
        self.latency, self.retry_after, self.dies_after = latency, retry_after, dies_after
        self.formats, self.capacity, self.keyed = formats, capacity, keyed
        self.came: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.again_after_ok: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.running = self.most_running = 0
        self._numbers = 0
        self._dying: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[Any] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        # Connections on which an answer was sent twice: what comes behind it cannot be told from it, and is lost.
        self._spoilt: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()

    def __enter__(self) -> "Hostile":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._ending = asyncio.current_task()
        if self._dying is not None:
            await asyncio.wait([self._dying])
        await self._stop()

    async def _stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        others = asyncio.all_tasks() - {asyncio.current_task(), self._dying, self._ending}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("Content-Length", 0)))
        if head.startswith("GET"):
            return await self._send(writer, 200, {"object": "list", "data": []})
        if self.keyed and headers.get("Authorization") != "Bearer secret-key":
            return await self._send(writer, 401, {"error": {"message": "no such key: secret-wrong"}})
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            return await self._answer(json.loads(body), writer)
        finally:
            self.running -= 1

    async def _answer(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        self.bodies.append(asked)
        prompt = first_text(asked)
        self.came[prompt] += 1
        if self.answered[prompt] and len(asked["messages"]) == 1:
            self.again_after_ok.append(prompt)
        if self.dies_after is not None and sum(self.came.values()) > self.dies_after:
            self._dying = self._dying or asyncio.create_task(self._stop())
            return False
        if self.capacity is not None and self.running > self.capacity:
            return await self._send(writer, 429, {"error": "busy"}, f"Retry-After: {self.retry_after}\r\n")
        if "response_format" in asked and self.formats == "refuse":
            return await self._send(writer, 400, {"error": {"message": "response_format is not supported"}})
        fault = self._fault(prompt)
        self.met[fault] += 1
        await asyncio.sleep(self.latency * (1 + self._draw("latency", prompt)) / 1.5)
        return await self._misbehave(fault, prompt, asked, writer)

    def _draw(self, what: str, prompt: str) -> float:
        return float(uniform(mix(seed_of(what, prompt), self.came[prompt]))[0])

    def _fault(self, prompt: str) -> str:
        drawn = self._draw("fault", prompt)
        for fault, share in self.faults.items():
            if drawn < share:
                return fault
            drawn -= share
        return "none"

    async def _misbehave(self, fault: str, prompt: str, asked: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        whole = self._completion(fault, prompt, asked)
        if fault == "hang":
            await asyncio.sleep(3_600)
        if fault == "drop":
            return False
        if fault in {"half", "garbage"}:
            sent = http(200, whole)
            writer.write(sent[: len(sent) // 2] if fault == "half" else b"\x00\xff garbage\r\n\r\n")
            await writer.drain()
            return False
        if fault == "busy":
            return await self._send(writer, 429, {"error": "busy"}, f"Retry-After: {self.retry_after}\r\n")
        if fault in {"error", "unavailable"}:
            return await self._send(writer, 500 if fault == "error" else 503, {"error": {"message": "broken"}})
        if fault == "torn":
            writer.write(http(200, whole[: len(whole) // 2]))
            await writer.drain()
            return True
        if fault == "no_choice":
            return await self._send(writer, 200, {"choices": []})
        if fault in {"none", "twice"} and writer not in self._spoilt:
            self.answered[prompt] += 1
        if fault == "twice":
            self._spoilt.add(writer)
        writer.write(http(200, whole) * (2 if fault == "twice" else 1))
        await writer.drain()
        return True

    def _completion(self, fault: str, prompt: str, asked: dict[str, Any]) -> bytes:
        text = reply_of(prompt)
        if "response_format" in asked or "JSON schema" in prompt or "JSON schema" in json.dumps(asked):
            text = json.dumps({"said": text})
            if self.formats == "ignore":
                text = f"Sure, here it is:\n```json\n{text}\n```"
        if fault == "wrong_schema":
            text = '{"told": 1}'
        content: dict[str, Any] = {"role": "assistant", "content": "" if fault == "empty" else text}
        if fault == "refusal":
            content = {"role": "assistant", "content": None, "refusal": "I cannot describe people."}
        self._numbers += 1
        finish = "length" if fault == "cut" else "stop"
        usage = {"prompt_tokens": 100, "completion_tokens": 20}
        done = {"id": f"c-{self._numbers}", "choices": [{"message": content, "finish_reason": finish}], "usage": usage}
        return json.dumps(done).encode()

    async def _send(self, writer: asyncio.StreamWriter, status: int, content: Any, headers: str = "") -> bool:
        writer.write(http(status, json.dumps(content).encode(), headers))
        await writer.drain()
        return True


class Describing(Hostile):
    """A server that says one sentence about any picture."""

    def _completion(self, fault: str, prompt: str, asked: dict[str, Any]) -> bytes:
        return super()._completion(fault, "a man in a dark jacket and blue jeans who carries a bag", asked)


def http(status: int, body: bytes, headers: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    ).encode() + body


def first_text(asked: Mapping[str, Any]) -> str:
    """The text of the first user message of a chat completion body."""
    content = next(message["content"] for message in asked["messages"] if message["role"] == "user")
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part["type"] == "text")


if __name__ == "__main__":
    import sys
    import time

    with Hostile(latency=float(sys.argv[1]) if len(sys.argv) > 1 else 0.0) as served:
        print(served.url, flush=True)
        while True:
            time.sleep(3_600)
