from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.contracts.looking import look
from tasks.contracts.parts import InFile
from tasks.contracts.values import Check

ITEM = pa.struct([pa.field("one", pa.string()), pa.field("two", pa.string()), pa.field("three", pa.string())])
SCHEMA = pa.schema([("id", pa.int64()), ("items", pa.list_(ITEM))])
PATHS = ("items", "items[].one", "items[].two", "items[].three")
RULES = [(number, (path, Check("is null", None))) for number, path in enumerate(PATHS)]


class Watched(InFile):
    """A file that remembers what was read of it besides the key."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read: list[str] = []

    def stretches(self, paths: Sequence[str]) -> Iterator[pa.Table]:
        self.read += paths
        return super().stretches(paths)


def part_of(rows: Sequence[Any], path: Path) -> Watched:
    table = pa.Table.from_pylist([{"id": n, "items": items} for n, items in enumerate(rows)], SCHEMA)
    pq.write_table(table, path, row_group_size=2)
    return Watched(path)


def broken(part: InFile, rules: Sequence[tuple[int, tuple[str, Check]]] = RULES) -> dict[int, tuple[int, list[str]]]:
    return {number: (one.rows, one.ids) for number, one in look(part, ("id",), rules, False).broken.items()}


def item(one: str | None = "a", two: str | None = "b", three: str | None = "c") -> dict[str, str | None]:
    return {"one": one, "two": two, "three": three}


def test_of_the_children_of_list_items_one_is_read_and_the_footer_tells_the_nulls_of_the_others(tmp_path: Path) -> None:
    part = part_of([[item(), item()], [], None, [item()], [None]], tmp_path / "x.parquet")
    assert broken(part) == {0: (1, ["2"])}
    assert part.read == ["items", "items[].one"]


def test_a_child_with_a_null_is_read_after_all_and_its_row_is_named(tmp_path: Path) -> None:
    part = part_of([[item()], [], [item(), item(two=None)], [item(two=None, three=None)]], tmp_path / "x.parquet")
    assert broken(part) == {2: (2, ["2", "3"]), 3: (1, ["3"])}
    assert part.read == ["items", "items[].one", "items[].two", "items[].three"]


def test_a_child_that_is_read_for_another_rule_leads(tmp_path: Path) -> None:
    part = part_of([[item()], [], [item(one=None)]], tmp_path / "x.parquet")
    words = Check("is not b", lambda values: pa.compute.equal(values, "b"))
    assert broken(part, [*RULES[1:], (4, ("items[].two", words))]) == {1: (1, ["2"])}
    assert part.read == ["items[].two", "items[].two", "items[].one"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.lists(
                st.one_of(st.none(), st.builds(item, *[st.one_of(st.none(), st.sampled_from("xy"))] * 3)),
                max_size=3,
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_rows_with_nulls_are_those_found_in_memory(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    part = part_of(rows, tmp_path_factory.mktemp("part") / "x.parquet")
    wanted: dict[int, list[str]] = {}
    for n, items in enumerate(rows):
        held = [each for each in items or [] if each is not None]
        nulls = [items is None, *(any(each[name] is None for each in held) for name in ("one", "two", "three"))]
        for number in (number for number, null in enumerate(nulls) if null):
            wanted.setdefault(number, []).append(str(n))
    assert broken(part) == {number: (len(ids), ids) for number, ids in wanted.items()}
