"""A good version, damaged in one way at a time and signed again as a careful forger would: who notices, in what words.

The good version is written once; each damage works on a copy by hard links, in which only what it touches is replaced.
"""

import os
import shutil
from pathlib import Path

import pytest
from contracts_damage import Mutation
from contracts_mutations import EXPECTED, FILES, GATED, ROWS, SHAPE
from signing import sign

from schemas.discovery import find
from schemas.errors import ReIDForgeError
from schemas.gate import Gate
from tasks.checking.contents import check_contents
from tasks.checking.report import check_folder
from tasks.checking.toy import toy_rows, write_toy
from tasks.contracts.expectations import broken_expectations
from tasks.contracts.load import gate_rules, load_contracts
from tasks.versions.manifest import load_manifest
from tasks.versions.reader import VersionFolder


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "version"
    write_toy(folder, toy_rows())
    sign(folder)
    return folder


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "version", copy_function=os.link))


def test_there_are_more_than_sixty_distinct_mutations() -> None:
    assert [len(each) for each in (FILES, SHAPE, ROWS, GATED, EXPECTED)] == [27, 9, 38, 16, 6]


def test_the_good_version_is_good(good: Path) -> None:
    assert check_folder(good).problems == []
    assert list(check_contents(good, VersionFolder(good).manifest.files)) == []


def noticed(folder: Path) -> list[tuple[str, str]]:
    """What the structural check says, and what the digests of content add."""
    try:
        found = [(problem.rule, problem.words) for problem in check_folder(folder, "structure").problems]
    except ReIDForgeError as error:
        return [(type(error).__name__, str(error))]
    entries = load_manifest((folder / "manifest.json").read_bytes()).files
    return found or [("content", finding.summary) for finding in check_contents(folder, entries)]


def damaged(folder: Path, mutation: Mutation) -> None:
    mutation.damage(folder)
    if mutation.signed:
        sign(folder)


@pytest.mark.parametrize("what", [*FILES, *SHAPE, *ROWS])
def test_a_damage_is_noticed_by_the_check_that_should_in_the_right_words(what: str, copy: Path) -> None:
    mutation = {**FILES, **SHAPE, **ROWS}[what]
    damaged(copy, mutation)
    found = noticed(copy)
    assert any(rule == mutation.by and mutation.words in words for rule, words in found), found
    if mutation.signed:
        assert all(rule != "files.digest" for rule, _ in found)


@pytest.mark.parametrize("what", GATED)
def test_a_damage_that_keeps_the_contract_is_noticed_by_its_gate(what: str, copy: Path) -> None:
    mutation = GATED[what]
    damaged(copy, mutation)
    assert all(rule != "files.digest" for rule, _ in noticed(copy))
    gate: Gate = find("tasks.gates", "GATE", mutation.by)
    verdict = gate.check(VersionFolder(copy), gate_rules(load_contracts())[mutation.by].parameters)
    assert not verdict.passed
    assert verdict.failing
    assert mutation.words in verdict.summary


@pytest.mark.parametrize("what", EXPECTED)
def test_a_damage_between_columns_is_noticed_by_the_expectation_about_them(what: str, copy: Path) -> None:
    mutation = EXPECTED[what]
    damaged(copy, mutation)
    assert noticed(copy) == []
    found = broken_expectations(VersionFolder(copy), {mutation.by: load_contracts()[mutation.by]})
    assert [finding.table for finding in found] == [mutation.by]
    assert mutation.words in found[0].summary


def test_a_good_version_is_still_good_after_all_that(good: Path) -> None:
    assert check_folder(good, "structure").ok
