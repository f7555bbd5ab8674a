"""Rows that show a part of a picture: reading, exporting and looking at them cut the same part."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from versions_toy import FAMILIES, toy

from generators.plain_png import plain_png
from schemas.tables import TABLES
from tasks.steps.export import export
from tasks.versions.regions import part_of, shown_name
from tasks.versions.writer import from_rows, write
from tasks.view import StageView, cut, decode

PIXELS = np.arange(128 * 64 * 3, dtype=np.uint32).reshape(128, 64, 3).astype(np.uint8)


def region(x: float, y: float, w: float, h: float) -> dict[str, float]:
    return {"x": x, "y": y, "w": w, "h": h}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (region(0, 0.25, 1, 0.5), PIXELS[32:96]),
        (region(0.5, 0, 0.25, 1), PIXELS[:, 32:48]),
        (region(0.999, 0.999, 0.001, 0.001), PIXELS[127:, 63:]),
        (region(0, 0, 1, 1), PIXELS),
        (None, PIXELS),
    ],
)
def test_a_part_is_cut_by_fractions_and_never_empty(part: dict[str, float] | None, expected: np.ndarray) -> None:
    assert np.array_equal(part_of(PIXELS, part), expected)


def test_a_cut_picture_decodes_to_the_part_and_a_whole_one_keeps_its_bytes() -> None:
    whole = cut(b"anything", None)
    assert whole == b"anything"
    encoded = cut(_png(), region(0, 0.25, 1, 0.5))
    assert np.array_equal(decode(encoded), PIXELS[32:96])
    assert encoded == cut(_png(), region(0, 0.25, 1, 0.5))


def _png() -> bytes:
    return plain_png(PIXELS)


def test_the_name_of_what_is_shown_tells_parts_apart() -> None:
    refs = [{"image_id": "a/1.jpg"}, {"image_id": "a/1.jpg", "region": region(0, 0.2, 1, 0.6)}]
    refs.append({"image_id": "a/1.jpg", "region": region(0, 0.2, 1, 0.7)})
    assert shown_name(refs[0]) == "a/1.jpg"
    assert len({shown_name(ref) for ref in refs}) == 3


def test_views_and_exports_show_the_same_part(tmp_path: Path) -> None:
    version = toy(tmp_path / "store", FAMILIES).publish(tmp_path / "remote").folder
    (path,) = (version / "data" / "stage2").glob("train-*.parquet")
    rows = pq.read_table(path, partitioning=None).to_pylist()
    rows[0]["images"][1]["region"] = region(0, 0.25, 1, 0.5)
    path.chmod(0o644)
    write(TABLES["conversations"], from_rows(TABLES["conversations"], rows), path)
    seen = next(row for row in StageView(version, 2) if row["sample_id"] == rows[0]["sample_id"])
    whole, part = seen["images"]
    assert (part.shape[0], part.shape[1]) == (whole.shape[0] // 2, whole.shape[1])
    out = export(version, 2, "llama-factory", tmp_path / "out")
    lines = [json.loads(line) for line in (out / "stage2-train.jsonl").read_text().splitlines()]
    (line,) = (line for line in lines if line["sample_id"] == rows[0]["sample_id"])
    exported = [decode((out / name).read_bytes()) for name in line["images"]]
    assert np.array_equal(exported[0], whole)
    assert np.array_equal(exported[1], part)
    assert line["images"][1].endswith(".png")
