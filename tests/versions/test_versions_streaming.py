"""The canonical writer block by block: the bytes of the whole table, whatever the blocks."""

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from versions_toy import caption_row, conversation_row

from schemas.errors import BadTable
from schemas.tables import TABLES
from tasks.versions.streaming import LogicalDigest, logical_of, write_files
from tasks.versions.writer import canonical, from_rows, logical_digest, write

SPEC = TABLES["conversations"]
ROWS = canonical(SPEC, from_rows(SPEC, [conversation_row("SAME_YN", 2, "train", n) for n in range(60)]))


def blocks_of(table: pa.Table, cuts: list[int]) -> list[pa.Table]:
    edges = [0, *sorted(cuts), table.num_rows]
    return [table.slice(start, end - start) for start, end in pairwise(edges)]


def many(rows: int) -> pa.Table:
    """A table of more rows than a row group holds, with ids in order."""
    one = pa.concat_tables([ROWS] * (rows // ROWS.num_rows + 1)).slice(0, rows).combine_chunks()
    return one.set_column(0, SPEC.schema.field(0), pa.array([f"same_yn-{n:016x}" for n in range(rows)]))


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_any_blocks_give_the_bytes_and_the_digest_of_the_whole_table(
    cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    write(SPEC, ROWS, folder / "whole.parquet")
    (made,) = write_files(SPEC, blocks_of(ROWS, cuts), folder, "blocks")
    assert (folder / made.name).read_bytes() == (folder / "whole.parquet").read_bytes()
    assert made.name == "blocks.parquet"
    assert (made.rows, made.logical) == (60, logical_digest(ROWS)) == logical_of(folder / made.name)


def test_row_groups_are_cut_by_position_and_not_by_block(tmp_path: Path) -> None:
    table = many(70_000)
    write(SPEC, table, tmp_path / "whole.parquet")
    (made,) = write_files(SPEC, blocks_of(table, [1, 20_000, 65_537]), tmp_path, "blocks")
    assert (tmp_path / made.name).read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert pq.ParquetFile(tmp_path / made.name).metadata.num_row_groups == 2
    assert made.logical == logical_digest(table)


def test_many_rows_are_cut_into_files_by_position_in_the_order_of_ids(tmp_path: Path) -> None:
    made = write_files(SPEC, blocks_of(ROWS, [10, 11, 37]), tmp_path, "rows", rows_per_file=25)
    assert [(file.name, file.rows) for file in made] == [
        ("rows-0000.parquet", 25),
        ("rows-0001.parquet", 25),
        ("rows-0002.parquet", 10),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name for file in made]
    for number, file in enumerate(made):
        alone = ROWS.slice(25 * number, 25)
        write(SPEC, alone, tmp_path / "alone.parquet")
        assert (tmp_path / file.name).read_bytes() == (tmp_path / "alone.parquet").read_bytes()
        assert file.logical == logical_digest(alone)


def test_as_many_rows_as_a_file_holds_are_one_file(tmp_path: Path) -> None:
    assert [file.name for file in write_files(SPEC, [ROWS], tmp_path, "rows", rows_per_file=60)] == ["rows.parquet"]


def test_no_rows_are_one_empty_file(tmp_path: Path) -> None:
    (made,) = write_files(SPEC, [], tmp_path, "none")
    write(SPEC, ROWS.slice(0, 0), tmp_path / "whole.parquet")
    assert (tmp_path / made.name).read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert (made.rows, made.logical) == (0, logical_digest(ROWS.slice(0, 0)))


@pytest.mark.parametrize(
    "blocks",
    [
        [ROWS.take(pa.array(range(59, -1, -1)))],
        [ROWS.slice(30), ROWS.slice(0, 30)],
        [ROWS.slice(0, 30), ROWS.slice(29)],
    ],
    ids=["within a block", "between blocks", "one id twice"],
)
def test_rows_out_of_order_are_refused_with_their_key(blocks: list[pa.Table], tmp_path: Path) -> None:
    with pytest.raises(BadTable, match=r"Block \d of the table 'conversations' is not in the order of its key"):
        write_files(SPEC, blocks, tmp_path, "rows")


def test_a_null_in_a_later_block_is_refused(tmp_path: Path) -> None:
    column = ROWS.schema.get_field_index("family")
    bad = ROWS.slice(30).set_column(column, "family", pa.nulls(30, pa.string()))
    with pytest.raises(BadTable, match=r"family.*is never null"):
        write_files(SPEC, [ROWS.slice(0, 30), bad], tmp_path, "rows")


@pytest.mark.parametrize("size", [1, 8_191, 8_192, 8_193, 20_000])
def test_the_logical_digest_of_pieces_is_that_of_the_table(size: int) -> None:
    spec = TABLES["captions"]
    table = pa.concat_tables([from_rows(spec, [caption_row("market1501", n) for n in range(500)])] * 40)
    digest = LogicalDigest(table.schema)
    for start in range(0, table.num_rows, max(size, 997)):
        digest.add(table.slice(start, max(size, 997)))
    assert digest.hexdigest() == logical_digest(table)


def test_a_file_is_digested_group_by_group_as_if_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "groups.parquet"
    pq.write_table(ROWS, path, row_group_size=7)
    assert logical_of(path) == (60, logical_digest(ROWS))
