from collections import Counter

import pytest

from schemas.discovery import find, names
from schemas.gate import Gate
from tasks.checking.runner import run_gates
from tasks.checking.toy import toy_rows, toy_staged
from tasks.contracts.load import gate_rules, load_contracts

GATES = names("tasks.gates")
CONTRACTS = load_contracts()
RULES = gate_rules(CONTRACTS)


def gate(name: str) -> Gate:
    found: Gate = find("tasks.gates", "GATE", name)
    return found


def test_there_are_twenty_seven_gates() -> None:
    assert len(GATES) == 27


@pytest.mark.parametrize("name", GATES)
def test_a_gate_passes_its_good_example_and_fails_its_bad_one(name: str) -> None:
    good = gate(name).check(gate(name).good(), RULES[name].parameters)
    bad = gate(name).check(gate(name).bad(), RULES[name].parameters)
    assert good.passed, good.summary
    assert not good.failing
    assert not bad.passed
    assert bad.failing
    assert bad.summary
    assert bad.remedy


@pytest.mark.parametrize("name", GATES)
def test_a_gate_has_its_thresholds_and_its_severity_in_one_contract(name: str) -> None:
    places = [
        rule.severity
        for contract in CONTRACTS.values()
        for rule in contract.table.quality
        if rule.implementation.get("gate") == name
    ]
    assert places == [gate(name).severity]


def test_contracts_name_no_gate_that_has_no_file() -> None:
    assert sorted(RULES) == GATES


def test_the_runner_runs_every_gate_once_on_a_version_that_keeps_its_promises() -> None:
    found = run_gates(toy_staged(toy_rows()), CONTRACTS)
    assert Counter(name for name, _, _ in found) == Counter(GATES)
    assert [name for name, _, verdict in found if not verdict.passed] == []


def test_a_distractor_of_no_split_may_stand_in_a_training_row() -> None:
    rows = toy_rows()
    row = next(row for row in rows["conversations"] if row["family"] == "I2I_PICK1" and row["split"] == "train")
    names = ("image_id", "source", "person_key", "cam_key", "clothes_key", "modality", "frame")
    row["images"][4].update({name: rows["person_images"][-2].get(name) for name in names})
    staged = toy_staged(rows)
    leak, references = (
        gate(name).check(staged, RULES[name].parameters) for name in ("identity_leak", "referential_integrity")
    )
    assert leak.passed, leak.summary
    assert references.passed, references.summary


@pytest.mark.parametrize("name", ["balance", "blind_solver", "camera_match"])
def test_a_statistical_gate_says_that_a_tiny_version_is_too_small_to_judge(name: str) -> None:
    verdict = gate(name).check(toy_staged(toy_rows(4)), RULES[name].parameters)
    assert verdict.passed
    assert "too few rows to judge" in verdict.summary
