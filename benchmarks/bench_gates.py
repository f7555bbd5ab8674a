"""What each gate costs on a version: CPU seconds and the peak memory of the process, and what 8,000,000 rows will take.

    python benchmarks/bench_gates.py [FOLDER] [--times 1]

FOLDER is any version folder, staged or published, by default a small one built for it; `--times` reads its
conversations that often, as if it were larger, for figures that must stay flat. Bars: all gates and expectations below
1,000 CPU s and 2 GB at 8,000,000 rows.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from small import small_version

from schemas.discovery import find
from schemas.gate import Gate
from tasks.checking.blocks import blocks
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.report import contracts_of
from tasks.contracts.expectations import check_expectations
from tasks.contracts.load import gate_rules, load_contracts
from tasks.versions.reader import VersionFolder

TARGET = 8_000_000
ENOUGH = 200_000
CPU_BAR, PEAK_BAR_MB = 1_000, 2_000


def main() -> None:
    """Measure the version that is given, or a small one."""
    options = _options()
    with tempfile.TemporaryDirectory() as place:
        measure(options.folder or small_version(Path(place)), options.times)


def measure(folder: Path, times: int) -> None:
    """Run every gate by itself and all expectations; print what each took."""
    version = VersionFolder(folder)
    rules, memory = gate_rules(load_contracts()), Memory(version)
    rows = sum(block.rows for block in blocks(version, "conversations")) * times
    total = 0.0
    for name, rule in rules.items():
        gate: Gate = find("tasks.gates", "GATE", name)
        large = isinstance(gate.check, OverBlocks) and gate.check.table == "conversations"
        spent, passed = _timed(partial(_verdict, gate, memory, dict(rule.parameters), times))
        total += spent * (TARGET / rows if large else 1.0)
        per_row = f"{spent / rows * 1e6:7.2f} µs/row" if large else " " * 14
        print(
            f"{name:26} {spent:7.2f} CPU s {per_row}  peak {_peak():5d} MB  {'passed' if passed else 'FAILED'}",
            flush=True,
        )
    spent, _ = _timed(partial(check_expectations, version, contracts_of(folder)))
    print(f"{'expectations':26} {spent:7.2f} CPU s {' ' * 14}  peak {_peak():5d} MB")
    print(f"all gates, each by itself, at {TARGET:,} rows: about {total:.0f} CPU s")
    if rows >= ENOUGH:
        met = total < CPU_BAR and _peak() < PEAK_BAR_MB
        print(f"bars, below {CPU_BAR:,} CPU s and {PEAK_BAR_MB:,} MB: {'met' if met else 'MISSED'}")
    else:
        print(f"{rows:,} rows are too few to tell what {TARGET:,} take: no bar is judged below {ENOUGH:,}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a version folder; a small one is built without it")
    parser.add_argument("--times", type=int, default=1)
    return parser.parse_args()


def _verdict(gate: Gate, memory: Memory, parameters: dict[str, Any], times: int) -> bool:
    if not isinstance(gate.check, OverBlocks):
        return gate.check(memory, parameters).passed
    fold = gate.check.fold(memory, parameters)
    seen = [fold.seen(block) for _ in range(times) for block in blocks(memory, gate.check.table)]
    return fold.verdict(seen).passed


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
