"""Two ways to run the same steps: as plain functions, or as Prefect tasks. The results are byte-identical.

A step is called by its name: `run.call("link", store, ingests)` runs `tasks.steps.link.link`, plainly or inside the
task `tasks.link.link`. The plain runner never loads Prefect.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any, Protocol

from flows.reporter import MINUTE, OnProgress, Reporter

Call = tuple[Any, ...]


class Runner(Protocol):
    """Runs one step, or the same step over several shards; results come back in the order of the calls."""

    reporter: Reporter

    def map(self, step: str, calls: Sequence[Call]) -> list[Any]:
        """One result per call, in order."""
        ...

    def call(self, step: str, *args: Any) -> Any:
        """The result of a single call."""
        ...

    def progress(self, name: str) -> AbstractContextManager[OnProgress]:
        """How far a long step is, shown wherever this runner shows things."""
        ...


class PlainRunner:
    """Steps as plain functions, shards in threads: what `--no-orchestrator` uses."""

    def __init__(self, workers: int, reporter: Reporter) -> None:
        self.workers = workers
        self.reporter = reporter

    def map(self, step: str, calls: Sequence[Call]) -> list[Any]:
        """One result per call, in order."""
        with self.reporter.step(step) as close, ThreadPoolExecutor(max_workers=self.workers) as pool:
            futures = [pool.submit(plain_step(step), *args) for args in calls]
            results = [future.result() for future in futures]
            close(_summary(results))
        return results

    def call(self, step: str, *args: Any) -> Any:
        """The result of a single call."""
        return self.map(step, [args])[0]

    def progress(self, name: str) -> AbstractContextManager[OnProgress]:
        """Shown live on a terminal, as one line a minute elsewhere."""
        return self.reporter.progress(name, MINUTE)


class PrefectRunner:
    """Steps as Prefect task runs of the flow that is being run; shards go to the flow's task runner."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter

    def map(self, step: str, calls: Sequence[Call]) -> list[Any]:
        """One result per call, in order.

        Arguments are quoted: Prefect would go through every fact of every step in search of futures, twice a task.
        """
        from prefect.utilities.annotations import quote

        task = getattr(import_module(f"tasks.{step}"), step)
        with self.reporter.step(step) as close:
            futures = [task.submit(*map(quote, args)) for args in calls]
            results = [future.result() for future in futures]
            close(_summary(results))
        return results

    def call(self, step: str, *args: Any) -> Any:
        """The result of a single call."""
        return self.map(step, [args])[0]

    @contextmanager
    def progress(self, name: str) -> Iterator[OnProgress]:
        """As the plain runner shows it, and as a progress artifact of the flow run."""
        from flows.artifacts import ProgressArtifact

        with self.reporter.progress(name, MINUTE) as show:
            artifact = ProgressArtifact(name)

            def tell(done: int, total: int, note: str) -> None:
                show(done, total, note)
                artifact.update(done, total, note)

            try:
                yield tell
            finally:
                artifact.close()


def plain_step(step: str) -> Callable[..., Any]:
    """The plain function of a step."""
    work: Callable[..., Any] = getattr(import_module(f"tasks.steps.{step}"), step)
    return work


def _summary(results: Sequence[Any]) -> str:
    skipped = sum(bool(getattr(result, "skipped", False)) for result in results)
    parts = [f"{len(results)} shards"] if len(results) > 1 else []
    if skipped:
        parts.append("nothing changed" if skipped == len(results) else f"{skipped} unchanged")
    return ", ".join(parts)
