"""Asking through Prefect tasks against asking through plain functions: the overhead at the default chunk.

    .venv/bin/python benchmarks/bench_orchestration.py            # about three minutes
    .venv/bin/python benchmarks/bench_orchestration.py --fast     # two chunks instead of eight

Both sides ask the same chunks of the same server (50 ms an answer, 64 in flight), one chunk at a time. What counts is
the time inside a flow that is running: the start of the temporary server is the same for any flow.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from multiprocessing import Pipe, Process
from pathlib import Path

os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")

from bench_client import serve

from flows.orchestrate import as_flow, run_flow
from flows.reporter import Reporter
from flows.runner import PlainRunner, PrefectRunner, Runner
from schemas.backend import Request
from schemas.recipe import ModelChoice
from tasks.generations.chunks import CHUNK_ROWS, write_chunks
from tasks.steps.store import StepOutput


def ask(run: Runner, folder: Path, chunks: int) -> float:
    """Seconds of wall time to ask some chunks into a new store."""
    requests = [
        Request(kind="rewording", prompt=f"Say {n} in other words.", prompt_id="bench")
        for n in range(chunks * CHUNK_ROWS)
    ]
    written = write_chunks(folder, ModelChoice(model="m"), requests)
    nothing = StepOutput("ingest", "", folder, False, {"packs": []})
    begun = time.perf_counter()
    told = run.map("generate", [(folder, nothing, chunk) for chunk in written])
    assert sum(each.done for each in told) == len(requests)
    return time.perf_counter() - begun


@as_flow
def through_prefect(chunks: int) -> float:
    """The same as tasks of a flow."""
    with tempfile.TemporaryDirectory() as folder:
        return ask(PrefectRunner(Reporter(quiet=True)), Path(folder), chunks)


def plain(chunks: int) -> float:
    """The same as plain functions."""
    with tempfile.TemporaryDirectory() as folder:
        return ask(PlainRunner(1, Reporter(quiet=True)), Path(folder), chunks)


def main() -> int:
    """Print the overhead; exit 1 when it is more than 2 %."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fast", action="store_true", help="its figure is no bar")
    fast = parser.parse_args().fast
    here, there = Pipe()
    server = Process(target=serve, args=(there,), daemon=True)
    server.start()
    os.environ["REIDFORGE_MLLM_URL"] = f"http://127.0.0.1:{here.recv()}/v1"
    chunks, rounds = (2, 1) if fast else (8, 3)
    try:
        run_flow(through_prefect, 1, chunks=1)
        pairs = [(run_flow(through_prefect, 1, chunks=chunks), plain(chunks)) for _ in range(rounds)]
    finally:
        server.terminate()
    tasks, functions = (statistics.median(side) for side in zip(*pairs, strict=True))
    per_task = (tasks - functions) / chunks
    # What a task costs is the same however long its chunk takes; real answers take a second, not 50 ms.
    share = per_task / (functions / chunks)
    print(f"{chunks} chunks of {CHUNK_ROWS}: {tasks:.2f} s as tasks, {functions:.2f} s as functions")
    print(f"overhead {1_000 * per_task:.0f} ms a chunk: {share:.1%} at 50 ms an answer, {share * 0.05:.2%} at 1 s")
    print("bar: <= 2 % of a chunk at 1 s an answer:", "ok" if share * 0.05 <= 0.02 else "MISSED")
    return 0 if share * 0.05 <= 0.02 or fast else 1


if __name__ == "__main__":
    sys.exit(main())
