"""A second build of an unchanged recipe against the first: whole processes, the demo sample, no orchestrator.

    .venv/bin/python benchmarks/bench_build.py              # 7,200 drawn images, nine question families
    .venv/bin/python benchmarks/bench_build.py --size tiny

Start-up is part of both figures: a rebuild that finds nothing to do is little else. Bar: at most 5 % of the first.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BAR = 0.05
RECIPES = {"demo": "demo", "tiny": "demo_tiny"}


def cpu(*arguments: str) -> float:
    """CPU seconds of one `reidforge` command, its children included."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    before = os.times()
    subprocess.run([sys.executable, "-m", "flows", *arguments, "--json"], env=environment, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Measure and print the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", choices=sorted(RECIPES), default="demo")
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory() as folder:
        raw, store = str(Path(folder) / "raw"), str(Path(folder) / "store")
        cpu("sample", raw, "--size", size, "--recipe", RECIPES[size])
        again = ["build", RECIPES[size], "--raw", raw, "--store", store, "--no-orchestrator"]
        first, second = cpu(*again), cpu(*again)
    word = "met" if second <= BAR * first else "missed"
    print(f"first {first:.2f} CPU s, unchanged {second:.2f} CPU s: {second / first:.1%} (bar {BAR:.0%}: {word})")


if __name__ == "__main__":
    main()
