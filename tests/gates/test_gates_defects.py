"""Defects that a public generator was found to have: a version with any of them is refused."""

from collections.abc import Callable

import pytest

from schemas.discovery import find
from schemas.gate import Gate
from tasks.checking.toy import Row, toy_rows, toy_staged
from tasks.contracts.load import gate_rules, load_contracts

RULES = gate_rules(load_contracts())
REASON = {"attr": "upper_color_primary", "value_a": "red", "value_b": "red", "verdict": "shared"}


def says(text: str) -> Callable[[Row], None]:
    def damage(row: Row) -> None:
        row["answer"]["text"] = row["turns"][1]["text"] = text

    return damage


def reasoned(verdict: str, **more: str) -> Callable[[Row], None]:
    def damage(row: Row) -> None:
        row["family"] = "REFINE"
        row["rationale"] = {"text": "Both wear red.", "evidence": [REASON | {"verdict": verdict} | more]}

    return damage


def bare(row: Row) -> None:
    row["family"] = "DIFF_EVID"
    row["rationale"] = {"text": "Both wear red.", "evidence": [REASON]}


def truncated(row: Row) -> None:
    row["turns"][0]["text"] += " really" * 5_000


def tiny(row: Row) -> None:
    row["pixel_budget"] = {"min_pixels": 3_136, "max_pixels": 12_845_056}


DEFECTS: dict[str, tuple[str, str, Callable[[Row], None]]] = {
    "a slot for an answer": ("answer_grammar", "SAME_YN", says("[common attributes]")),
    "an empty answer": ("answer_grammar", "SAME_YN", says(" ")),
    "no match and no None": ("answer_grammar", "I2I_PICK1", says("Images")),
    "a bare answer where a reason is asked": ("evidence", "SAME_YN", bare),
    "unlike values called shared": ("evidence", "SAME_YN", reasoned("shared", value_b="blue")),
    "equal values called different": ("evidence", "SAME_YN", reasoned("different")),
    "a prompt that no context holds": ("visual_tokens", "I2I_PICK1", truncated),
    "crops of a few tokens": ("visual_tokens", "SAME_YN", tiny),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_known_defect_is_refused(defect: str) -> None:
    name, family, damage = DEFECTS[defect]
    gate: Gate = find("tasks.gates", "GATE", name)
    rows = toy_rows(4)
    row = next(row for row in rows["conversations"] if row["family"] == family)
    assert gate.check(toy_staged(rows), RULES[name].parameters).passed
    damage(row)
    verdict = gate.check(toy_staged(rows), RULES[name].parameters)
    assert not verdict.passed
    assert verdict.failing == (row["sample_id"],)
    assert gate.severity == "error"
