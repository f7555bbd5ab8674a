"""Composing, staging and checking at paper scale: CPU and wall seconds, peak memory and bytes per row, each size alone.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_scale.py --store store --rows 100000 1000000 8000000
    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_scale.py        # some hundred rows of a small store of its own

The store must hold the sources of the recipe ingested, linked, described and mined (`reidforge build paper_scale` on
`reidforge sample raw --recipe paper_scale --size official`). The rows of the recipe's families are scaled to each size;
every size and step runs in a process of its own, over a store of its own that links what is there. Bars at 8,000,000
rows on two cores: composition under 5 minutes (600 CPU s), with staging and checking under 15 minutes, under 2 GB, at
most 120 bytes a row, and a cost per row that is as flat as at 100,000.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

from small import RECIPE, small_version

from flows.order import SourceParts, compose_all, protocol_names
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from schemas.recipe import Recipe
from tasks.steps.store import StepOutput, load_step

SMALL_SIZES = (250, 500)
STEPS = ("compose", "stage", "validate")
BYTES_BAR, MEGABYTES_BAR, COMPOSE_BAR, WHOLE_BAR, FLAT_BAR = 120.0, 2_000.0, 300.0, 900.0, 1.5


def parts_of(store: Path, recipe: Recipe) -> tuple[list[SourceParts], StepOutput]:
    """What the store holds of every source of the recipe, and the link step over exactly those."""
    steps = [load_step(path.parent) for path in sorted(store.glob("steps/*/*/step.json"))]
    inputs = {step.digest: json.loads((step.folder / "step.json").read_bytes())["inputs"] for step in steps}
    for linked in (step for step in steps if step.step == "link"):
        parts = {}
        for ingested in (step for step in steps if step.digest in inputs[linked.digest]["ingests"]):
            own = {step.step: step for step in steps if inputs[step.digest].get("ingest") == ingested.digest}
            if {"describe", "mine"} <= own.keys():
                parts[ingested.facts["source"]] = SourceParts(ingested, own["describe"], own["mine"])
        if sorted(parts) == sorted(choice.name for choice in recipe.sources):
            return [parts[choice.name] for choice in recipe.sources], linked
    raise SystemExit(f"The store {store} lacks a source of {recipe.name!r} or its links: build the recipe first.")


def scaled(recipe: Recipe, rows: int) -> Recipe:
    """The recipe with its families' rows scaled so that there are about `rows`."""
    whole = sum(sum(quota.rows.values()) for quota in recipe.families.values())
    families = {
        name: quota.model_copy(
            update={"rows": {split: max(1, round(count * rows / whole)) for split, count in quota.rows.items()}}
        )
        for name, quota in recipe.families.items()
    }
    return recipe.model_copy(update={"name": f"{recipe.name}_{rows}", "families": families})


def measured(store: Path, recipe: Recipe, upto: str, workers: int) -> dict[str, Any]:
    """The last of the steps as far as `upto`, measured; the ones before it are found done in the store."""
    start = time.monotonic(), cpu_seconds()
    with Peak() as peak:
        composed, gates = done(store, recipe, upto, PlainRunner(workers, Reporter(True)))
    files = [path for step in composed for path in step.folder.glob("*.parquet")]
    return {
        "step": upto,
        "rows": sum(sum(step.facts["rows"].values()) for step in composed),
        "cpu": cpu_seconds() - start[1],
        "wall": time.monotonic() - start[0],
        "peak": peak.megabytes,
        "bytes": sum(path.stat().st_size for path in files),
        "gates": gates,
        "shortfalls": [f"{step.facts['family']}: {short}" for step in composed for short in step.facts["shortfalls"]],
    }


def done(store: Path, recipe: Recipe, upto: str, run: PlainRunner) -> tuple[list[StepOutput], list[dict[str, Any]]]:
    """The composed families, with the steps as far as `upto` done, and what the gates found when that is the last."""
    parts, linked = parts_of(store, recipe)
    composed = compose_all(run, store, parts, recipe, linked)
    if upto != "compose":
        ingests, described = [part.ingested for part in parts], [part.described for part in parts]
        benchmarked = run.call("benchmark", store, ingests, described, protocol_names(recipe))
        staged = run.call("stage", store, recipe, parts, linked, composed, benchmarked)
        if upto == "validate":
            return list(composed.values()), run.call("validate", store, staged, recipe).facts["gates"]
    return list(composed.values()), []


def cpu_seconds() -> float:
    """User and system seconds of this process and of everything it started, whether it has ended or not."""
    return sum(map(spent_seconds, family_of(os.getpid())))


def spent_seconds(process: int) -> float:
    """User and system seconds of a process and of its children that have ended; 0 when it has ended itself."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Peak:
    """The most memory this process and its children ever held together, shared pages counted once; looked up often."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._done = Event()
        self._watch = Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Peak":
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._done.wait(0.5):
            self.megabytes = max(self.megabytes, sum(map(held_megabytes, family_of(os.getpid()))))


