"""Margins: rows tell by how much a frozen encoder errs, exactly, and quotas divide by it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from questions_toy import composed, people, pool_of, rows_of

from generators.pool import seen_of, withhold
from schemas.errors import BadRecipe, BadTable
from schemas.keys import hash_ids
from schemas.miner import SEEN
from schemas.question import Pool
from tasks.versions.writer import from_rows

FAMILIES = ("SAME_YN", "I2I_PICK1", "I2I_NONE", "I2I_SET", "I2I_RANK", "MULTI_QUERY", "CC_PICK", "CC_YN")


def unit_vectors(ids: list[str]) -> np.ndarray:
    """Four numbers per picture that follow from its name, of length one."""
    words = hash_ids([f"{name} {at}" for name in ids for at in range(4)])
    drawn = (words.astype(np.float64) / 2.0**64 + 0.05).reshape(-1, 4)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def seen_pool(split: str = "train") -> Pool:
    pool = pool_of(people(24, cameras=3, outfits=2, split=split), split)
    ids = pool.table.column("image_id").to_pylist()
    return replace(pool, seen=np.rint(unit_vectors(ids) * 2048).astype(np.int16))


POOL = seen_pool()
VECTORS = dict(zip(POOL.table.column("image_id").to_pylist(), POOL.seen.astype(np.int64), strict=True))


def margin_of(query: str, matches: list[str], wrong: list[str]) -> float:
    """By the definition, with plain whole numbers."""
    alike = {name: int(VECTORS[query] @ VECTORS[name]) for name in (*matches, *wrong)}
    return (min(alike[name] for name in matches) - max(alike[name] for name in wrong)) / 2048**2


def told(row: dict[str, Any]) -> tuple[str, float]:
    named, number = (flag for flag in row["quality"]["flags"] if not flag.startswith("difficulty"))
    side, _, amount = number.partition("_")
    return named.removeprefix("margin_"), {"ahead": 1, "behind": -1}[side] * float(amount.replace("_", "."))


def class_of(margin: float, narrow: float = 0.05) -> str:
    return "wrong" if margin <= 0 else "narrow" if margin < narrow else "wide"


@pytest.mark.parametrize("family", ["I2I_PICK1", "I2I_SET", "CC_PICK"])
def test_the_margin_of_a_gallery_is_that_of_its_nearest_wrong_and_its_farthest_right_picture(family: str):
    found = Counter()
    for row in rows_of(family, POOL, 200):
        query, *gallery = row["images"]
        wrong = [negative["ref"] for negative in row["negatives"]]
        matches = [shown["image_id"] for shown in gallery if shown["image_id"] not in wrong]
        if matches:
            margin = margin_of(query["image_id"], matches, wrong)
            assert told(row) == (class_of(margin), pytest.approx(margin, abs=6e-4))
            found[class_of(margin)] += 1
    assert len(found) == 3


@pytest.mark.parametrize("family", ["SAME_YN", "I2I_NONE"])
def test_both_rows_of_a_twin_have_the_margin_of_the_pair(family: str):
    rows = rows_of(family, POOL, 200)
    pairs: dict[tuple[str, Any, str], list[dict[str, Any]]] = {}
    for row in rows:
        key = (row["images"][0]["image_id"], row["template"]["paraphrase_no"], told(row)[1])
        pairs.setdefault(key, []).append(row)
    assert all(len(pair) % 2 == 0 for pair in pairs.values())
    if family == "SAME_YN":
        for (query, _, margin), pair in pairs.items():
            if len(pair) == 2:
                yes, no = sorted(pair, key=lambda row: row["answer"]["text"], reverse=True)
                second = [row["images"][1]["image_id"] for row in (yes, no)]
                assert margin_of(query, second[:1], second[1:]) == pytest.approx(margin, abs=6e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_shares_of_margins_are_met_exactly(family: str):
    rows, reason = composed(family, POOL, 90, shares={"margin": {"wrong": 1, "narrow": 1, "wide": 1}})
    counts = Counter(told(row)[0] for row in rows.to_pylist())
    assert reason == ""
    assert max(counts.values()) - min(counts.values()) <= 2  # twins come in pairs
    assert set(counts) == {"wrong", "narrow", "wide"}


def test_the_bound_of_narrow_is_an_option():
    rows = rows_of("I2I_PICK1", POOL, 100, narrow=0.2)
    assert {told(row)[0] == class_of(told(row)[1], 0.2) for row in rows} == {True}
    assert any(0.05 < told(row)[1] < 0.2 for row in rows)


@pytest.mark.parametrize("family", FAMILIES)
def test_without_vectors_the_same_rows_say_nothing_of_margins(family: str):
    plain = rows_of(family, replace(POOL, seen=None), 60)
    rows = rows_of(family, POOL, 60)
    for row in rows:
        row["quality"]["flags"] = [flag for flag in row["quality"]["flags"] if flag.startswith("difficulty")]
    assert rows == plain


def test_what_the_encoder_did_not_see_has_no_margin_and_is_in_no_cell():
    seen = POOL.seen.copy()
    seen[POOL.camera == 0] = 0
    pool = replace(POOL, seen=seen)
    rows = rows_of("SAME_YN", pool, 200)
    assert {len(row["quality"]["flags"]) for row in rows} == {0, 2}
    blind, reason = composed("SAME_YN", replace(POOL, seen=np.zeros_like(seen)), 20, shares={"margin": {"wrong": 1}})
    assert blind.num_rows == 0
    assert "wrong: 0 of 10" in reason


def test_shares_of_margins_without_vectors_are_refused_with_the_remedy():
    for pool in (replace(POOL, seen=None), withhold(POOL, ("neighbours",))):
        with pytest.raises(BadRecipe, match=r"mine: \{margins: true\}"):
            rows_of("SAME_YN", pool, 10, shares={"margin": {"wrong": 1}})


def test_families_about_descriptions_do_not_divide_by_what_a_vision_encoder_finds():
    with pytest.raises(BadRecipe, match="'margin', by which this family does not divide"):
        rows_of("ATTR_QA", POOL, 10, shares={"margin": {"wrong": 1}})


def test_kept_vectors_find_their_pictures_and_must_have_one_length():
    ids = POOL.table.column("image_id").combine_chunks()
    table = from_rows(SEEN, [{"image_id": ids[3].as_py(), "vector": [1, -2]}, {"image_id": "other", "vector": [5, 6]}])
    found = seen_of(ids, table)
    assert found.shape == (POOL.size, 2)
    assert found[3].tolist() == [1, -2]
    assert not np.delete(found, 3, axis=0).any()
    mixed = from_rows(SEEN, [{"image_id": "a", "vector": [1]}, {"image_id": "b", "vector": [5, 6]}])
    with pytest.raises(BadTable, match="several lengths: 1, 2"):
        seen_of(ids, mixed)
    assert seen_of(ids, SEEN.schema.empty_table()).shape == (POOL.size, 0)
