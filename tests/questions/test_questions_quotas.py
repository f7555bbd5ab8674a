"""Quotas: cells are met exactly or named with what they got; caps hold for images, persons and wordings."""

import re
from collections import Counter
from typing import Any

import pytest
from questions_toy import composed, people, pool_of, rich_crowd, table_of

from schemas.errors import BadRecipe
from schemas.question import Pool


def two_sources() -> Pool:
    return pool_of([*people(20), *people(6, source="other")])


def filled(family: str, pool: Pool, rows: int, **options: Any) -> tuple[list[dict[str, Any]], str]:
    table, reason = composed(family, pool, rows, **options)
    return table.to_pylist(), reason


def sources(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["images"][0]["source"] for row in rows)


def test_shares_of_sources_are_met_exactly():
    rows, reason = filled("SAME_YN", two_sources(), 200, shares={"source": {"toy": 1, "other": 3}})
    assert reason == ""
    assert sources(rows) == {"toy": 50, "other": 150}
    assert Counter(row["answer"]["text"] for row in rows) == {"Yes": 100, "No": 100}


def test_a_cell_that_cannot_be_filled_is_named_with_what_it_got():
    shares = {"source": {"toy": 1, "other": 1}, "answer": {"match": 0.5, "none": 0.5}}
    rows, reason = filled("I2I_PICK1", two_sources(), 8_000, shares=shares, per_image=20)
    full = Counter((row["images"][0]["source"], row["answer"]["gold_index"] == 0) for row in rows)
    assert full["toy", True] <= 2_000
    assert re.search(r"other: \d+ of 4000 rows, because .*\(match: \d+ of 2000; none: \d+ of 2000\)", reason)


def test_answer_classes_and_difficulties_are_met_together():
    shares = {"answer": {"match": 0.6, "none": 0.4}, "difficulty": {"easy": 1}}
    rows, reason = filled("I2I_PICK1", two_sources(), 100, shares=shares)
    assert reason == ""
    assert Counter(row["answer"]["gold_index"] == 0 for row in rows) == {False: 60, True: 40}
    assert {flag for row in rows for flag in row["quality"]["flags"]} == {"difficulty_easy"}


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"weather": {"rain": 1}}, "'weather'"),
        ({"difficulty": {"hardest": 1}}, "'hardest'"),
        ({"source": {"toy": -1, "other": 1}}, "positive"),
        ({"answer": {"match": 1}}, "'answer'"),
    ],
)
def test_a_share_of_something_unknown_is_refused_with_what_is_known(shares: dict[str, Any], words: str):
    with pytest.raises(BadRecipe, match=words):
        filled("SAME_YN", two_sources(), 10, shares=shares)


@pytest.mark.parametrize(
    ("family", "has"), [("ATTR_QA", "source, modality, subtask"), ("CAP2ATTR", "source, modality")]
)
def test_a_family_without_a_kind_of_negative_does_not_divide_by_it(family: str, has: str):
    with pytest.raises(BadRecipe, match=f"has 'difficulty', by which this family does not divide: {has}"):
        filled(family, rich_crowd(), 10, shares={"difficulty": {"easy": 1}})


def test_a_source_that_is_not_there_is_a_cell_without_rows():
    rows, reason = filled("SAME_YN", two_sources(), 40, shares={"source": {"toy": 1, "absent": 1}})
    assert sources(rows) == {"toy": 20}
    assert "absent: 0 of 20 rows, because" in reason


def lit_pool() -> Pool:
    """Two sources, by night and by day, and a miner's neighbours for every picture."""
    images = [*people(24, cameras=4), *people(24, cameras=4, source="other")]
    for row in images:
        row["modality"] = "near_infrared" if row["cam_raw"] in ("c2", "c3") else "rgb"
    return pool_of(images, neighbours=[near for row in images for near in neighbours_of(row, images)])


