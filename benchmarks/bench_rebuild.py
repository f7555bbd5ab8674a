"""A second ingest of an unchanged folder against the first, and one of a folder with one new image.

    .venv/bin/python benchmarks/bench_rebuild.py                 # 8,000 images
    .venv/bin/python benchmarks/bench_rebuild.py --images 32668

Each run is a process of its own; `net` takes off what the same run costs on 16 images, which is start-up and imports.
Bar: an unchanged folder at most 5 % of the first, net.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bench_ingest import FEW, draw, jpegs, verdict

BAR = 0.05
_CODE = (
    "import sys; from pathlib import Path; from tasks.steps.ingest import ingest; "
    "ingest(Path(sys.argv[1]), 'market1501', Path(sys.argv[2]))"
)


def cpu(store: Path, root: Path) -> float:
    """CPU seconds of one ingest in a process of its own."""
    command = [sys.executable, "-c", _CODE, str(store), str(root)]
    child = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"The ingest ended with exit code {child.returncode}.")
    return used.ru_utime + used.ru_stime


def rounds_of(root: Path, stores: Path, rounds: int) -> dict[str, float]:
    """Median CPU seconds of a first run, an unchanged one, and one with a new image."""
    runs: dict[str, list[float]] = {"first": [], "unchanged": [], "one new image": []}
    new = root / "query" / "9998_c1s1_999999_01.jpg"
    for number in range(rounds):
        store = stores / f"{root.name}-{number}"
        new.unlink(missing_ok=True)
        runs["first"].append(cpu(store, root))
        runs["unchanged"].append(cpu(store, root))
        new.write_bytes(next(jpegs(1, seed=number)))
        runs["one new image"].append(cpu(store, root))
        shutil.rmtree(store)
    return {name: statistics.median(figures) for name, figures in runs.items()}


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=8_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder) / "many", asked.images)
        draw(Path(folder) / "few", FEW)
        many = rounds_of(Path(folder) / "many", Path(folder), asked.rounds)
        few = rounds_of(Path(folder) / "few", Path(folder), asked.rounds)
    print(f"ingest of {asked.images} images, medians of {asked.rounds} rounds, CPU seconds of the whole process")
    for name, figure in many.items():
        net = (figure - few[name]) / (many["first"] - few["first"])
        bar = f" (bar: net at most {BAR:.0%}): {verdict(net <= BAR)}" if name == "unchanged" else ""
        print(f"  {name:14} {figure:6.2f} s, {figure / many['first']:6.1%} whole, {net:6.1%} net{bar}")


if __name__ == "__main__":
    main()
