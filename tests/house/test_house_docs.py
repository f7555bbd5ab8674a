"""What the README and the pages say can be typed or looked up is there: commands, options, make targets, files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from flows.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = get_command(app).commands
ROOMS = ("flows", "tasks", "generators", "schemas", "tests", "benchmarks", "data_contracts", "docs")
YOURS = {"prices.yaml"}  # files that a reader writes


def code_of(page: Path) -> Iterator[str]:
    """Every line of the page's code blocks, and every span of code in its prose."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from (line.strip() for line in text.splitlines() if line.startswith("    reidforge "))
    prose = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", prose)


def options_of(command: Any) -> set[str]:
    """Every option of a command, or of the commands of a group."""
    own = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    return own.union(*map(options_of, getattr(command, "commands", {}).values()))


def commands_of(page: Path) -> Iterator[list[str]]:
    """The words of every command line on the page, from the name of the command on."""
    for code in code_of(page):
        for words in re.findall(r"(?:\breidforge |^)([a-z]+(?: [^|;#>]+)?)", code):
            if words.split()[0] in COMMANDS and (f"reidforge {words}" in code or " --" in words):
                yield words.split()


def test_the_pages_are_found() -> None:
    assert len(PAGES) >= 10
    assert sum(1 for page in PAGES for _ in commands_of(page)) >= 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_names_a_command_and_options_that_it_has(page: Path) -> None:
    for words in commands_of(page):
        command, *rest = words
        found = COMMANDS[command]
        if hasattr(found, "commands") and rest and not rest[0].startswith("-"):
            assert rest[0] in found.commands, f"{' '.join(words)}: no such command"
            found = found.commands[rest[0]]
        options = options_of(found)
        for word in rest:
            if word.startswith("--"):
                assert word.strip("`,.:") in options, f"`{' '.join(words)}`: {command} has no option {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_option_that_is_named_alone_belongs_to_a_command(page: Path) -> None:
    options = set().union(*map(options_of, COMMANDS.values()))
    for code in code_of(page):
        assert not code.startswith("--") or code.split()[0] in options, f"{page.name} names {code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_is_in_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert len(targets) >= 6
    said = {word for code in code_of(page) for word in re.findall(r"^make ([a-z]+)", code)}
    assert said <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_the_repository_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert [target for target in links if not (page.parent / target).exists()] == []
    known = {path.name for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()} | YOURS
    for code in code_of(page):
        for name in re.findall(rf"\b(?:{'|'.join(ROOMS)})/[\w/.*-]*", code):
            assert any(ROOT.glob(name.rstrip("/"))), f"{page.name} names {name}"
        for name in re.findall(r"(?<![\w/<>*.-])[a-z_]+\.(?:py|yaml)\b", code):
            assert name in known | {path.name for path in ROOT.iterdir()}, f"{page.name} names {name}"
