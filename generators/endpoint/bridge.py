"""From a coroutine that emits to an iterator that anybody can read: the event loop runs in a thread of its own."""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
Emit = Callable[[T], None]


class _End:
    """The mark behind the last item."""


def emitted(work: Callable[[Emit[T]], Coroutine[Any, Any, None]], tick: float = 0.25) -> Iterator[T | None]:
    """What `work(emit)` emits, as it is emitted, and None after every `tick` seconds without anything.

    Its exception, if any, comes after everything it emitted. Closing the iterator early cancels the work and waits for
    it to end.
    """
    found: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="endpoint", daemon=True)
    thread.start()
    done: Future[None] = asyncio.run_coroutine_threadsafe(work(found.put), loop)
    done.add_done_callback(lambda _: found.put(_End()))
    try:
        while not isinstance(item := _next(found, tick), _End):
            yield item
        done.result()
    finally:
        _end(loop, thread, done)


def _next(found: "queue.SimpleQueue[T | _End]", tick: float) -> T | _End | None:
    try:
        return found.get(timeout=tick)
    except queue.Empty:
        return None


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread, done: "Future[None]") -> None:
    """Cancel what still runs, let it clean up, and take the loop down."""
    if done.cancel():
        asyncio.run_coroutine_threadsafe(_others_ended(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _others_ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others)
