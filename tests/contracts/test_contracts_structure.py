import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.gate import ToyStaged
from tasks.checking.toy import Rows, toy_rows, toy_staged
from tasks.contracts.load import load_contracts
from tasks.contracts.paths import cells, labels, listed
from tasks.contracts.tables import check_tables

CONTRACTS = load_contracts()


def findings(rows: Rows) -> list[str]:
    return [f"{f.table}: {f.summary} {f.count} {list(f.failing)}" for f in check_tables(toy_staged(rows), CONTRACTS)]


def test_a_sound_version_has_no_findings() -> None:
    assert findings(toy_rows()) == []


def test_a_finding_counts_the_rows_and_names_their_keys() -> None:
    rows = toy_rows()
    for number in range(3):
        rows["images"][number]["n_bytes"] = 0
    assert findings(rows) == [
        "images: n_bytes is below 1 3 ['toy/train/0000_c1_000100.jpg', 'toy/train/0000_c1_000160.jpg', "
        "'toy/train/0000_c2_000110.jpg']"
    ]


def test_values_inside_lists_and_structs_are_looked_at() -> None:
    rows = toy_rows()
    rows["conversations"][0]["images"][1]["role"] = "bystander"
    rows["conversations"][1]["answer"]["kind"] = "guess"
    found = findings(rows)
    assert len(found) == 2
    assert found[0].startswith("conversations: images[].role is none of query, query_extra")
    assert found[1].startswith("conversations: answer.kind is none of yesno")


def test_a_composite_key_that_stands_twice_is_named_by_its_parts() -> None:
    rows = toy_rows()
    rows["protocol_members"].append(dict(rows["protocol_members"][0]))
    (found,) = findings(rows)
    assert found.endswith("stand on more than one row 1 ['toy | 0 | query | 0']")


def test_a_null_where_a_value_is_promised_is_found_though_the_file_allows_it() -> None:
    whole = toy_staged(toy_rows())
    images = whole.table("images")
    lenient = pa.schema([field.with_nullable(True) for field in images.schema])
    column = pc.if_else(pc.equal(images["width"], 8), None, images["width"])
    place = images.schema.get_field_index("width")
    damaged = images.cast(lenient).set_column(place, lenient.field(place), column.cast(pa.int32()))
    found = check_tables(ToyStaged({**whole.tables, "images": damaged}), CONTRACTS)
    assert [f.summary for f in found] == ["width is null where a value is promised"]


def test_an_empty_required_table_is_found() -> None:
    rows = toy_rows() | {"conversations": []}
    assert findings(rows) == ["conversations: 0 rows, promised are at least 1 1 []"]


def test_a_foreign_key_into_a_table_that_is_not_there_is_broken() -> None:
    rows = toy_rows()
    del rows["protocols"]
    (found,) = findings(rows)
    assert "protocol_id has no row in protocols.protocol_id" in found


@given(st.lists(st.one_of(st.none(), st.lists(st.integers(0, 9), max_size=4)), max_size=8))
def test_cells_of_a_list_know_the_row_they_came_from(values: list[list[int] | None]) -> None:
    table = pa.table({"numbers": pa.array(values, pa.list_(pa.int64()))})
    found = cells(table, "numbers[]")
    flat = [(row, number) for row, listed in enumerate(values) for number in listed or []]
    assert list(zip(found.rows.to_pylist(), found.values.to_pylist(), strict=True)) == flat


@pytest.mark.parametrize("path", ["a.b", "a.c[]"])
def test_cells_of_a_missing_struct_are_not_held_against_its_children(path: str) -> None:
    kind = pa.struct([pa.field("b", pa.int64(), nullable=False), pa.field("c", pa.list_(pa.int64()))])
    table = pa.table({"a": pa.array([None, {"b": 1, "c": [2]}], kind)})
    found = cells(table, path)
    held = [value for value, is_held in zip(found.values.to_pylist(), found.held.to_pylist(), strict=True) if is_held]
    assert None not in held


def test_labels_join_the_parts_of_a_key() -> None:
    table = pa.table({"a": ["x", "y"], "b": [1, 2]})
    assert labels(table, ("a", "b"), pa.array([1])) == ["y | 2"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], pa.null()),
        (["", "ü", "abc"], pa.string()),
        ([1, -2, 3], pa.int64()),
        ([0, 2**64 - 1], pa.uint64()),
        ([0.5, 1.0], pa.float64()),
        ([True, False, True], pa.bool_()),
        ([None, "a"], pa.string()),
        ([b"a"], pa.binary()),
    ],
)
def test_listed_values_stand_in_an_array_of_their_kind(values: list[object], kind: pa.DataType) -> None:
    found = listed(values)
    assert (found.to_pylist(), found.type) == (values, kind)
    found.validate(full=True)
