"""The generation store: group commit against a commit per row, and a million keys looked up at plan time.

    .venv/bin/python benchmarks/bench_generations.py           # about two minutes
    .venv/bin/python benchmarks/bench_generations.py --fast    # a tenth of the rows

Both sides of the first write the same answers through the same store, fully synchronous; the second looks up a million
keys of which half are stored, nine tenths of those in segments, in a process of its own whose peak memory is read.
Bars: group commit at least 20 times as fast; the look-up below 3 CPU seconds and 1 GB.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from schemas.backend import Answer
from schemas.keys import digest
from tasks.generations.client import GROUP_ROWS
from tasks.generations.store import GenerationStore

TEXT = (
    "The person wears a dark jacket over a light shirt, blue jeans and white shoes, and carries a black backpack. " * 5
)


def put(store: GenerationStore, numbers: range, group: int) -> float:
    """Seconds to store answers in groups."""
    keys = [digest(n) for n in numbers]
    begun = time.perf_counter()
    for start in range(0, len(keys), group):
        part = keys[start : start + group]
        store.put({key: Answer(text=f"{key} {TEXT}", prompt_tokens=300, completion_tokens=90) for key in part})
    return time.perf_counter() - begun


def commits(rows: int) -> dict[str, float]:
    """Rows per second with a commit per row, per 64 rows, and per group as the client makes them."""
    found = {}
    for name, group, n in (("row", 1, rows // 20), ("64 rows", 64, rows // 2), ("group", GROUP_ROWS, rows)):
        with tempfile.TemporaryDirectory() as folder, GenerationStore(Path(folder)) as store:
            found[name] = n / put(store, range(n), group)
    return found


def look_up(folder: Path, rows: int) -> dict[str, float]:
    """Seconds to look up `rows` keys, and the peak memory of the process."""
    keys = [digest(n) for n in range(rows)]
    with GenerationStore(folder) as store:
        wall, cpu = time.perf_counter(), time.process_time()
        known = store.known(keys)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert int(known.ok.sum()) == rows // 2
    return {"wall": wall, "cpu": cpu, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def many_keys(rows: int) -> dict[str, float]:
    """Fill a store with half of the keys, then look all of them up in another process."""
    with tempfile.TemporaryDirectory() as name:
        with GenerationStore(Path(name)) as store:
            for part in range(10):
                put(store, range(part * rows // 20, (part + 1) * rows // 20), 20_000)
                if part < 9:
                    store.compact()
        command = [sys.executable, __file__, "--child", name, "--rows", str(rows)]
        done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(done)
    return found


def main() -> int:
    """Print rates and ratios; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fast", action="store_true", help="a tenth of the rows; its figures are no bars")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=1_000_000, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(look_up(Path(asked.child), asked.rows)))
        return 0
    scale = 10 if asked.fast else 1
    rates = commits(20_000 // scale)
    for name, rate in rates.items():
        print(f"commit per {name:8} {rate:10,.0f} rows/s  {rate / rates['row']:6.1f}x")
    found = many_keys(asked.rows // scale)
    taken = f"{found['wall']:.2f} s wall, {found['cpu']:.2f} s CPU, peak {found['peak_mb']:.0f} MB"
    print(f"look-up of {asked.rows // scale:,} keys: {taken}")
    reached = rates["group"] >= 20 * rates["row"] and found["cpu"] < 3 and found["peak_mb"] < 1_000
    print("bars: group commit >= 20x, look-up < 3 s CPU and < 1 GB:", "ok" if reached else "MISSED")
    return 0 if reached or asked.fast else 1


if __name__ == "__main__":
    sys.exit(main())
