import json
from pathlib import Path

import pytest

from schemas.recipe import Recipe
from tasks.checking import sharing
from tasks.checking.toy import Rows, toy_rows, write_toy
from tasks.steps.store import StepOutput, run_step
from tasks.steps.validate import validate

RECIPE = Recipe.model_validate(
    {"name": "toy", "version": "0.1.0", "title": "Toy", "sources": [{"name": "toy"}]}
    | {"families": {"SAME_YN": {"stage": 2, "rows": {"train": 8}}}}
)


def checked(store: Path, rows: Rows) -> StepOutput:
    def work(folder: Path) -> dict[str, int]:
        write_toy(folder, rows)
        return {"rows": len(rows["conversations"])}

    staged = run_step(store, "stage", {"toy": len(rows["rejects"])}, work)
    return validate(store, staged, RECIPE)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[StepOutput, StepOutput]:
    rows = toy_rows()
    rows["images"][0]["width"] = 0
    return checked(tmp_path_factory.mktemp("a"), rows), checked(tmp_path_factory.mktemp("b"), rows)


def test_two_validations_write_the_same_bytes(twice: tuple[StepOutput, StepOutput]) -> None:
    first, second = ({p.name: p.read_bytes() for p in sorted(step.folder.iterdir())} for step in twice)
    assert sorted(first) == ["checks.json", "expectations.json", "gates.json", "step.json"]
    assert first == second


def test_a_large_version_checked_in_a_process_of_its_own_gets_the_same_bytes(
    twice: tuple[StepOutput, StepOutput], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "WORTH_SHARING", 1)
    rows = toy_rows()
    rows["images"][0]["width"] = 0
    step = checked(tmp_path, rows)
    assert step.facts == twice[0].facts
    for name in ("checks.json", "expectations.json", "gates.json"):
        assert (step.folder / name).read_bytes() == (twice[0].folder / name).read_bytes()


def test_nothing_of_time_or_place_is_written(twice: tuple[StepOutput, StepOutput]) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(twice[0].folder.iterdir()))
    assert str(twice[0].folder) not in text
    assert not any(word in text for word in ("run_time", "batch_id", "run_id", "0x"))


def test_the_facts_say_what_failed_and_the_files_say_why(twice: tuple[StepOutput, StepOutput]) -> None:
    step = twice[0]
    assert step.facts["failed"] == ["contract", "expectations", "image_bytes", "referential_integrity"]
    assert step.facts["passed"] is False
    gates = {entry["name"]: entry for entry in json.loads((step.folder / "gates.json").read_bytes())}
    assert len(gates) == 29
    assert gates["contract"]["failing"] == ["toy/train/0000_c1_000100.jpg"]
    assert gates["image_bytes"]["remedy"]
    assert gates["balance"]["remedy"] == ""
    expectations = json.loads((step.folder / "expectations.json").read_bytes())
    assert [rule["table"] for rule in expectations if not rule["passed"]] == ["images"]


def test_a_validated_version_is_not_validated_again(twice: tuple[StepOutput, StepOutput]) -> None:
    rows = toy_rows()
    rows["images"][0]["width"] = 0
    again = checked(twice[0].folder.parents[2], rows)
    assert again.skipped
    assert again.facts == twice[0].facts
