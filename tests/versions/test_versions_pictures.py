"""Stored pictures by name: read from their place where our writer left them, and from their row group elsewhere."""

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import BadTable
from schemas.tables import IMAGES
from tasks.checking.toy import toy_rows, write_toy
from tasks.versions import pictures
from tasks.versions.pictures import StoredPictures
from tasks.versions.writer import from_rows, write
from tasks.view import StageView

COUNT = 2_500


def encoded(at: int) -> bytes:
    return np.random.default_rng(at).bytes(20 + at % 50)


def rows(lengths=len):
    return [
        {"image_id": f"s/{at:05}", "source": "s", "image": {"bytes": encoded(at), "path": f"{at}.jpg"}}
        | {"sha256": "0" * 64, "n_bytes": lengths(encoded(at)), "width": 8, "height": 16, "format": "jpeg", "phash": at}
        for at in range(COUNT)
    ]


def opened(*paths: Path) -> StoredPictures:
    return StoredPictures((path, pq.read_table(path, columns=["image_id", "n_bytes"])) for path in paths)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "s-0000.parquet"
    write(IMAGES, from_rows(IMAGES, rows()), path)
    return path


ASKED = [2_499, 0, 999, 1_000, 1_999, 2_000, 0]


def test_a_picture_of_our_writer_is_read_from_its_place_alone(ours: Path, monkeypatch: pytest.MonkeyPatch):
    stored = opened(ours)
    monkeypatch.setattr(pictures.pq, "ParquetFile", None)
    assert stored.read([f"s/{at:05}" for at in ASKED]) == [encoded(at) for at in ASKED]
    assert stored.read([f"s/{at:05}" for at in range(COUNT)]) == [encoded(at) for at in range(COUNT)]


@pytest.mark.parametrize(
    "layout",
    [
        {"compression": "zstd"},
        {"use_dictionary": True, "compression": "none"},
        {"use_dictionary": False, "compression": "none", "data_page_size": 500, "write_batch_size": 10},
        {"use_dictionary": False, "compression": "none", "column_encoding": {"image.bytes": "DELTA_LENGTH_BYTE_ARRAY"}},
    ],
    ids=["compressed", "dictionary", "many pages", "lengths apart"],
)
def test_a_file_of_another_layout_gives_the_same_pictures(layout: dict[str, object], tmp_path: Path):
    path = tmp_path / "other.parquet"
    pq.write_table(from_rows(IMAGES, rows()), path, row_group_size=700, **layout)
    assert opened(path).read([f"s/{at:05}" for at in ASKED]) == [encoded(at) for at in ASKED]


@pytest.mark.parametrize("lengths", [lambda _: -5, lambda _: 2**31 - 1, lambda data: len(data) + 1, lambda _: 0])
def test_lengths_that_lie_cost_nothing_but_time(lengths, tmp_path: Path):
    path = tmp_path / "lies.parquet"
    write(IMAGES, from_rows(IMAGES, rows(lengths)), path)
    assert opened(path).read([f"s/{at:05}" for at in ASKED]) == [encoded(at) for at in ASKED]


@pytest.mark.parametrize("layout", ["ours", "compressed"])
def test_pictures_among_some_are_those_that_stand_there_and_no_others(layout: str, ours: Path, tmp_path: Path):
    path = ours
    if layout == "compressed":
        path = tmp_path / "other.parquet"
        pq.write_table(from_rows(IMAGES, rows()), path, row_group_size=700, compression="zstd")
    told = pq.read_table(path, columns=["image_id", "n_bytes"])
    stored = StoredPictures([(path, told), (ours, told)], pa.array(f"s/{at:05}" for at in ASKED))
    assert stored.read([f"s/{at:05}" for at in ASKED]) == [encoded(at) for at in ASKED]
    assert stored.lacking(["s/00000", "s/00001"]) == "s/00001"


def test_more_files_than_may_be_open_are_read_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "_OPEN", 2)
    table = from_rows(IMAGES, rows())
    paths = [tmp_path / f"s-{part:04}.parquet" for part in range(5)]
    for part, path in enumerate(paths):
        write(IMAGES, table.slice(part * 500, 500), path)
    asked = [at for start in range(3) for at in range(start, COUNT, 499)]
    assert opened(*paths).read([f"s/{at:05}" for at in asked]) == [encoded(at) for at in asked]


def test_a_file_that_went_away_or_lost_its_end_is_named(ours: Path, tmp_path: Path):
    path = tmp_path / "images" / "gone.parquet"
    path.parent.mkdir()
    path.write_bytes(ours.read_bytes())
    stored = opened(path)
    path.unlink()
    with pytest.raises(BadTable, match=r"images/gone\.parquet"):
        stored.read(["s/00000"])
    whole = opened(ours)
    path.write_bytes(ours.read_bytes()[:-2_000])
    with pytest.raises(BadTable, match=r"images/gone\.parquet"):
        StoredPictures([(path, pa.table({"image_id": ["x"], "n_bytes": [1]}))])
    assert "s/00000" in whole
    assert "s/99999" not in whole


def test_a_view_keeps_no_row_in_memory(tmp_path: Path):
    rows = toy_rows()
    told = next(row for row in rows["conversations"] if (row["stage"], row["split"]) == (2, "train"))
    long = [{**turn, "text": turn["text"] + " again" * 4_000} for turn in told["turns"]]
    rows["conversations"] = [told | {"sample_id": f"same-{at:04}", "turns": long} for at in range(400)]
    write_toy(tmp_path / "toy", rows)
    code = (
        "import sys; from pathlib import Path; import pyarrow as pa; from tasks.view import StageView\n"
        "view = StageView(Path(sys.argv[1]), 2)\n"
        "before = pa.total_allocated_bytes()\n"
        "print(sum(1 for _ in view), pa.total_allocated_bytes() - before, view.table.nbytes)\n"
    )  # in a process of its own: what the threads of this one allocate meanwhile counts for nothing
    command = [sys.executable, "-c", code, str(tmp_path / "toy")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    read, grown, whole = map(int, done.stdout.split())
    assert read == 400
    assert grown < whole / 4


def test_a_view_travels_by_name_and_refuses_rows_it_has_not(tmp_path: Path):
    write_toy(tmp_path / "toy", toy_rows())
    view = StageView(tmp_path / "toy", 2)
    first = view[0]
    other = copy.copy(view)
    assert (other[0]["sample_id"], other.stage, other.split) == (first["sample_id"], 2, "train")
    assert [row["sample_id"] for row in view] == view.table.column("sample_id").to_pylist()
    for wrong in ([-1], [0, len(view)]):
        with pytest.raises(IndexError, match="not all among"):
            view.__getitems__(wrong)
    assert view.__getitems__([]) == []
