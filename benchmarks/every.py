"""Every benchmark in turn, a line for each at the end: `make bench`, or `make bench FULL=1` at the sizes of the bars.

    .venv/bin/python benchmarks/every.py                    # some minutes; what is scaled down judges no bar
    .venv/bin/python benchmarks/every.py --full             # every bar at its size; give it a quiet machine
    .venv/bin/python benchmarks/every.py --only metrics view

A bar is missed when a script ends with 1 or says so. The exit code is 1 when one was missed, or a script failed; the
others run all the same.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from small import small_version

HERE = Path(__file__).parent
VERSION = "VERSION"  # stands for the folder of a small version, built once for all that measure one
# What runs a script in seconds; a script with no options of its own here is quick at the size of its bar.
SMALL: dict[str, tuple[str, ...]] = {
    "build": ("--size", "tiny"),
    "check": (VERSION, "--rows", "200000"),
    "client": ("--fast",),
    "compose": ("--rows", "50000"),
    "diff": (VERSION, "--rows", "20000"),
    "duplicates": (),
    "gates": (VERSION,),
    "generations": ("--fast",),
    "ingest": ("--images", "2000", "--rounds", "1"),
    "metrics": ("--fast",),
    "mining": ("--images", "4000", "--rounds", "1"),
    "orchestration": ("--fast",),
    "phash": ("--images", "300"),
    "publish": ("--megabytes", "64", "--rounds", "1"),
    "rebuild": ("--images", "2000", "--rounds", "1"),
    "sample": ("--images", "100"),
    "scale": (),
    "view": ("--pictures", "1000", "--rows", "1000"),
}
# Bars that hold at any size; the others are judged only where a script runs at the size they were set for.
JUDGED_SMALL = frozenset(("diff", "duplicates"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one script ended."""

    name: str
    word: str
    seconds: float

    @property
    def bad(self) -> bool:
        """Whether the whole run is to fail for it."""
        return self.word in ("MISSED", "FAILED")


def scripts() -> list[str]:
    """The names of all benchmarks."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def word_for(code: int, said: str, judged: bool) -> str:
    """What a script's exit code and words come to."""
    if code not in (0, 1) or "Traceback (most recent call last)" in said:
        return "FAILED"
    if not judged or "no bar is judged" in said:
        return "ran, scaled down: no bar judged"
    return "MISSED" if code == 1 or re.search(r"\bmissed\b", said, re.IGNORECASE) else "met"


def run(name: str, arguments: Sequence[str], judged: bool) -> Outcome:
    """One script in a process of its own; its words are shown as they come."""
    print(f"== bench_{name} {' '.join(arguments)}", flush=True)
    start, said = time.monotonic(), []
    command = [sys.executable, str(HERE / f"bench_{name}.py"), *arguments]
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, env=_environment(), stdout=pipe, stderr=out, text=True) as child:
        for line in child.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    return Outcome(name, word_for(child.returncode, "".join(said), judged), time.monotonic() - start)


def _environment() -> dict[str, str]:
    """One thread a process, and the repository's own modules."""
    paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}


def run_all(names: Sequence[str], full: bool) -> list[Outcome]:
    """Every script, at full size or small; a small version is built once when one is asked for."""
    if full:
        return [run(name, [], judged=True) for name in names]
    with tempfile.TemporaryDirectory() as place:
        folder = str(small_version(Path(place))) if any(VERSION in SMALL[name] for name in names) else ""
        small = {name: [folder if word == VERSION else word for word in SMALL[name]] for name in names}
        return [run(name, small[name], name in JUDGED_SMALL) for name in names]


def main() -> int:
    """Run what is asked for; exit code 1 when a bar is missed or a script failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="every bar at its size, which takes most of an hour")
    parser.add_argument("--only", nargs="+", choices=scripts(), default=scripts(), metavar="NAME")
    asked = parser.parse_args()
    outcomes = run_all(asked.only, asked.full)
    print("\nbenchmark        seconds  outcome")
    for outcome in outcomes:
        print(f"{outcome.name:16} {outcome.seconds:7.0f}  {outcome.word}")
    return int(any(outcome.bad for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
