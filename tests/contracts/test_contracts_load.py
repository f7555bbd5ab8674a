import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

import data_contracts
from schemas.answers import KINDS
from schemas.errors import BadContract
from schemas.protocol import AP_VARIANTS, CMC_VARIANTS, JUNK_RULES, TIE_POLICIES
from schemas.source import ACCESS
from schemas.tables import IMAGE_ROLES, ROLES, SPLITS, TABLES
from schemas.vocabulary import MODALITIES, VOCABULARY
from tasks.contracts.load import PHYSICAL_TYPES, Contract, arrow_schema, leaves, load_contracts, primary_key

CONTRACTS = load_contracts()
FOLDER = Path(data_contracts.__path__[0])


def allowed(table: str, path: str) -> tuple[str, ...]:
    (rule,) = dict(leaves(CONTRACTS[table]))[path].quality
    return tuple(rule.arguments["validValues"])


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (FOLDER / "rejects.odcs.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "rejects.odcs.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path


def test_every_table_has_a_contract_and_every_contract_a_table() -> None:
    assert sorted(CONTRACTS) == sorted(TABLES)
    assert len(CONTRACTS) == 13


@pytest.mark.parametrize("name", TABLES)
def test_a_contract_and_its_arrow_schema_promise_the_same_columns_types_nulls_and_keys(name: str) -> None:
    assert arrow_schema(CONTRACTS[name]).equals(TABLES[name].schema)
    assert primary_key(CONTRACTS[name]) == TABLES[name].key
    assert CONTRACTS[name].table.data_granularity_description == f"One row per {TABLES[name].grain}."


@pytest.mark.parametrize(
    ("table", "path", "values"),
    [
        ("person_images", "split", SPLITS),
        ("person_images", "role_flag", ROLES),
        ("person_images", "modality", MODALITIES),
        ("person_images", "access_status", ACCESS),
        ("attributes", "key", tuple(VOCABULARY)),
        ("conversations", "images[].role", IMAGE_ROLES),
        ("conversations", "images[].modality", MODALITIES),
        ("conversations", "answer.kind", KINDS),
        ("protocols", "junk_rule", JUNK_RULES),
        ("protocols", "cmc_variant", CMC_VARIANTS),
        ("protocols", "ap_variant", AP_VARIANTS),
        ("protocols", "tie_policy", TIE_POLICIES),
        ("results", "ap_variant", AP_VARIANTS),
        ("results", "tie_policy", TIE_POLICIES),
        ("rejects", "table", tuple(TABLES)),
    ],
)
def test_a_closed_list_is_the_same_in_the_contract_and_in_the_code(
    table: str, path: str, values: tuple[str, ...]
) -> None:
    assert allowed(table, path) == tuple(values)


# A name that holds a person's label, a digest of their picture, or words about them.
PERSONAL = {
    "anchor_id", "answer.text", "bytes", "candidate_id", "caption_id", "clothes_key", "cluster", "evidence_a",
    "evidence_b", "gold_json", "image_id", "label_train", "member_ids", "negatives[].ref", "other_image_id",
    "overlap_key", "path", "person_a", "person_b", "person_key", "phash", "pid_raw", "processed_tokens",
    "rationale.text", "relpath", "sha256", "statement_id", "subject", "texts[].text", "text_id", "text_raw", "tracklet",
    "turns[].text",
}  # fmt: skip


def is_personal(path: str) -> bool:
    return any(path == name or path.endswith((f".{name}", f".{name}[]")) for name in PERSONAL) or path == "text"


@pytest.mark.parametrize("name", TABLES)
def test_every_column_says_what_it_means_and_whether_it_is_personal(name: str) -> None:
    described = list(leaves(CONTRACTS[name]))
    assert all(column.description.endswith(".") for _, column in described)
    assert not [path for path, column in described if is_personal(path) and column.classification == "public"]


def test_what_leads_to_a_personal_column_is_personal_and_attributes_are_sensitive() -> None:
    kinds = {f"{name}.{path}": column for name in TABLES for path, column in leaves(CONTRACTS[name])}
    links = [(path, link.to) for path, column in kinds.items() for link in column.relationships]
    assert len(links) >= 10
    assert [each for each in links if kinds[each[0]].classification != kinds[each[1]].classification] == []
    sensitive = {path for path, column in kinds.items() if column.classification == "sensitive-personal"}
    assert len(sensitive) == 6
    assert {path.partition(".")[0] for path in sensitive} == {"attributes", "conversations", "statements"}


def every_column(column: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """A column and everything inside it as the YAML has it, and whether it is a leaf."""
    inside = column.get("properties") or ([column["items"]] if "items" in column else [])
    yield path, column, not inside
    for each in inside:
        yield from every_column(each, f"{path}.{each.get('name', '[]')}")


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_written_out_whole_and_every_rule_has_a_severity(name: str) -> None:
    written = yaml.safe_load((FOLDER / f"{name}.odcs.yaml").read_text(encoding="utf-8"))
    (table,) = written["schema"]
    assert table["dataGranularityDescription"].startswith("One row per ")
    found = [each for column in table["properties"] for each in every_column(column, column["name"])]
    for path, column, is_leaf in found:
        assert {"description", "logicalType", "physicalType", "required", "classification"} <= column.keys(), path
        assert column["classification"] in {"public", "personal", "sensitive-personal"}, path
        assert column.get("examples") or not is_leaf or path == "image.bytes", path
    rules = [rule for _, column, _ in found for rule in column.get("quality", [])] + table.get("quality", [])
    assert all({"severity", "dimension"} <= rule.keys() and rule["severity"] in {"error", "warning"} for rule in rules)
    assert len(found) >= len(TABLES[name].schema)


@pytest.mark.parametrize("name", TABLES)
def test_examples_keep_the_patterns_and_patterns_mean_the_same_to_every_engine(name: str) -> None:
    for path, column in leaves(CONTRACTS[name]):
        pattern = column.logical_type_options.pattern
        if pattern is not None:
            assert re.compile(pattern).groups == 0, path
            assert all(re.search(pattern, str(example)) for example in column.examples), path


def test_the_header_of_every_contract_names_owner_licence_and_limits() -> None:
    for contract in CONTRACTS.values():
        assert contract.api_version == "v3.1.0"
        assert contract.team["members"]
        assert [level.property for level in contract.sla_properties] == ["frequency", "retention"]
        assert [server.path.split("/")[0] for server in contract.servers] == ["data"]
        assert {"purpose", "usage", "limitations"} == set(contract.description)
        assert {item.property for item in contract.custom_properties} == {"licence", "presence"}
    assert sorted(name for name in CONTRACTS if CONTRACTS[name].required) == [
        "conversations",
        "images",
        "person_images",
    ]


def test_all_faults_of_a_contract_are_named_at_once(tmp_path: Path) -> None:
    path = changed(tmp_path, "logicalType: object", "logicalTyp: object") / "rejects.odcs.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("status: active", "status: sleepy"), encoding="utf-8")
    with pytest.raises(BadContract) as caught:
        load_contracts(tmp_path)
    assert len(caught.value.problems) == 2
    assert "status" in caught.value.problems[0]
    assert "logicalTyp" in caught.value.problems[1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("apiVersion: v3.1.0", "apiVersion: v2.0.0", "apiVersion"),
        ("physicalType: string", "physicalType: varchar", "varchar"),
        ("name: rejects", "name: other", "file name must say so"),
        ("kind: DataContract", "kind: [", "cannot be read as YAML"),
    ],
)
def test_a_contract_that_cannot_be_used_is_refused_with_its_reason(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    folder = changed(tmp_path, old, new)
    if words == "file name must say so":
        path = folder / "rejects.odcs.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("- name: rejects", "- name: other"), encoding="utf-8")
    with pytest.raises(BadContract, match=words):
        arrow_schema(load_contracts(folder)["rejects"])


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadContract, match="holds no contract"):
        load_contracts(tmp_path)


def required(contract: Contract) -> list[str]:
    return [path for path, column in leaves(contract) if column.required]


def test_leaves_reach_into_structs_and_lists() -> None:
    found = required(CONTRACTS["conversations"])
    assert {"answer.kind", "images[].image_id", "turns[].text"} <= set(found)


def test_the_type_names_of_earlier_versions_stay_readable(tmp_path: Path) -> None:
    folder = changed(tmp_path, "physicalType: string", "physicalType: bool")
    assert arrow_schema(load_contracts(folder)["rejects"]).field("reject_id").type == pa.bool_()


# What datacontract-cli 1.2.8 can turn into a column of its database: `datacontract test` stops at any other name.
OTHER_TOOLS_KNOW = {
    *("string", "binary", "boolean", "float", "double", "tinyint", "smallint", "int32", "int64"),
    *("numeric(20,0)", "list", "struct"),
}


def test_every_type_has_a_name_that_other_tools_of_the_standard_know() -> None:
    named = {column.physical_type for contract in CONTRACTS.values() for _, column in leaves(contract)}
    assert named <= OTHER_TOOLS_KNOW
    assert set(PHYSICAL_TYPES) | {"list", "struct"} == OTHER_TOOLS_KNOW
