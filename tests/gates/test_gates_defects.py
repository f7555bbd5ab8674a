"""Defects that a public generator was found to have: a version with any of them is refused."""

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.discovery import find
from schemas.gate import Gate
from tasks.checking.toy import Row, toy_rows, toy_staged
from tasks.contracts.load import gate_rules, load_contracts
from tasks.contracts.paths import lenient
from tasks.contracts.tables import check_tables

CONTRACTS = load_contracts()
RULES = gate_rules(CONTRACTS)
ROOT = Path(__file__).parents[2]
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


def told_twice(row: Row) -> None:
    row["turns"] = [row["turns"][0], *row["turns"]]


def described(text: str) -> Callable[[Row], None]:
    """A wrong candidate, and beside it a description of that very picture."""

    def damage(row: Row) -> None:
        shown = row["images"][1] | {"role": "gallery"}
        row["family"], row["images"] = "T2I_YN", [shown]
        quoted = {"text_id": f"{shown['image_id']}#0", "role": "query_caption", "source": "grammar", "lang": "en"}
        row["texts"] = [quoted | {"text": text.format(WORN[shown["person_key"]])}]

    return damage


WORN = {row["person_key"]: row["value"] for row in toy_rows(4)["attributes"]}
DEFECTS: dict[str, tuple[str, str, str, Callable[[Row], None]]] = {
    "a slot for an answer": ("answer_grammar", "unfilled slot", "SAME_YN", says("[common attributes]")),
    "a slot of a caption": ("answer_grammar", "unfilled slot", "SAME_YN", says("No. <description]")),
    "a bare answer where a reason is asked": ("evidence", "give no reason", "SAME_YN", bare),
    "an empty answer": ("answer_grammar", "the gold is empty", "SAME_YN", says(" ")),
    "two users in a row": ("answer_grammar", "do not take turns", "SAME_YN", told_twice),
    "no match and no None": ("answer_grammar", "not in the grammar of pick1", "I2I_PICK1", says("Images")),
    "the picture that the caption was written about": ("own_pictures", "must not show", "SAME_YN", described("A man.")),
    "a wrong answer that the caption describes": ("ambiguity", "satisfy all", "SAME_YN", described("A {} coat.")),
    "unlike values called shared": ("evidence", "1 rows are wrong", "SAME_YN", reasoned("shared", value_b="blue")),
    "equal values called different": ("evidence", "1 rows are wrong", "SAME_YN", reasoned("different")),
    "a prompt that no context holds": ("visual_tokens", "outside the bounds", "I2I_PICK1", truncated),
    "crops of a few tokens": ("visual_tokens", "outside the bounds", "SAME_YN", tiny),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_known_defect_is_refused(defect: str) -> None:
    name, words, family, damage = DEFECTS[defect]
    gate: Gate = find("tasks.gates", "GATE", name)
    rows = toy_rows(4)
    rows["attributes"] += [
        row | {"attribute_id": f"{row['attribute_id']}-type", "key": "upper_type", "value": "coat"}
        for row in rows["attributes"]
    ]
    wrong = [row for row in rows["conversations"] if row["family"] == family and row["answer"]["text"] != "Yes"]
    assert gate.check(toy_staged(rows), RULES[name].parameters).passed
    damage(wrong[0])
    verdict = gate.check(toy_staged(rows), RULES[name].parameters)
    assert not verdict.passed
    assert words in verdict.summary
    assert verdict.failing == (wrong[0]["sample_id"],)
    assert gate.severity == "error"


def no_seed(row: Row) -> None:
    row["template"]["seed"] = None


def by_some_model(row: Row) -> None:
    row["caption_source"] = "mllm"


BREACHES: dict[str, tuple[str, str, Callable[[Row], None]]] = {
    "a row that was not drawn by a seed of its own": ("conversations", "template.seed is null where", no_seed),
    "a model without a name": ("captions", "caption_source does not match", by_some_model),
}


@pytest.mark.parametrize("defect", BREACHES)
def test_a_known_defect_breaks_a_contract(defect: str) -> None:
    """The table is one that another program wrote: our own writer refuses a value that is not there."""
    table, words, damage = BREACHES[defect]
    staged = toy_staged(toy_rows(4))
    assert not check_tables(staged, CONTRACTS)
    rows, schema = staged.tables[table].to_pylist(), staged.tables[table].schema
    damage(rows[0])
    lax = pa.schema([pa.field(field.name, lenient(field.type)) for field in schema])
    staged.tables[table] = pa.Table.from_pylist(rows, lax)
    (found,) = check_tables(staged, CONTRACTS)
    assert found.summary.startswith(words)
    assert found.count == 1
    assert found.severity == "error"


def test_the_page_of_known_defects_names_gates_and_examples_that_there_are() -> None:
    page = (ROOT / "docs/questions.md").read_text().split("## Known defects")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")][2:]
    assert len(lines) == 17
    for what, held, example in lines:
        gates = re.findall(r"`([a-z_]+)`", held) if held.strip().startswith("gate") else []
        assert set(gates) <= RULES.keys(), what
        files = re.findall(r"`(test_\w+\.py)`", example)
        assert all(list((ROOT / "tests").rglob(name)) for name in files), what
        assert files or "bad example" in example or not gates, what
    here = [example.strip() for _, _, example in lines if "test_gates_defects.py" in example]
    planted = sorted(name for example in here for name in re.findall(r"`: ([^`]+)", example))
    assert sorted(name for one in planted for name in one.split(", ")) == sorted([*DEFECTS, *BREACHES])
