"""Every benchmark starts without arguments, and `make bench` tells a missed bar from a script that failed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path.stem for path in BENCHMARKS.glob("*.py") if path.stem != "small")
_HELP = """
import contextlib, io, json, runpy, sys
said = {}
for path in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        sys.argv = [path, "--help"]
        runpy.run_path(path, run_name="__main__")
    said[path] = out.getvalue()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def every():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import every
    finally:
        sys.path.remove(str(BENCHMARKS))
    return every


@pytest.fixture(scope="module")
def usages() -> dict[str, str]:
    """What each script says to `--help`, all asked in one process."""
    paths = [str(BENCHMARKS / f"{name}.py") for name in SCRIPTS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(BENCHMARKS), str(BENCHMARKS.parent)))}
    command = [sys.executable, "-c", _HELP, *paths]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {Path(path).stem: said for path, said in json.loads(done.stdout).items()}


def test_there_are_as_many_benchmarks_as_the_runner_knows(every) -> None:
    assert len(SCRIPTS) == 19
    assert every.scripts() == sorted(every.SMALL) == sorted(name[6:] for name in SCRIPTS if name != "every")
    assert every.SMALL.keys() >= every.JUDGED_SMALL


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_answers_help_and_needs_no_argument(usages: dict[str, str], name: str) -> None:
    usage = usages[name].partition("\n\n")[0]
    assert usage.startswith(f"usage: {name}.py")
    optional = re.compile(r"\[[^\[\]]*\]")
    while optional.search(usage):
        usage = optional.sub("", usage)
    assert usage.split() == ["usage:", f"{name}.py"]


@pytest.mark.parametrize(
    ("code", "said", "judged", "word"),
    [
        (0, "ratio 1.2 (bar 1.5): met", True, "met"),
        (0, "ratio 1.6 (bar 1.5): MISSED", True, "MISSED"),
        (0, "first 3 s, unchanged 2 s (bar 5%: missed)", True, "MISSED"),
        (1, "", True, "MISSED"),
        (1, "ratio 1.6 (bar 1.5): MISSED", False, "ran, scaled down: no bar judged"),
        (0, "no bar is judged at this size", True, "ran, scaled down: no bar judged"),
        (1, "Traceback (most recent call last):\n", False, "FAILED"),
        (2, "usage: bench", True, "FAILED"),
        (-9, "", False, "FAILED"),
    ],
)
def test_a_missed_bar_is_told_from_a_script_that_failed(every, code: int, said: str, judged: bool, word: str) -> None:
    assert every.word_for(code, said, judged) == word
    assert every.Outcome("any", word, 1.0).bad == (word in {"MISSED", "FAILED"})


def test_one_missed_bar_fails_the_run_after_all_others_ran(every, tmp_path, monkeypatch, capfd) -> None:
    for name, code in (("one", 1), ("two", 0)):
        (tmp_path / f"bench_{name}.py").write_text(f"print('here is {name}')\nraise SystemExit({code})\n")
    monkeypatch.setattr(every, "HERE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["every.py", "--full"])
    assert every.main() == 1
    said = capfd.readouterr().out
    assert re.search(r"^one +\d+  MISSED$", said, re.MULTILINE)
    assert re.search(r"^two +\d+  met$", said, re.MULTILINE)
