"""What a person sees while a flow works: a live line on a terminal, plain lines elsewhere, always on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a build that finds nothing to do shows nothing
    from rich.console import Console

OnProgress = Callable[[int, int, str], None]
_SECONDS_BETWEEN_LINES = 10.0
MINUTE = 60.0


class Reporter:
    """Says what is being done, at which rate, and how long it may still take."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    @cached_property
    def console(self) -> "Console":
        """Where it is said."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """One line."""
        if not self.quiet:
            self.console.print(text, markup=False)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Announce a step that takes a moment; the block hands its closing words to what is yielded."""
        started = time.perf_counter()
        words: list[str] = []
        yield words.append
        self.say(f"  {name:<18} {time.perf_counter() - started:6.1f} s   {'; '.join(words)}")

    @contextmanager
    def progress(self, name: str, every: float = _SECONDS_BETWEEN_LINES) -> Iterator[OnProgress]:
        """A long step: the block is given a callback (done, total, note) and may call it as often as it likes.

        Off a terminal it prints at most one line in `every` seconds.
        """
        if self.quiet:
            yield lambda done, total, note: None
        elif sys.stderr.isatty():
            with self._live(name) as update:
                yield update
        else:
            yield _Lines(self, name, every)

    @contextmanager
    def _live(self, name: str) -> Iterator[OnProgress]:
        from flows.live_bars import live_bars

        with live_bars(self.console) as bar:
            task = bar.add_task(name, total=None, note="")
            yield lambda done, total, note: bar.update(task, completed=done, total=total, note=note)


class Pace:
    """How fast something goes and how long it may still take, since it was first told how far it is."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def words(self, done: int, total: int, now: float) -> str:
        """`(0.2/s, about 48 s left)` at a moment in seconds; nothing before anything was done."""
        self._first = self._first or (done, now)
        before, since = self._first
        if done <= before or now <= since:
            return ""
        rate = (done - before) / (now - since)
        left = f", {duration((total - done) / rate)} left" if total >= done else ""
        return f" ({rate:.1f}/s{left})"


class _Lines:
    """A line now and then, for logs: done, total, rate and an estimate of the rest, both since the first report."""

    def __init__(self, reporter: Reporter, name: str, every: float = _SECONDS_BETWEEN_LINES) -> None:
        self.reporter = reporter
        self.every = every
        self.name = name
        self.last = time.perf_counter()
        self.pace = Pace()

    def __call__(self, done: int, total: int, note: str) -> None:
        now = time.perf_counter()
        pace = self.pace.words(done, total, now)
        if now - self.last < self.every or not done:
            return
        self.last = now
        self.reporter.say(f"  {self.name:<18} {done}/{total or '?'} {note}{pace}")


def duration(seconds: float) -> str:
    """A time as a person says it: about 48 s, about 25 min, about 3.2 h."""
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 3_600:.1f} h" if seconds > 5_400 else f"about {seconds / 60:.0f} min"


def money(amount: float) -> str:
    """An amount of money: cents, or their hundredths below one."""
    return f"{amount:,.{2 if amount >= 1 or not amount else 4}f}"
