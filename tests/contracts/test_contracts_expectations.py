from typing import Any

import pandas as pd
import pytest

from schemas.errors import BadContract
from tasks.checking.blocks import blocks
from tasks.checking.toy import toy_rows, toy_staged
from tasks.contracts import frames
from tasks.contracts.compiling import Expectation, compile_contract
from tasks.contracts.expectations import Outcome, check_expectations
from tasks.contracts.frames import frame
from tasks.contracts.load import load_contracts

CONTRACTS = load_contracts()


def kinds(name: str) -> set[tuple[str, str]]:
    return {(expectation.kind, ",".join(expectation.columns)) for expectation in compile_contract(CONTRACTS[name])}


def test_every_contract_compiles_to_a_suite_with_its_key() -> None:
    suites = {name: compile_contract(contract) for name, contract in CONTRACTS.items()}
    assert len(suites) == 13
    assert all("unique" in suite[0].kind for suite in suites.values())
    assert sum(len(suite) for suite in suites.values()) > 180


def test_rules_of_every_kind_become_expectations() -> None:
    found = kinds("conversations")
    assert ("expect_column_values_to_be_unique", "sample_id") in found
    assert ("expect_column_values_to_not_be_null", "answer.text") in found
    assert ("expect_column_values_to_be_in_set", "answer.kind") in found
    assert ("expect_column_values_to_be_between", "n_images") in found
    assert (
        "expect_column_pair_values_a_to_be_greater_than_b",
        "pixel_budget.max_pixels,pixel_budget.min_pixels",
    ) in found
    assert ("expect_compound_columns_to_be_unique", "anchor_id,rank") in kinds("neighbours")
    assert ("expect_table_row_count_to_be_between", "") in kinds("images")


def test_a_column_that_may_be_absent_is_not_expected_to_be_filled() -> None:
    assert ("expect_column_values_to_not_be_null", "person_key") not in kinds("person_images")
    assert ("expect_column_values_to_not_be_null", "rationale.text") not in kinds("conversations")


def test_no_suite_reads_the_pictures() -> None:
    columns = {name for expectation in compile_contract(CONTRACTS["images"]) for name in expectation.columns}
    assert "image.bytes" not in columns
    assert "image.path" in columns


def test_a_frame_flattens_structs_and_counts_lists() -> None:
    block = next(blocks(toy_staged(toy_rows()), "conversations"))
    found = frame(block, CONTRACTS["conversations"], ["sample_id", "answer.kind", "n_images", "sample_id"])
    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == ["sample_id", "answer.kind", "n_images"]
    assert set(found["n_images"]) == {1, 2, 5}


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    rows = toy_rows()
    rows["conversations"][0]["answer"]["kind"] = "guess"
    rows["images"][0]["width"] = 0
    rows["images"][1]["image"]["path"] = "raw/1.jpg"
    rows["protocol_members"].append(dict(rows["protocol_members"][0]))
    return check_expectations(toy_staged(rows), CONTRACTS)


def test_broken_rules_name_the_failing_keys(outcomes: list[Outcome]) -> None:
    broken = {(one.table, ",".join(map(str, one.arguments.values()))[:18]): one for one in outcomes if not one.passed}
    assert sorted(table for table, _ in broken) == ["conversations", "images", "images", "protocol_members"]
    assert {one.failing for one in broken.values()} == {
        ("same-toy:0000-Yes",),
        ("toy/train/0000_c1_000100.jpg",),
        ("toy/train/0000_c1_000160.jpg",),
        ("toy | 0 | query | 0",),
    }
    assert all(one.as_finding().severity == "error" for one in broken.values())


def test_every_rule_of_every_table_that_is_there_was_run(outcomes: list[Outcome]) -> None:
    present = [compile_contract(contract) for name, contract in CONTRACTS.items() if name != "results"]
    assert len(outcomes) == sum(map(len, present))
    assert all("id" not in one.as_json() for one in outcomes)


