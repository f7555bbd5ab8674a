"""A small store and version, drawn and built on the spot: what a benchmark of a version measures when none is given."""

import json
import os
import subprocess
import sys
from pathlib import Path

RECIPE = "demo_tiny"
NOTE = "No folder was given: a small version is drawn and built for it, and figures are those of its size."


def small_version(place: Path) -> Path:
    """The folder of a published version that is drawn and built below `place`; its store is `place`/store."""
    print(NOTE, flush=True)
    raw = str(place / "raw")
    _reidforge("sample", raw, "--size", "tiny", "--recipe", RECIPE)
    built = _reidforge("build", RECIPE, "--raw", raw, "--store", str(place / "store"), "--no-orchestrator")
    return Path(str(built["folder"]))


def _reidforge(*arguments: str) -> dict[str, object]:
    """What one command says; raises SystemExit with its own words when it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "flows", *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"`reidforge {' '.join(arguments[:2])}` ended with {done.returncode}:\n{done.stderr[-2_000:]}")
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found
