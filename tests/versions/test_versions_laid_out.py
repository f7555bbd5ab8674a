"""Rows laid out in a temporary file: read back as they were stored, by every process that is sent the view."""

import copy
import multiprocessing
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from versions_toy import conversation_row

from schemas.errors import BadTable, NotWritable
from schemas.tables import CONVERSATIONS
from tasks.checking.toy import toy_rows, write_toy
from tasks.versions.laid_out import COLUMNS, lay_out, reopened
from tasks.versions.writer import from_rows
from tasks.view import StageView

TEXTS = st.text(max_size=12)
PARTS = st.floats(0, 1, width=32)
REGIONS = st.none() | st.fixed_dictionaries(dict.fromkeys("xywh", PARTS))
ROWS = st.tuples(TEXTS, st.lists(st.tuples(TEXTS, REGIONS), max_size=4), st.lists(st.tuples(TEXTS, TEXTS), max_size=3))


def stored(texts: list[tuple[str, list[Any], list[Any]]]) -> pa.Table:
    rows = [conversation_row("SAME_YN", 2, "train", number) for number in range(len(texts))]
    for row, (text, images, turns) in zip(rows, texts, strict=True):
        shown = row["images"][0]
        row["images"] = [shown | {"image_id": image_id, "region": region} for image_id, region in images]
        row["turns"] = [{"role": role, "text": said} for role, said in turns]
        row["answer"] |= {"text": text}
        row["subtask"] = text
    return from_rows(CONVERSATIONS, rows).select(COLUMNS)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("sample_id", "family", "subtask", "turns")}
    ids = [image["image_id"] for image in row["images"]]
    return told | {"image_ids": ids, "answer": row["answer"]["text"]}


@settings(deadline=None)
@given(st.lists(ROWS, max_size=7), st.integers(1, 4), st.randoms(use_true_random=False))
def test_rows_in_any_order_are_those_that_were_stored(texts: list[Any], size: int, random: Any) -> None:
    table = stored(texts)
    rows = lay_out((table.slice(start, size) for start in range(0, table.num_rows, size)), table.num_rows)
    order = random.sample(range(len(texts)), len(texts))
    assert len(rows) == len(texts)
    found = rows.rows(np.array(order, dtype=np.int64))
    kept = table.to_pylist()
    for row, at in zip(found, order, strict=True):
        regions = row.pop("regions") or [None] * len(kept[at]["images"])
        assert regions == [image["region"] for image in kept[at]["images"]]
        assert row == plain(kept[at])


def test_more_rows_than_are_joined_at_once_are_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.versions.laid_out._SLICE", 3)
    table = stored([(f"text {at}", [], [("user", "?" * at)]) for at in range(20)])
    found = lay_out([table], 20).rows(np.arange(20))
    assert [row["answer"] for row in found] == [f"text {at}" for at in range(20)]
    assert [row["turns"] for row in found] == table.column("turns").to_pylist()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stage_of_another_number_of_rows_than_promised_is_refused(count: int) -> None:
    with pytest.raises(BadTable, match=f"another number of rows than the {count}"):
        lay_out([stored([("a", [], []), ("b", [], [])])], count)


def test_a_row_without_a_value_is_named() -> None:
    rows = [conversation_row("SAME_YN", 2, "train", number) for number in range(3)]
    rows[1]["turns"] = [{"role": "user", "text": None}]
    with pytest.raises(BadTable, match="'SAME_YN-train-0001' lacks a value"):
        lay_out([from_rows(CONVERSATIONS, rows).select(COLUMNS)], 3)


def test_bytes_that_are_no_text_are_refused() -> None:
    table = stored([("a", [], [])])
    odd = pa.StringArray.from_buffers(1, *pa.array([b"\xff\xff"]).buffers()[1:])
    with pytest.raises(BadTable, match="cannot be read as text"):
        lay_out([table.set_column(2, table.schema.field(2), odd)], 1)


def test_a_place_without_room_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(NotWritable, match=r"laid out in '.*gone' .*TMPDIR"):
        lay_out([stored([("a", [], [])])], 1)


def test_a_file_that_is_not_the_one_that_was_sealed_is_not_read() -> None:
    first, second = (lay_out([stored([(text, [], [])])], 1) for text in ("first", "second"))
    name, seal = first.where()
    again = reopened(name, seal)
    assert again is not None
    assert again.rows(np.array([0])) == first.rows(np.array([0]))
    assert reopened(second.where()[0], seal) is None
    assert reopened(name + "9999", seal) is None


def _first_row(view: StageView, answers: Any) -> None:
    tempfile.tempdir = "/proc/no-such-place"  # laying out again would fail
    row = view[0]
    answers.put((row["sample_id"], row["turns"], [picture.shape for picture in row["images"]]))


def test_a_worker_reads_the_rows_that_its_parent_laid_out(tmp_path: Path) -> None:
    write_toy(tmp_path / "toy", toy_rows())
    view = StageView(tmp_path / "toy", 2)
    first = view[0]
    workers = multiprocessing.get_context("spawn")
    answers = workers.SimpleQueue()
    worker = workers.Process(target=_first_row, args=(view, answers))
    worker.start()
    worker.join()
    assert worker.exitcode == 0
    shapes = [picture.shape for picture in first["images"]]
    assert answers.get() == (first["sample_id"], first["turns"], shapes)


def test_a_view_that_comes_too_late_for_the_file_lays_its_rows_out_itself(tmp_path: Path) -> None:
    write_toy(tmp_path / "toy", toy_rows())
    view = StageView(tmp_path / "toy", 2)
    first, (make, arguments) = view[0], view.__reduce__()
    assert copy.copy(view)[0]["turns"] == first["turns"]
    del view
    late = make(*arguments)
    assert late[0]["turns"] == first["turns"]


def test_a_view_that_outlives_its_script_ends_without_a_word(tmp_path: Path) -> None:
    write_toy(tmp_path / "toy", toy_rows())
    code = (
        "import os, sys; from pathlib import Path; from tasks.view import StageView\n"
        "os.kept = StageView(Path(sys.argv[1]), 2)\n"
        "print(len(os.kept[0]['images']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "toy")], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("5\n", "")