def family_of(process: int) -> list[int]:
    """A process and everything it started, by number; none when it has ended."""
    try:
        threads = sorted(Path(f"/proc/{process}/task").iterdir())
        children = [child for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:
        return []
    return [process, *(each for child in children for each in family_of(int(child)))]


def held_megabytes(process: int) -> float:
    """A process's own memory and its part of what it shares (Pss); 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def linked_store(store: Path, folder: Path) -> Path:
    """A store of its own that shares what another holds of raw data: hard links, no copies."""
    for path in sorted(path for room in ("packs", "steps") for path in (store / room).rglob("*") if path.is_file()):
        target = folder / path.relative_to(store)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, target)
    return folder


def alone(arguments: Sequence[str]) -> dict[str, Any]:
    """What this script measures in a process of its own."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(
    store: Path, recipe: str, sizes: Sequence[int], steps: Sequence[str], workers: int, every_gate: bool = False
) -> list[dict[str, Any]]:
    """Every size and step, measured and printed."""
    print(f"{'rows':>10} {'step':10} {'CPU s':>8} {'wall s':>8} {'us/row':>8} {'peak MB':>8} {'bytes/row':>10}")
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=store.parent, prefix=".bench-scale-") as folder:
            own = linked_store(store, Path(folder))
            for step in steps:
                fixed = ["--store", str(own), "--recipe", recipe, "--workers", str(workers)]
                one = alone([*fixed, "--one", step, "--rows", str(size)])
                found.append(one)
                per_row = one["cpu"] / one["rows"] * 1e6, one["bytes"] / one["rows"]
                print(
                    f"{one['rows']:10,} {step:10} {one['cpu']:8.1f} {one['wall']:8.1f} {per_row[0]:8.1f} "
                    f"{one['peak']:8,.0f} {per_row[1]:10.1f}",
                    flush=True,
                )
            print(*found[-1]["shortfalls"], sep="\n")
            told(found[-1]["gates"], every_gate)
    return found


def told(gates: Sequence[dict[str, Any]], every: bool) -> None:
    """Print how many gates passed, and the figures of those that did not, or of every one."""
    if gates:
        print(f"{sum(gate['passed'] for gate in gates)} of {len(gates)} gates passed")
    for gate in gates:
        if every or not gate["passed"]:
            mark = "passed" if gate["passed"] else f"FAILED ({gate['severity']})"
            print(f"  {gate['name']}: {mark}, {gate['figure']}: {gate['summary']}")


def flatness(found: Sequence[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Print what each step takes of every size; the bars: the largest size's CPU per row against the cheapest other."""
    bars = []
    for step in dict.fromkeys(one["step"] for one in found):
        taken = sorted((one["rows"], one["cpu"]) for one in found if one["step"] == step)
        each = [cpu / rows * 1e6 for rows, cpu in taken]
        more = [(b[1] - a[1]) / (b[0] - a[0]) * 1e6 for a, b in pairwise(taken) if b[0] > a[0]]
        sizes = " / ".join(f"{rows:,}" for rows, _ in taken)
        print(
            f"{step}: CPU s a million rows of {sizes}: {_listed(each)}"
            + (f"; of the rows that one size has more than the last: {_listed(more)}" if more else "")
        )
        if len(each) > 1:
            bars.append((f"{step}, CPU per row against the cheapest smaller size", each[-1] / min(each[:-1]), FLAT_BAR))
    return bars


def _listed(values: Sequence[float]) -> str:
    return " / ".join(f"{value:,.1f}" for value in values)


def verdict(found: Sequence[dict[str, Any]]) -> int:
    """Print the bars; exit code 1 when the largest size misses one, or a gate that blocks failed at any."""
    rows = max(one["rows"] for one in found)
    largest = [one for one in found if one["rows"] == rows]
    composing = sum(one["wall"] for one in largest if one["step"] == "compose")
    bars = [
        ("bytes per row", largest[0]["bytes"] / rows, BYTES_BAR),
        ("peak MB", max(one["peak"] for one in largest), MEGABYTES_BAR),
        (f"composition of {rows:,} rows, wall s", composing, COMPOSE_BAR),
        (f"all measured steps of {rows:,} rows, wall s", sum(one["wall"] for one in largest), WHOLE_BAR),
        *flatness(found),
    ]
    for name, value, bar in bars:
        print(f"{name}: {value:,.1f} (bar {bar:,.1f})")
    blocked = [gate for one in found for gate in one["gates"] if not gate["passed"] and gate["severity"] == "error"]
    return int(any(value > bar for _, value, bar in bars) or bool(blocked))


def main() -> int:
    """Print every figure and its bar; exit code 1 when a bar is missed or a gate would block."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--store", type=Path, help="without one, a small store is built and no bar is judged")
    arguments.add_argument("--recipe", default="paper_scale")
    arguments.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 8_000_000])
    arguments.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--gates", action="store_true", help="Print every gate's figure, not only of failing ones.")
    arguments.add_argument("--one", choices=STEPS, help="Measure one step here and print JSON.")
    chosen = arguments.parse_args()
    if chosen.one:
        recipe = scaled(find_recipe(chosen.recipe), chosen.rows[0])
        print(json.dumps(measured(chosen.store, recipe, chosen.one, chosen.workers)))
        return 0
    if chosen.store:
        store = chosen.store.resolve()
        return verdict(table(store, chosen.recipe, chosen.rows, chosen.steps, chosen.workers, chosen.gates))
    with tempfile.TemporaryDirectory() as place:
        small_version(Path(place))
        flatness(table(Path(place) / "store", RECIPE, SMALL_SIZES, chosen.steps, chosen.workers))
    print("no bar is judged at this size: give --store")
    return 0


if __name__ == "__main__":
    sys.exit(main())
