"""The canonical writer: bytes are a function of the rows."""

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from versions_toy import caption_row, conversation_row, image_row, reject_row

from schemas.errors import BadTable
from schemas.tables import TABLES
from tasks.versions.writer import canonical, from_rows, logical_digest, stored_schema, write

ROWS: dict[str, list[dict[str, Any]]] = {
    "images": [image_row("market1501", n) for n in range(40)],
    "captions": [caption_row("market1501", n) for n in range(40)],
    "conversations": [conversation_row("SAME_YN", 2, "train", n) for n in range(40)],
    "rejects": [reject_row(f"s{n}", "images") for n in range(40)],
}


def shuffled(rows: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    return random.Random(seed).sample(rows, len(rows))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def in_chunks(table: pa.Table, size: int) -> pa.Table:
    return pa.concat_tables([table.slice(start, size) for start in range(0, table.num_rows, size)])


@pytest.mark.parametrize("name", sorted(ROWS))
@pytest.mark.parametrize(("seed", "chunk"), [(1, 40), (2, 7), (3, 1)])
def test_shuffled_rows_in_other_chunks_give_the_same_bytes(name: str, seed: int, chunk: int, tmp_path: Path) -> None:
    spec = TABLES[name]
    write(spec, from_rows(spec, ROWS[name]), tmp_path / "a.parquet")
    write(spec, in_chunks(from_rows(spec, shuffled(ROWS[name], seed)), chunk), tmp_path / "b.parquet")
    assert sha256(tmp_path / "a.parquet") == sha256(tmp_path / "b.parquet")


def test_large_image_groups_in_any_chunk_layout_give_the_same_bytes(tmp_path: Path) -> None:
    spec = TABLES["images"]
    rng = np.random.default_rng(0)
    rows = [{**image_row("s", n), "image": {"bytes": rng.bytes(5_000), "path": "x.jpg"}} for n in range(2_500)]
    for index, chunk in enumerate((2_500, 333, 1_001)):
        write(spec, in_chunks(from_rows(spec, shuffled(rows, index)), chunk), tmp_path / f"{index}.parquet")
    assert len({sha256(path) for path in tmp_path.iterdir()}) == 1
    assert pq.ParquetFile(tmp_path / "0.parquet").metadata.num_row_groups == 3


def test_another_process_with_another_hash_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from test_versions_writer import ROWS, TABLES, from_rows, shuffled, write\n"
        "for name, rows in ROWS.items():\n"
        "    write(TABLES[name], from_rows(TABLES[name], shuffled(rows, 9)), Path(sys.argv[2]) / f'{name}.parquet')\n"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "4321", "OMP_NUM_THREADS": "2"})
    for name, rows in ROWS.items():
        write(TABLES[name], from_rows(TABLES[name], rows), tmp_path / "here.parquet")
        assert sha256(tmp_path / "here.parquet") == sha256(tmp_path / f"{name}.parquet")


