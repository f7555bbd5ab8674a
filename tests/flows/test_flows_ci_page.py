"""The workflow and the hook of docs/ci.md do what they say: their commands run, in a shell, on a small version."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def written(first: str) -> Any:
    """The YAML block of the page that begins with a key."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.DOTALL)
    return next(value for value in map(yaml.safe_load, blocks) if first in value)


@pytest.fixture
def shell(tmp_path: Path) -> Any:
    """Run a command where `reidforge` is the one of this tree; its exit code and what it said."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "reidforge"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m flows "$@"\n')
    command.chmod(0o755)
    settings = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(words, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_steps_of_the_workflow_run_on_a_published_version(shell: Any, first_build: Any, tmp_path: Path) -> None:
    published = first_build[2]
    shutil.copytree(published.folder.parents[1], tmp_path / "datasets")
    steps = [step for step in written("jobs")["jobs"]["check"]["steps"] if "run" in step]
    commands = [step["run"] for step in steps]
    assert commands[0] == "pip install 'reidforge[s3]'"
    assert len(commands) == 5
    swapped = [re.sub("hpt@1.[12].0", "demo_tiny@0.1.0", each) for each in commands[1:]]
    swapped = [each.replace("s3://datasets", "datasets") for each in swapped]
    assert shell("bash", "-ec", swapped[0])[0] == 2  # the lock that --frozen asks for is not there yet
    assert shell("bash", "-ec", swapped[0].replace(" --frozen", ""))[0] == 0
    for each in swapped:
        code, said = shell("bash", "-ec", each)
        assert code == 0, said
    report = json.loads((tmp_path / "reidforge.sarif").read_text())
    assert report["runs"][0]["tool"]["driver"]["name"] == "reidforge"
    victim = next((tmp_path / "data" / "hpt" / "data" / "captions").glob("*.parquet"))
    victim.chmod(0o644)
    victim.write_bytes(b"PAR1")
    code, said = shell("bash", "-ec", swapped[1])
    assert code == 1
    assert "::error" in said


def test_the_hook_passes_good_files_and_refuses_a_bad_one(shell: Any, first_build: Any, tmp_path: Path) -> None:
    [hook] = written("repos")["repos"][0]["hooks"]
    good = next((first_build[2].folder / "data" / "captions").glob("ltcc*.parquet"))
    shutil.copyfile(good, tmp_path / "good.parquet")
    table = pq.read_table(good)
    place = table.schema.get_field_index("n_words")
    below = pc.negate(pc.add(table.column("n_words"), 1)).cast(pa.int32())
    pq.write_table(table.set_column(place, table.schema.field(place), below), tmp_path / "bad.parquet")
    assert re.search(hook["files"], "good.parquet")
    assert shell("bash", "-c", f"{hook['entry']} good.parquet")[0] == 0
    code, said = shell("bash", "-c", f"{hook['entry']} good.parquet bad.parquet")
    assert code == 1
    assert "n_words is below 0" in said