def neighbours_of(row: dict[str, Any], images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first 14 pictures of others that share source and camera."""
    alike = [
        one["image_id"] for one in images if one["cam_key"] == row["cam_key"] and one["person_key"] != row["person_key"]
    ]
    facts = {"anchor_id": row["image_id"], "same_camera": True, "miner": "toy@1"}
    return [facts | {"candidate_id": one, "rank": at, "distance": at / 100} for at, one in enumerate(alike[:14], 1)]


@pytest.mark.parametrize("dimension", ["source", "modality", "difficulty", "answer"])
def test_each_dimension_of_a_quota_is_met_exactly_by_itself(dimension: str):
    shares = {name: share for name, share in SHARES.items() if name == dimension}
    rows, reason = filled("I2I_PICK1", lit_pool(), 120, shares=shares)
    assert reason == ""
    assert counted(rows, [dimension]) == {(name,): share * 120 for name, share in shares[dimension].items()}


def test_all_four_dimensions_are_met_together_and_exactly():
    rows, reason = filled("I2I_PICK1", lit_pool(), 160, shares=SHARES)
    assert reason == ""
    cells = counted(rows, list(SHARES))
    assert len(cells) == 16
    assert sum(cells.values()) == 160
    for (source, modality, difficulty, answer), n in cells.items():
        exact = 160 * SHARES["source"][source] * SHARES["modality"][modality]
        assert abs(n - exact * SHARES["difficulty"][difficulty] * SHARES["answer"][answer]) < 1


SHARES = {
    "source": {"toy": 0.25, "other": 0.75},
    "modality": {"rgb": 0.5, "near_infrared": 0.5},
    "difficulty": {"easy": 0.4, "nearest": 0.6},
    "answer": {"match": 0.8, "none": 0.2},
}


def counted(rows: list[dict[str, Any]], dimensions: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(TOLD_BY[name](row) for name in dimensions) for row in rows)


TOLD_BY = {
    "source": lambda row: row["images"][0]["source"],
    "modality": lambda row: row["images"][0]["modality"],
    "difficulty": lambda row: row["quality"]["flags"][0].removeprefix("difficulty_"),
    "answer": lambda row: "match" if row["answer"]["gold_index"] else "none",
}


def test_a_cap_of_wordings_is_divided_over_sources_that_have_shares():
    shares = {"source": {"toy": 1, "other": 3}}
    rows, _ = filled("SAME_YN", two_sources(), 400, per_paraphrase=8, wordings=10, shares=shares)
    counts = Counter((row["images"][0]["source"], row["template"]["paraphrase_no"]) for row in rows)
    assert {counts["toy", wording] for wording in range(8)} == {4}
    assert {counts["other", wording] for wording in range(8)} == {12}


def test_a_wording_is_used_no_more_often_than_the_recipe_allows():
    rows, reason = filled("SAME_YN", pool_of(people(40)), 200, per_paraphrase=9, wordings=10)
    counts = Counter(row["template"]["paraphrase_no"] for row in rows)
    assert set(counts) == set(range(8))
    assert set(counts.values()) == {18}
    assert reason == "per_paraphrase allows 9 to each wording, and all 8 wordings have them: raise it"


def test_a_cap_of_wordings_is_no_reason_where_wordings_have_room():
    rows, reason = filled("SAME_YN", pool_of(people(4)), 2_000, per_paraphrase=900)
    assert len(rows) < 2_000
    assert "per_paraphrase" not in reason
    assert "not enough different pairs" in reason


@pytest.mark.parametrize(
    ("cap", "words"),
    [
        ({"per_person": 2}, "per_person allows 2 to each, and all 40 persons that rows start from have them: raise it"),
        ({"per_image": 1}, "per_image allows 1 to each, and all 240 pictures that rows start from have them: raise it"),
    ],
)
def test_a_cap_of_persons_or_pictures_is_told_as_the_reason_where_it_is_one(cap: dict[str, int], words: str):
    rows, reason = filled("I2I_PICK1", pool_of(people(40)), 4_000, **cap)
    assert 0 < len(rows) < 4_000
    assert reason == words


def test_shares_of_what_was_never_mined_say_so():
    shares = {"difficulty": {"easy": 0.5, "nearest": 0.5}}
    rows, reason = filled("I2I_PICK1", pool_of(people(40)), 100, shares=shares)
    assert len(rows) == 50
    assert reason.startswith("nothing was mined of these pictures")
    assert reason.endswith("(nearest: 0 of 50)")


def test_look_alikes_by_record_and_matches_of_one_camera_are_options():
    rows, _ = filled("SAME_YN", pool_of(people(60)), 300, twins=1.0, hard=0.0, twin_values=2, cross_camera=0.0)
    how = Counter(negative["strategy"] for row in rows for negative in row["negatives"])
    assert how["attribute_twin"] > 100
    assert {row["subtask"] for row in rows} == {"same_camera"}


def test_too_few_wordings_are_refused():
    with pytest.raises(BadRecipe, match="wordings"):
        table_of("SAME_YN", pool_of(people(4)), 2, wordings=2)