def test_rows_that_share_a_key_are_ordered_by_their_values(tmp_path: Path) -> None:
    spec = TABLES["captions"]
    rows = [{**caption_row("s", n // 3), "text": f"text {n}", "flags": [str(n)]} for n in range(12)]
    written = set()
    for seed in range(4):
        write(spec, from_rows(spec, shuffled(rows, seed)), tmp_path / "x.parquet")
        written.add(sha256(tmp_path / "x.parquet"))
    assert len(written) == 1
    assert pq.read_table(tmp_path / "x.parquet").column("text").to_pylist() == sorted(
        (row["text"] for row in rows), key=lambda text: (int(text.split()[1]) // 3, text)
    )


def test_nulls_where_none_are_promised_are_refused_by_column_also_inside_structs_and_lists() -> None:
    captions, conversations = TABLES["captions"], TABLES["conversations"]
    with pytest.raises(BadTable, match="'text'"):
        canonical(captions, from_rows(captions, [{**caption_row("s", 0), "text": None}]))
    row = conversation_row("SAME_YN", 2, "train", 0)
    for change, place in (
        ({"turns": [{"role": "user", "text": None}]}, r"turns\[\]\.text"),
        ({"template": {**row["template"], "seed": None}}, r"template\.seed"),
        ({"quality": {"n_words": 1, "flags": [None]}}, "never null|cast"),
    ):
        table = from_rows(conversations, [{**row, **change}])
        if "flags" not in str(change):
            with pytest.raises(BadTable, match=place):
                canonical(conversations, table)


def test_a_missing_column_and_a_wrong_type_are_refused() -> None:
    spec = TABLES["rejects"]
    table = from_rows(spec, ROWS["rejects"])
    with pytest.raises(BadTable, match="lacks the column 'detail'"):
        canonical(spec, table.drop_columns(["detail"]))
    numbers = pa.array([[n] for n in range(table.num_rows)])
    with pytest.raises(BadTable, match="rejects"):
        canonical(spec, table.set_column(table.column_names.index("detail"), "detail", numbers))
    with pytest.raises(BadTable, match="does not fit"):
        from_rows(spec, [{"reject_id": ["no"]}])


@pytest.mark.parametrize("name", sorted(TABLES))
def test_an_empty_table_is_a_file_with_the_whole_schema(name: str, tmp_path: Path) -> None:
    spec = TABLES[name]
    write(spec, spec.schema.empty_table(), tmp_path / "empty.parquet")
    found = pq.read_table(tmp_path / "empty.parquet")
    assert found.num_rows == 0
    assert found.schema.equals(stored_schema(spec), check_metadata=False)
    assert json.loads(found.schema.metadata[b"reidforge"]) == {"format_version": 1, "table": name}
    assert b"pandas" not in found.schema.metadata


def test_every_table_of_the_schemas_was_tried() -> None:
    assert len(TABLES) >= 11


def test_jpeg_bytes_stand_uncompressed_and_text_does_not(tmp_path: Path) -> None:
    write(TABLES["images"], from_rows(TABLES["images"], ROWS["images"]), tmp_path / "x.parquet")
    group = pq.ParquetFile(tmp_path / "x.parquet").metadata.row_group(0)
    found = {group.column(n).path_in_schema: group.column(n).compression for n in range(group.num_columns)}
    assert found["image.bytes"] == "UNCOMPRESSED"
    assert {found["image_id"], found["image.path"]} == {"ZSTD"}


_text = st.text(st.characters(codec="utf-8"), max_size=8)
_values = st.fixed_dictionaries(
    {
        "text": st.none() | _text,
        "data": st.none() | st.binary(max_size=8),
        "number": st.none() | st.integers(-(2**31), 2**31 - 1),
        "flag": st.none() | st.booleans(),
        "share": st.none() | st.floats(allow_nan=False, width=32),
        "words": st.none() | st.lists(st.none() | _text, max_size=3),
        "pair": st.none()
        | st.fixed_dictionaries({"a": st.none() | _text, "b": st.lists(st.integers(0, 9), max_size=2)}),
    }
)
_SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("data", pa.binary()),
        ("number", pa.int32()),
        ("flag", pa.bool_()),
        ("share", pa.float32()),
        ("words", pa.list_(pa.string())),
        ("pair", pa.struct([("a", pa.string()), ("b", pa.list_(pa.int8()))])),
    ]
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(_values, max_size=9), cut=st.integers(1, 4), skip=st.integers(0, 3))
def test_the_logical_digest_sees_values_and_never_the_chunk_layout(
    rows: list[dict[str, Any]], cut: int, skip: int
) -> None:
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    padded = pa.Table.from_pylist(rows[:1] * skip + rows, schema=_SCHEMA).slice(min(skip, skip * len(rows)))
    assert logical_digest(padded) == logical_digest(table)
    if rows:
        assert logical_digest(in_chunks(table, cut)) == logical_digest(table)
        changed = [{**rows[0], "text": (rows[0]["text"] or "") + "x"}, *rows[1:]]
        assert logical_digest(pa.Table.from_pylist(changed, schema=_SCHEMA)) != logical_digest(table)


def test_the_logical_digest_tells_null_from_empty_and_one_cut_from_another() -> None:
    def digest(values: list[Any], kind: pa.DataType) -> str:
        return logical_digest(pa.table({"x": pa.array(values, kind)}))

    text, words = pa.string(), pa.list_(pa.string())
    assert digest([None], text) != digest([""], text)
    assert digest(["ab", "c"], text) != digest(["a", "bc"], text)
    assert digest([["a"], ["b"]], words) != digest([["a", "b"], []], words)
    assert digest([None], words) != digest([[]], words)
    assert digest([1], pa.int32()) != digest([1], pa.int64())


def test_what_lies_under_a_null_never_reaches_the_logical_digest() -> None:
    clean = pa.array(["a", None, "c"])
    buffers = [clean.buffers()[0], pa.py_buffer(np.array([0, 1, 5, 6], dtype=np.int32)), pa.py_buffer(b"ajunkc")]
    dirty = pa.Array.from_buffers(pa.string(), 3, buffers)
    assert dirty.to_pylist() == clean.to_pylist()
    assert logical_digest(pa.table({"x": dirty})) == logical_digest(pa.table({"x": clean}))


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.tuples(_text, st.none() | _text, st.lists(_text, max_size=3)), max_size=20))
def test_a_table_comes_back_as_it_was_written(
    texts: list[tuple[str, str | None, list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    spec = TABLES["captions"]
    rows = [
        {**caption_row("s", n), "text": text, "style": style, "flags": flags}
        for n, (text, style, flags) in enumerate(texts)
    ]
    path = tmp_path_factory.mktemp("trip") / "x.parquet"
    write(spec, from_rows(spec, rows), path)
    found = pq.read_table(path, partitioning=None)
    assert found.replace_schema_metadata(None).equals(canonical(spec, from_rows(spec, rows)))
    assert logical_digest(found) == logical_digest(from_rows(spec, rows))
