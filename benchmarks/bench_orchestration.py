"""Asking through Prefect tasks against asking through plain functions: the overhead at the default chunk.

    .venv/bin/python benchmarks/bench_orchestration.py            # about three minutes
    .venv/bin/python benchmarks/bench_orchestration.py --fast     # fewer chunks, and no default chunk

What a task costs is the same however long its chunk takes, so it is measured on many short chunks (50 ms an answer, 64
in flight, one chunk at a time), asked as a build asks them: with a place in the endpoint's limit, a board and a
progress artifact. Counted against a task are the time between the end of one chunk and the beginning of the next, and
all CPU that Prefect takes beyond the same chunks as plain functions, in the build's process and in its server, whether
or not it falls into that time: an upper bound, which a busy machine raises little. A default chunk is about a minute
at the rate that was measured, as a build cuts them; one is asked to see how long it takes. The start of the temporary
server is not counted: it is the same for any flow. Bar: at most 2 % of a default chunk.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from importlib import import_module
from multiprocessing import Pipe, Process
from pathlib import Path
from typing import Any, NamedTuple

import psutil

os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")

from bench_client import serve

from flows.asking import Board
from flows.orchestrate import as_flow, run_flow
from flows.reporter import Reporter
from flows.runner import PlainRunner, PrefectRunner, Runner
from schemas.backend import Request
from schemas.prices import Prices
from schemas.recipe import ModelChoice
from tasks.generations.chunks import FIRST_ROWS, chunk_rows, write_chunks
from tasks.generations.client import Progress
from tasks.generations.store import GenerationStore
from tasks.steps.generate import generate
from tasks.steps.store import StepOutput


class Cost(NamedTuple):
    """What asking some chunks took, in seconds: CPU here and in Prefect's server, and time between chunks."""

    cpu: float
    server: float
    between: float


def ask(run: Runner, folder: Path, chunks: int, rows: int) -> Cost:
    """Ask some chunks into a store, as a build does."""
    requests = [
        Request(kind="rewording", prompt=f"Say {n} of {rows} in other words.", prompt_id="bench")
        for n in range(chunks * rows)
    ]
    written = write_chunks(folder, ModelChoice(model="m"), requests, rows)
    nothing = StepOutput("ingest", "", folder, False, {"packs": []})
    inside.clear()
    begun, cpu, server = time.perf_counter(), time.process_time(), server_cpu()
    with run.progress("generate") as show:
        board = Board(len(requests), Prices(), show)
        told = run.map("generate", [(folder, nothing, chunk, None, board.watch(chunk)) for chunk in written])
    assert sum(each.done for each in told) == len(requests)
    between = time.perf_counter() - begun - sum(inside)
    return Cost(time.process_time() - cpu, server_cpu() - server, between)


inside: list[float] = []
"""Seconds that each chunk took inside its task."""


def timed(*args: Any, **kwargs: Any) -> Progress:
    """The step that tasks and functions call, and how long it took."""
    begun = time.perf_counter()
    try:
        return generate(*args, **kwargs)
    finally:
        inside.append(time.perf_counter() - begun)


def server_cpu() -> float:
    """CPU seconds that Prefect's temporary server has taken, if there is one."""
    if "prefect.server.api.server" not in sys.modules:
        return 0.0
    from prefect.server.api.server import SubprocessASGIServer

    process = SubprocessASGIServer().server_process
    return sum(psutil.Process(process.pid).cpu_times()[:2]) if process else 0.0


@as_flow
def through_prefect(chunks: int) -> Cost:
    """Short chunks as tasks of a flow."""
    with tempfile.TemporaryDirectory() as folder:
        return ask(PrefectRunner(Reporter(quiet=True)), Path(folder), chunks, FIRST_ROWS)


def plain(chunks: int) -> Cost:
    """The same as plain functions."""
    with tempfile.TemporaryDirectory() as folder:
        return ask(PlainRunner(1, Reporter(quiet=True)), Path(folder), chunks, FIRST_ROWS)


def default_chunk() -> tuple[int, float]:
    """Rows and seconds of a chunk as a build cuts it after its first one."""
    run = PlainRunner(1, Reporter(quiet=True))
    with tempfile.TemporaryDirectory() as folder:
        ask(run, Path(folder), 1, FIRST_ROWS)
        with GenerationStore(Path(folder) / "generations") as generations:
            rows = chunk_rows(generations.spent(), "m") or FIRST_ROWS
        ask(run, Path(folder), 1, rows)
        return rows, inside[0]


def main() -> int:
    """Print the overhead; exit 1 when it is more than 2 %."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fast", action="store_true", help="its figure is no bar")
    fast = parser.parse_args().fast
    here, there = Pipe()
    server = Process(target=serve, args=(there,), daemon=True)
    server.start()
    os.environ["REIDFORGE_MLLM_URL"] = f"http://127.0.0.1:{here.recv()}/v1"
    import_module("tasks.generate").work = timed
    import_module("tasks.steps.generate").generate = timed
    chunks, rounds = (2, 1) if fast else (8, 3)
    try:
        run_flow(through_prefect, 1, chunks=1)
        pairs = [(run_flow(through_prefect, 1, chunks=chunks), plain(chunks)) for _ in range(rounds)]
        rows, seconds = (FIRST_ROWS, inside[0]) if fast else default_chunk()
    finally:
        server.terminate()
    cpu = statistics.median(mine.cpu - theirs.cpu for mine, theirs in pairs) / chunks
    served = statistics.median(mine.server for mine, _ in pairs) / chunks
    between = statistics.median(mine.between - theirs.between for mine, theirs in pairs) / chunks
    share = (max(cpu, 0.0) + served + between) / seconds
    print(
        f"a task costs {1_000 * between:.0f} ms between chunks, {1_000 * cpu:.0f} ms of CPU in the build and "
        f"{1_000 * served:.0f} ms in Prefect's server ({rounds} rounds of {chunks} chunks of {FIRST_ROWS:,})"
    )
    print(
        f"a default chunk of {rows:,} takes {seconds:.1f} s: at most {share:.2%}, {between / seconds:.2%} of its time"
    )
    print("bar: <= 2 % at the default chunk, 50 ms an answer:", "ok" if share <= 0.02 else "MISSED")
    return 0 if share <= 0.02 or fast else 1


if __name__ == "__main__":
    sys.exit(main())
