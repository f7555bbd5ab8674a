"""One POST to the endpoint, and what its outcome means: a reply, or a fault that is to be retried, told, or fatal."""

import asyncio
import json
import time
from collections import deque
from typing import NamedTuple

import aiohttp

from generators.endpoint.pace import retry_after
from generators.endpoint.reply import Reply, read_reply
from generators.endpoint.settings import Endpoint

MAX_BODY = 8 * 2**20
_REMEMBERED_IDS = 8_192
_FATAL = {
    401: "it refuses the key: set REIDFORGE_MLLM_KEY",
    403: "it forbids the request: check the key and what it may use",
    404: "it has no such address or model: check REIDFORGE_MLLM_URL (usually it ends in /v1) and the model's name",
    405: "there is no chat completion at this address: check REIDFORGE_MLLM_URL (usually it ends in /v1)",
}


class Fault(NamedTuple):
    """Why there is no reply. `kind`: `retry` and `wait` (429) may be tried again, `told` is about this request alone,
    `fatal` about all of them; `after` seconds were asked for."""

    kind: str
    reason: str
    after: float = 0.0
    status: int = 0

    @property
    def is_congestion(self) -> bool:
        """Whether asking less would help: the server said so, or did not get to an answer in time."""
        return self.status in {408, 429, 503}


class Poster:
    """An open connection pool to one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._address = f"{endpoint.url}/chat/completions"
        self._key = endpoint.key.get_secret_value()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=endpoint.timeout, sock_connect=min(10.0, endpoint.timeout)),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {self._key}"} if self._key else {}),
            trust_env=False,
        )
        self._ids = _SeenIds()

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def post(self, body: bytes) -> Reply | Fault:
        """Send one completion request and read its outcome; never raises for what a server does."""
        try:
            async with self._session.post(self._address, data=body, allow_redirects=False) as response:
                content = await response.content.read(MAX_BODY + 1) if response.status != 200 else await _read(response)
                return self._outcome(response, content)
        except TimeoutError:
            return Fault("retry", f"no answer within {self._endpoint.timeout:g} s", 0.0, 408)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Fault("retry", f"the connection failed ({type(error).__name__})")

    async def is_alive(self) -> bool:
        """Whether the endpoint answers anything at all that is not its own failure."""
        try:
            async with self._session.get(f"{self._endpoint.url}/models", allow_redirects=False) as response:
                return response.status < 500
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return False

    def _outcome(self, response: aiohttp.ClientResponse, content: bytes) -> Reply | Fault:
        status = response.status
        if status == 200:
            return self._reply(response, content)
        after = retry_after(response.headers.get("Retry-After"), time.time())
        if status == 429:
            return Fault("wait", "too many requests", after, status)
        if status >= 500:
            return Fault("retry", f"the server failed with {status}", after, status)
        if status in _FATAL or 300 <= status < 400:
            reason = _FATAL.get(status, "it redirects elsewhere: set REIDFORGE_MLLM_URL to where it leads")
            return Fault("fatal", f"it answers {status}; {reason}", 0.0, status)
        return Fault("told", f"the server refused the request with {status}: {self._message(content)}", 0.0, status)

    def _reply(self, response: aiohttp.ClientResponse, content: bytes) -> Reply | Fault:
        reply = read_reply(content)
        if reply is None:
            response.close()
            return Fault("retry", "the server sent no readable completion", 0.0, 200)
        if self._ids.is_repeated(reply.id):
            response.close()
            return Fault("retry", "the server sent an earlier answer again", 0.0, 200)
        return reply

    def _message(self, content: bytes) -> str:
        """The server's own words about an error, in one bounded line without our key."""
        text = content[:4_096].decode("utf-8", "replace")
        try:
            error = json.loads(text)["error"]
            text = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, KeyError, TypeError):
            pass
        text = " ".join(text.split())
        return (text.replace(self._key, "…") if self._key else text)[:200]


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, up to a bound. Raises ValueError beyond it."""
    if (response.content_length or 0) > MAX_BODY:
        raise ValueError("the answer is too long")
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MAX_BODY:
            raise ValueError("the answer is too long")
    return bytes(content)


class _SeenIds:
    """Ids of completions: a repeated one is an answer to an earlier request, unless the server numbers nothing."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._order: deque[str] = deque()
        self._repeated = 0

    def is_repeated(self, name: str) -> bool:
        """Whether a server that gives every answer an id of its own gave this one before."""
        if name in self._known:
            self._repeated += 1
            return 4 * self._repeated < len(self._known)
        self._known.add(name)
        self._order.append(name)
        if len(self._order) > _REMEMBERED_IDS:
            self._known.discard(self._order.popleft())
        return False


async def pause(seconds: float) -> None:
    """Wait, when there is anything to wait for."""
    if seconds > 0:
        await asyncio.sleep(seconds)
