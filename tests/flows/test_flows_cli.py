import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app

RUN = CliRunner()
COMMANDS = sorted(entry.name for entry in (*app.registered_commands, *app.registered_groups) if entry.name)


def test_every_command_has_help_and_stands_in_the_readme_or_the_architecture():
    assert len(COMMANDS) >= 12
    words = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        shown = RUN.invoke(app, [command, "--help"])
        assert shown.exit_code == 0
        assert re.search(rf"reidforge {command}\b|`{command}\b|make {command}\b", words), (
            f"README does not name {command}"
        )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "marketplace", "--raw", "nowhere"], "market1501"),
        (["build", "market1501", "--raw", "nowhere", "--no-orchestrator"], "nowhere"),
        (["list", "datasets"], "Known:"),
        (["evaluate", "folder", "--scores", "scores.npy"], "--protocol"),
        (["pull", "market1501", "--from", "nowhere", "--to", "here"], "market1501"),
        (["check", "nowhere"], "nowhere"),
        (["publish", "market1501", "--store", "."], "holds no build of 'market1501'; built there: nothing."),
        (["gc", "nowhere"], "Nothing is published"),
        (["gc", "--from", "nowhere"], "Nothing is published"),
        (["gc"], "--from REMOTE"),
        (["gc", "here", "--from", "there"], "Name the remote once"),
    ],
)
def test_wrong_use_ends_with_exit_code_two_and_one_sentence(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = RUN.invoke(app, arguments)
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert "Traceback" not in done.output


def test_lists_are_json_when_asked():
    done = RUN.invoke(app, ["list", "sources", "--json"])
    assert {"cuhk_pedes", "ltcc", "market1501", "sysu_mm01"} <= set(json.loads(done.stdout))
