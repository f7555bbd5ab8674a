"""The recipe that pull requests are checked with, built twice under different circumstances: every file is the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.order import build_and_publish
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators.sample import write_sample
from schemas.keys import file_sha256

pytestmark = pytest.mark.slow

# Put on the path of the second build: every listing of a folder comes in another order each time.
SHUFFLING = """
import contextlib, os, random

listdir, scandir, draws = os.listdir, os.scandir, random.Random(11)


def shuffled_names(*args):
    names = listdir(*args)
    draws.shuffle(names)
    return names


class ShuffledEntries:
    def __init__(self, *args):
        with scandir(*args) as found:
            self.entries = list(found)
        draws.shuffle(self.entries)
        self.left = iter(self.entries)

    def __iter__(self):
        return self.left

    def __next__(self):
        return next(self.left)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return None

    def close(self):
        return None


os.listdir, os.scandir = shuffled_names, ShuffledEntries
print("listings are shuffled", file=__import__("sys").stderr)
"""


def digests(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def ci_raw(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ci") / "raw"
    write_sample(folder, "tiny", sources=[choice.name for choice in find_recipe("ci").sources])
    return folder


@pytest.fixture(scope="module")
def here(ci_raw, tmp_path_factory):
    """Built in this process by one worker."""
    store = tmp_path_factory.mktemp("here")
    _, published = build_and_publish(
        find_recipe("ci"), ci_raw, store, store / "published", PlainRunner(1, Reporter(quiet=True))
    )
    return published


@pytest.fixture(scope="module")
def there(ci_raw, tmp_path_factory):
    """Built by a fresh process: other workers, hash seed, locale, time zone, folder, and order of every listing."""
    base = tmp_path_factory.mktemp("there")
    shutil.copytree(ci_raw, base / "moved" / "raw")
    (base / "site").mkdir()
    (base / "site" / "sitecustomize.py").write_text(SHUFFLING)
    path = os.pathsep.join([str(base / "site"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    other = {"PYTHONPATH": path, "PYTHONHASHSEED": "4242", "TZ": "Pacific/Chatham", "LC_ALL": "C", "LANG": "C"}
    command = [sys.executable, "-m", "flows", "build", "ci", "--raw", str(base / "moved" / "raw")]
    command += ["--store", str(base / "store"), "--workers", "3", "--no-orchestrator", "--json"]
    done = subprocess.run(command, env={**os.environ, **other}, check=True, capture_output=True, text=True)
    assert "listings are shuffled" in done.stderr
    return json.loads(done.stdout)


def test_the_ci_recipe_gives_a_thousand_rows_with_its_gates_kept(here):
    manifest = json.loads((here.folder / "manifest.json").read_bytes())
    rows = sum(entry["rows"] for entry in manifest["files"] if entry.get("split") == "train")
    assert 1_000 <= rows < 1_100
    assert len(manifest["sources"]) == 12
    assert [gate["name"] for gate in manifest["gates"] if not gate["passed"]] == ["official_counts"]


def test_every_file_of_both_builds_has_one_digest(here, there):
    assert there["digest"] == here.digest
    mine, theirs = digests(here.folder), digests(Path(there["folder"]))
    assert theirs == mine
    assert len(mine) > 150