def test_an_expectation_that_does_not_exist_is_refused_by_name() -> None:
    from tasks.contracts.expectations import _expectation, _library

    with pytest.raises(BadContract, match="expect_magic"):
        _expectation(_library(), Expectation("expect_magic", {}))


def anchor(number: int) -> str:
    return f"toy/train/new{number}.jpg"


@pytest.mark.parametrize("few", [0, 3, 4096])
def test_outcomes_do_not_depend_on_how_many_values_are_few(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = toy_rows()
    damages: list[dict[str, Any]] = [{"distance": 2.5}, {"distance": float("nan")}, {"miner": ""}, {"rank": 0}]
    damages += [{"candidate_id": anchor(4)}, *[{}] * 40]
    first = rows["neighbours"][0]
    rows["neighbours"] = [{**first, "anchor_id": anchor(number), **damage} for number, damage in enumerate(damages)]
    rows["conversations"][3]["answer"]["kind"] = "guess"
    rows["conversations"][4]["answer"]["gold_index"] = -1
    rows["conversations"][5]["pixel_budget"]["max_pixels"] = 1
    held = {name: CONTRACTS[name] for name in ("conversations", "neighbours")}
    staged = toy_staged(rows)
    whole = check_expectations(staged, held)
    monkeypatch.setattr(frames, "FEW", few)
    assert check_expectations(staged, held, most=20) == whole
    broken = [(one.table, one.count, one.arguments.get("column", "")) for one in whole if not one.passed]
    assert broken == [
        ("conversations", 1, "answer.kind"),
        ("conversations", 1, "answer.gold_index"),
        ("conversations", 1, ""),
        ("neighbours", 1, "rank"),
        ("neighbours", 1, "distance"),
        ("neighbours", 1, "distance"),
        ("neighbours", 1, "miner"),
        ("neighbours", 1, ""),
    ]
    missing = [one.missing for one in whole if one.arguments.get("column") == "distance"]
    assert missing == [0, 1]


def test_rows_that_cannot_break_a_rule_about_records_or_keys_are_not_shown() -> None:
    rows, contract = toy_rows(), CONTRACTS["neighbours"]
    rows["neighbours"] = [{**rows["neighbours"][0], "anchor_id": anchor(number)} for number in range(12)]
    rows["neighbours"][7]["candidate_id"] = anchor(7)
    shown = {
        way: list(make(lambda: blocks(toy_staged(rows), "neighbours", 5), contract, mine))
        for way, make in frames.FRAMES.items()
        if (mine := [rule for rule in compile_contract(contract) if frames.way_of(rule) == way])
    }
    assert {way: sum(map(len, parts)) for way, parts in shown.items()} == {
        "rows": len(rows["neighbours"]),
        "records": 1,
        "keys": 0,
    }


def test_a_rule_about_the_order_or_the_share_of_values_is_judged_on_whole_columns() -> None:
    ordered = Expectation("expect_column_values_to_be_increasing", {"column": "rank"})
    mostly = Expectation("expect_column_values_to_be_unique", {"column": "rank", "mostly": 0.5})
    assert {frames.way_of(ordered), frames.way_of(mostly)} == {"whole"}
    assert not frames.is_about_values(ordered)


def test_outcomes_do_not_depend_on_where_blocks_end() -> None:
    rows = toy_rows()
    rows["identity_links"] = []
    rows["conversations"][0]["answer"]["kind"] = "guess"
    rows["conversations"][-1]["sample_id"] = rows["conversations"][0]["sample_id"]
    rows["neighbours"] += [{**rows["neighbours"][0], "candidate_id": "nobody"}] * 3
    for shot in rows["person_images"]:
        shot["split"] = "none"
    held = {
        name: CONTRACTS[name] for name in ("conversations", "neighbours", "person_images", "identity_links", "rejects")
    }
    staged = toy_staged(rows)
    whole = check_expectations(staged, held)
    assert check_expectations(staged, held, most=20) == whole
    broken = {(one.table, one.kind) for one in whole if not one.passed}
    assert ("conversations", "expect_column_values_to_be_unique") in broken
    assert ("person_images", "expect_column_values_to_not_be_in_set") in broken
