"""The MLLM client against openai's client and a plain httpx pool, on a loopback server that takes 50 ms an answer.

    .venv/bin/python benchmarks/bench_client.py            # about two minutes
    .venv/bin/python benchmarks/bench_client.py --fast     # 64 in flight only, fewer requests

The server is a process of its own that does next to nothing but wait, and shares the machine's cores. CPU is that of
the client process, all threads; the latency limit is in-flight / 50 ms. Peers run in the same session; openai's client
is skipped where it is not installed. Bars, at 64 in flight: at most 0.35 ms of CPU a request, at least 0.8 of the
latency limit. 256 at 50 ms would be 5,120 requests a second, more than one Python process can send, and is printed
only. Pictures are 3.4 KB, as person crops are, and answers 500 characters.
"""

import argparse
import asyncio
import importlib.util
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from generators.endpoint.asking import ask_endpoint
from generators.endpoint.chat import chat_body
from generators.endpoint.settings import Endpoint
from schemas.backend import Means, Request

LATENCY = 0.05
PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 13
REQUESTS = [
    Request(kind="caption", prompt=f"Describe person {n}.", prompt_id="bench", images=("a",), model="m")
    for n in range(20_000)
]
_DONE = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "x" * 500}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200},
}


class Answering(asyncio.Protocol):
    """One connection of the server: every request is answered after LATENCY."""

    numbers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        start = self.buffer.lower().index(b"content-length:") + 15
        length = int(self.buffer[start : self.buffer.index(b"\r\n", start)])
        if len(self.buffer) >= head + 4 + length:
            self.buffer = self.buffer[head + 4 + length :]
            asyncio.get_running_loop().call_later(LATENCY, self.answer)

    def answer(self) -> None:
        """Send a completion with an id of its own."""
        Answering.numbers += 1
        body = json.dumps(_DONE | {"id": f"c{Answering.numbers}"}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.transport.write(head + body)


def serve(ready: Connection) -> None:
    """The server process: tell the port, then serve until killed."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=1_024)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def ours(url: str, in_flight: int, n: int) -> None:
    """The product's client."""
    endpoint = Endpoint(url=url, concurrency=in_flight)
    means = Means(images=lambda _: PICTURE)
    done = sum(found is not None for found in ask_endpoint(endpoint, REQUESTS[:n], means))
    assert done == n


def plain_httpx(url: str, in_flight: int, n: int) -> None:
    """One httpx pool of as many connections as requests in flight."""
    import httpx

    async def run() -> None:
        limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:

            async def one(request: Request) -> None:
                body = chat_body(request, lambda _: PICTURE)
                answer = (await client.post(f"{url}/chat/completions", json=body)).json()
                assert answer["choices"][0]["message"]["content"]

            await pooled(one, in_flight, n)

    asyncio.run(run())


def openai_client(url: str, in_flight: int, n: int) -> None:
    """openai's own asynchronous client as it comes."""
    import openai

    async def run() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

            async def one(request: Request) -> None:
                done = await client.chat.completions.create(**chat_body(request, lambda _: PICTURE))
                assert done.choices[0].message.content

            await pooled(one, in_flight, n)

    asyncio.run(run())


async def pooled(one: Callable[[Request], "asyncio.Future[None]"], in_flight: int, n: int) -> None:
    """So many workers over a queue."""
    queue = iter(REQUESTS[:n])

    async def worker() -> None:
        for request in queue:
            await one(request)

    await asyncio.gather(*(worker() for _ in range(in_flight)))


def measured(client: Callable[[str, int, int], None], url: str, in_flight: int, n: int) -> tuple[float, float]:
    """(CPU milliseconds per request, share of the latency limit)."""
    cpu, wall = time.process_time(), time.perf_counter()
    client(url, in_flight, n)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return 1_000 * cpu / n, (n / wall) / (in_flight / LATENCY)


def main() -> int:
    """Print CPU per request and shares; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fast", action="store_true")
    asked = parser.parse_args()
    clients = {"ours": ours, "httpx pool": plain_httpx}
    if importlib.util.find_spec("openai"):
        clients["openai"] = openai_client
    else:
        print("openai's client is not installed: left out")
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}/v1"
    reached = True
    try:
        for in_flight in (64,) if asked.fast else (64, 256):
            rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
            for _ in range(1 if asked.fast else 3):
                for name, client in clients.items():
                    n = (8_000 if asked.fast else 16_000) if name == "ours" else 1_500
                    rounds[name].append(measured(client, url, in_flight, n))
            mine = statistics.median(cpu for cpu, _ in rounds["ours"])
            for name, found in rounds.items():
                cpu, share = (statistics.median(values) for values in zip(*found, strict=True))
                print(
                    f"{in_flight:4} in flight  {name:12} {cpu:7.3f} ms CPU/request ({cpu / mine:5.1f}x)  "
                    f"{share:5.2f} of the limit"
                )
                if name == "ours" and in_flight == 64:
                    reached &= cpu <= 0.35 and share >= 0.8
    finally:
        server.terminate()
    print("bars at 64 in flight: CPU <= 0.35 ms, share >= 0.8:", "ok" if reached else "MISSED")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
