"""People laid out in files are the people that were read, and nobody can change them for the others."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from questions_toy import image, people, pool_of, rich_crowd

from schemas.question import Pool
from tasks.steps.pool_files import laid_out, lay_out


def equal(one: object, other: object) -> bool:
    """Whether two values of a pool's fields say the same, down to the types of arrays."""
    if isinstance(one, pa.Table):
        return one.equals(other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if hasattr(one, "__dataclass_fields__"):
        return all(equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return one == other


def a_pool_with_distractors_and_hashes() -> Pool:
    images = people(4, split="test")
    nobody = image("toy", "0000", "c1", "0", "toy/gallery/0000_c1.jpg", split="test", role_flag="distractor")
    nobody["source_split"] = "gallery"
    shown = [*images, nobody]
    pool = pool_of(shown, "test", looks={row["image_id"]: at for at, row in enumerate(shown)})
    assert pool.distractors is not None
    return pool


@pytest.mark.parametrize(
    "pool",
    [rich_crowd(), a_pool_with_distractors_and_hashes(), pool_of([])],
    ids=["rich", "with distractors", "empty"],
)
def test_people_laid_out_are_those_that_were_read(tmp_path: Path, pool: Pool) -> None:
    lay_out(pool, tmp_path / "people")
    assert equal(laid_out(tmp_path / "people"), pool)


def test_people_laid_out_cannot_be_changed(tmp_path: Path) -> None:
    lay_out(rich_crowd(), tmp_path / "people")
    with pytest.raises(ValueError, match="read-only"):
        laid_out(tmp_path / "people").person[0] = 1
