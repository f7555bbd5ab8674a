"""Distractors are shown as wrong candidates in rows of the test split, and are never anything else."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from questions_toy import image, people, pool_of, rows_of

FAMILIES = ("I2I_PICK1", "I2I_NONE")


def nobodies(folder: str = "gallery", cameras: Sequence[str] = ("c0", "c1", "c2")) -> list[dict[str, Any]]:
    """Three distractors by each camera, in a folder of the dataset."""
    return [
        image("toy", "0000", camera, "-", f"toy/{folder}/0000_{camera}_{shot}.jpg", split="none")
        | {"role_flag": "distractor", "source_split": folder, "person_key": None, "clothes_key": None}
        for camera in cameras
        for shot in range(3)
    ]


def strange(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The pictures of a row that show nobody."""
    return [shown for shown in row["images"] if shown["person_key"] is None]


def is_none(row: dict[str, Any]) -> bool:
    return bool(row["answer"]["text"] == "None")


@pytest.mark.parametrize("family", FAMILIES)
def test_distractors_are_wrong_candidates_of_the_matchs_camera_and_named_so(family: str):
    rows = rows_of(family, pool_of([*people(30, split="test"), *nobodies()], "test"), 200, distractors=1.0)
    assert len(rows) == 200
    assert not any(strange(row) for row in rows if len(row["images"]) == 3)
    larger = [row for row in rows if len(row["images"]) > 3]
    assert len(larger) > 100
    for row in larger:
        (shown,) = strange(row)
        gold = row["answer"]["gold_index"] or 0
        assert shown["role"] == "gallery"
        assert row["images"].index(shown) + 1 != gold
        assert len({one["cam_key"] for one in row["images"][1:]}) == 1
        named = {one["ref"]: (one["strategy"], one["rank"], one["miner"]) for one in row["negatives"]}
        assert named[shown["image_id"]] == ("distractor", None, None)
        assert [how for how, _, _ in named.values()].count("distractor") == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_distractor_tells_nothing_about_the_answer(family: str):
    pool = pool_of([*people(40, split="test"), *nobodies()], "test")
    rows = [row for row in rows_of(family, pool, 600, distractors=0.4, none_share=0.5) if len(row["images"]) > 3]
    shares = {none: [bool(strange(row)) for row in rows if is_none(row) == none] for none in (True, False)}
    assert all(len(found) > 150 for found in shares.values())
    assert all(abs(sum(found) / len(found) - 0.4) < 0.1 for found in shares.values())


def test_both_rows_of_a_twin_show_the_same_distractor():
    rows = rows_of("I2I_NONE", pool_of([*people(30, split="test"), *nobodies()], "test"), 100, distractors=0.5)
    twins = Counter((row["images"][0]["image_id"], *(one["image_id"] for one in strange(row))) for row in rows)
    assert all(count % 2 == 0 for count in twins.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_no_row_changes_where_no_distractor_is_asked_for_or_known(family: str):
    alone, beside = (pool_of([*people(20, split="test"), *more], "test") for more in ([], nobodies()))
    before = rows_of(family, alone, 60)
    assert before == rows_of(family, beside, 60)
    assert before == rows_of(family, alone, 60, distractors=0.5)
    elsewhere = pool_of([*people(20, split="test"), *nobodies(cameras=["c9"])], "test")
    assert before == rows_of(family, elsewhere, 60, distractors=0.5)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_for_training_never_show_a_distractor(family: str):
    """Not those of the test half, not those that a training folder holds, whatever the recipe asks for."""
    images = [*people(20), *nobodies(), *nobodies("train")]
    rows = rows_of(family, pool_of(images), 60, distractors=1.0)
    assert rows == rows_of(family, pool_of(people(20)), 60)
    assert not any(strange(row) for row in rows)


def test_only_distractors_of_the_test_half_are_shown():
    pool = pool_of([*people(20, split="test"), *nobodies("train")], "test")
    assert pool.distractors is None


def test_a_distractor_is_neither_asked_about_nor_counted_among_the_people():
    pool = pool_of([*people(20, split="test"), *nobodies()], "test")
    assert pool.distractors is not None
    assert (pool.size, pool.distractors.table.num_rows) == (120, 9)
    assert pool.shown_table.num_rows == len(pool.shown_words) == 129
    assert not set(pool.distractors.table["image_id"].to_pylist()) & set(pool.table["image_id"].to_pylist())


def test_more_people_and_distractors_leave_the_others_choices_alone():
    few = pool_of([*people(20, split="test"), *nobodies()], "test")
    other = pool_of(
        [*people(20, split="test"), *nobodies(), *people(9, split="test", source="other")],
        "test",
    )
    wide = rows_of("I2I_PICK1", other, 400, distractors=0.5)
    kept = {row["sample_id"]: row for row in rows_of("I2I_PICK1", few, 60, distractors=0.5)}
    assert all(row == kept[row["sample_id"]] for row in wide if row["sample_id"] in kept)
    assert len(kept) == len(kept.keys() & {row["sample_id"] for row in wide})
