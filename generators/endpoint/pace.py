"""How much is asked at a time: a window that adapts (AIMD), limits per minute, waits between tries.

All of it belongs to one event loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from schemas.keys import mix, seed_of, uniform

_FIRST_WINDOW = 16
_CONGESTED, _FREE = 0.2, 0.05
_LONGEST_WAIT = 30.0
Clock = Callable[[], float]


class Window:
    """How many requests may be in flight: doubled while all goes well, then grown by one a round, halved on congestion.

    A round is as many outcomes as the window is wide. Up to a twentieth of it may be bad luck; more than a fifth is
    congestion; in between the window stays.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.width = min(_FIRST_WINDOW, most)
        self.running = 0
        self._starting = True
        self._ended = False
        self._seen = self._congested = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place, and take it."""
        while self.running >= self.width and not self._ended:
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        self.running += 1

    def end(self) -> None:
        """Nobody waits any longer: nothing more is sent."""
        self._ended = True
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)

    def leave(self, congested: bool) -> None:
        """Give the place back with its outcome."""
        self._seen += 1
        self._congested += congested
        if self._seen >= self.width:
            self._adapt()
        self.give_back()

    def give_back(self) -> None:
        """Give the place back unused."""
        self.running -= 1
        for _ in range(self.width - self.running):
            if not self._waiting:
                return
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)

    def _adapt(self) -> None:
        share = self._congested / self._seen
        if share > _CONGESTED:
            self.width = max(1, self.width // 2)
        elif share <= _FREE:
            self.width = min(self.most, self.width * 2 if self._starting else self.width + 1)
        self._starting = self._starting and not self._congested
        self._seen = self._congested = 0


class Bucket:
    """A limit per minute: what was not used for up to `burst` seconds may be used at once."""

    def __init__(self, per_minute: float | None, clock: Clock, burst: float = 2.0) -> None:
        self.rate = (per_minute or 0.0) / 60
        self.most = max(self.rate * burst, 1.0)
        self._left = self.most
        self._clock = clock
        self._at = clock()

    def take(self, amount: float) -> float:
        """Take an amount, and return how many seconds to wait before using it. Amounts below 0 give back."""
        if not self.rate:
            return 0.0
        now = self._clock()
        self._left = min(self.most, self._left + (now - self._at) * self.rate) - amount
        self._at = now
        return max(0.0, -self._left / self.rate)


class Pause:
    """What the whole endpoint asked for by Retry-After: nobody sends before it is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = clock()

    def extend(self, seconds: float) -> None:
        """Nobody sends for so many seconds from now."""
        self._until = max(self._until, self._clock() + seconds)

    def left(self) -> float:
        """Seconds until it is over."""
        return max(0.0, self._until - self._clock())


def backoff(base: float, tries: int, place: int) -> float:
    """Seconds before the next try of the request at some place: up to `base` doubled per try, at least a half of that.

    The jitter is drawn by (place, tries), so that requests that failed together do not come back together.
    """
    longest = min(_LONGEST_WAIT, base * 2.0 ** max(tries - 1, 0))
    return float(longest * (0.5 + 0.5 * uniform(mix(seed_of("backoff", tries), place))[0]))


def retry_after(header: str | None, now: float) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date; 0 when it asks for nothing readable."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        seconds = _until(header, now)
    return seconds if 0 < seconds < float("inf") else 0.0


def _until(date: str, now: float) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except ValueError:
        return 0.0
