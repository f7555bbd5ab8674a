"""A squeezed table says what the table said, whole or in parts, and its rows are written as the table's would be."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.tables import Table
from tasks.packs.squeezed import Squeezed
from tasks.versions import writer

SPEC = Table(
    "toys",
    "toy",
    pa.schema(
        [
            pa.field("toy_id", pa.string(), nullable=False),
            pa.field("kind", pa.string()),
            pa.field("marks", pa.list_(pa.string())),
            pa.field("weight", pa.int32()),
            pa.field("place", pa.string()),
        ]
    ),
    key=("toy_id",),
    rows_per_group=2_000,
)
WORDS = st.none() | st.sampled_from(("bag", "b\N{LATIN SMALL LETTER A WITH RING ABOVE}t", ""))
ROWS = st.lists(st.tuples(WORDS, st.lists(st.sampled_from("ab"), max_size=2), st.none() | st.integers(-9, 9)))


def toys(rows: list[tuple[str | None, list[str], int | None]]) -> pa.Table:
    kinds, marks, weights = zip(*rows, strict=True) if rows else ((), (), ())
    ids = [f"toy-{number:06d}" for number in range(len(rows))]
    columns = [ids, list(kinds), list(marks), list(weights), ["shelf"] * len(rows)]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SPEC.schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SPEC.schema)


@settings(deadline=None)
@given(ROWS, st.integers(1, 9), st.integers(1, 9))
def test_rows_in_parts_of_any_size_come_back_in_tables_of_any_size(
    rows: list[tuple[str | None, list[str], int | None]], part: int, together: int
) -> None:
    table = toys(rows)
    squeezed = Squeezed.of(table.schema, table.to_batches(part))
    assert squeezed.num_rows == len(rows)
    assert pa.Table.from_batches(squeezed.parts(), schema=table.schema).equals(table)
    assert squeezed.table(("marks", "kind")).equals(table.select(["marks", "kind"]))
    tables = list(squeezed.tables(together))
    assert [each.num_rows for each in tables[:-1]] == [together] * max(0, len(tables) - 1)
    assert pa.concat_tables([table.schema.empty_table(), *tables]).equals(table)


def test_a_changed_table_has_the_rows_that_are_left_and_no_empty_part() -> None:
    squeezed = Squeezed.of_table(toys([("bag", [], number) for number in range(3_000)]))
    late = squeezed.changed(lambda part: part.filter(pc.greater(part.column("weight"), 2_000)))
    assert late.table(["weight"]).column(0).to_pylist() == list(range(2_001, 3_000))
    assert [part.num_rows > 0 for part in late.parts("weight")] == [True, True]
    assert squeezed.num_rows == 3_000


def test_what_a_thousand_rows_share_with_the_thousand_before_is_kept_once() -> None:
    rows = 5_000
    ids = [f"toy/{number:06d}.jpg" for number in range(rows)]
    same = {field.name: pa.array(["the same long text in every row"] * rows) for field in SPEC.schema}
    table = pa.table(same | {"toy_id": pa.array(ids)})
    (whole,) = Squeezed.of_table(table).tables(rows)
    assert whole.equals(table)
    chunks = whole.column("kind").chunks
    assert (len(chunks), len({chunk.buffers()[2].address for chunk in chunks})) == (5, 1)
    assert whole.column("toy_id").num_chunks == 1


def test_groups_written_one_by_one_are_the_bytes_of_the_table_written_whole(tmp_path: Path) -> None:
    table = toys([("bag" if number % 3 else None, ["a"] * (number % 2), number % 7) for number in range(5_000)])
    squeezed = Squeezed.of_table(table).changed(lambda part: part.slice(5))
    writer.write(SPEC, squeezed.table(SPEC.schema.names), tmp_path / "whole")
    writer.write_groups(SPEC, squeezed.tables(SPEC.rows_per_group), tmp_path / "groups")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "groups").read_bytes()
