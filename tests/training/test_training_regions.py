"""What the trainer sees of a picture of which a row shows only a part."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from training_toy import Toy

from tasks.checking.toy import toy_rows, write_toy
from tasks.training.patches import HEIGHT, WIDTH
from tasks.training.questions import score_split
from tasks.training.reading import read_split, to_size
from tasks.versions.reader import VersionFolder
from tasks.view import decode

REGION = {"x": 0.0, "y": 0.25, "w": 1.0, "h": 0.5}


def cut_one(rows: dict[str, list[dict[str, Any]]], split: str) -> tuple[dict[str, Any], int]:
    """Show only a part of the last picture of the first row of several pictures; that row, and its stage."""
    row = next(row for row in rows["conversations"] if row["split"] == split and len(row["images"]) > 1)
    row["images"][-1]["region"] = REGION
    return row, row["stage"]


def bytes_of(rows: dict[str, list[dict[str, Any]]], image_id: str) -> bytes:
    return next(image["image"]["bytes"] for image in rows["images"] if image["image_id"] == image_id)


def test_a_part_is_a_picture_of_its_own_and_every_other_number_and_array_stays(tmp_path: Path) -> None:
    plain, rows = toy_rows(), toy_rows()
    row, stage = cut_one(rows, "train")
    write_toy(tmp_path / "plain", plain)
    write_toy(tmp_path / "cut", rows)
    before, after = (read_split(Toy(tmp_path / name), "train") for name in ("plain", "cut"))
    assert (before.parts, after.parts) == (0, 1)
    assert before.size == after.size
    everybody = np.arange(before.size)
    np.testing.assert_array_equal(before.pictures.take(everybody), after.pictures.take(everybody))
    changed = [
        (old, new)
        for number in before.stages
        for old, new in zip(before.stages[number], after.stages[number], strict=True)
        if old != new
    ]
    ((old, new),) = changed
    assert new.images == (*old.images[:-1], before.size)
    assert new in after.stages[stage]
    whole = decode(bytes_of(rows, row["images"][-1]["image_id"]))
    part = Image.fromarray(whole[4:12]).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(after.pictures.take([before.size])[0], np.asarray(part))


def test_a_held_out_question_shows_the_part_too(tmp_path: Path) -> None:
    rows = toy_rows()
    row, stage = cut_one(rows, "test")
    write_toy(tmp_path, rows)
    shown: list[np.ndarray] = []

    def answer(samples, encoded):
        pixels = to_size(encoded)
        shown.extend(pixels[number] for sample in samples for number in sample.images)
        return [sample.answer for sample in samples]

    scores = score_split(VersionFolder(tmp_path), "test", (stage,), answer)
    assert all(score.accuracy == 1 for score in scores)
    part = to_size([bytes_of(rows, row["images"][-1]["image_id"])], [REGION])[0]
    assert sum(np.array_equal(picture, part) for picture in shown) == 1
