"""What moves a row: nothing but its own anchor and candidates. Orders, other sources and other images do not."""

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from questions_toy import captions, details, image, people, pool_of, rows_of, table_of

from generators import choosing
from generators.choosing import Caps, Ring, Units, cells_of, fill, first_allowed, rank_within, spread
from schemas.discovery import names
from schemas.keys import hash_ids, mix
from schemas.question import Pool

FAMILIES = [name.upper() for name in names("generators.questions")]
COLOURS = ("red", "blue", "black", "white", "green")


def town(source: str = "toy", persons: int = 16) -> list[dict[str, Any]]:
    found = people(persons, cameras=3, outfits=2, source=source)
    for row in found:
        row["modality"] = "near_infrared" if row["cam_raw"] == "c2" else "rgb"
    return found


def colour_of(row: dict[str, Any]) -> str:
    return COLOURS[int(hash_ids([row["clothes_key"]])[0] % 5)]


def said(images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    outfits = {row["clothes_key"]: colour_of(row) for row in images}
    garments = [
        {"attribute_id": f"{f}{key}", "attribute_source": "human", "level": "clothes", "clothes_key": f}
        | {"key": key, "value": value}
        for f, colour in sorted(outfits.items())
        for key, value in {"upper_color_primary": colour, **others_of(f)}.items()
    ]
    return [*garments, *details(images)]


def others_of(outfit: str) -> dict[str, str]:
    word = int(hash_ids([outfit])[0])
    return {
        "lower_color_primary": COLOURS[word // 5 % 5],
        "backpack": ("no", "yes")[word // 25 % 2],
        "lower_type": ("trousers", "shorts", "skirt")[word // 50 % 3],
    }


def pool(images: list[dict[str, Any]]) -> Pool:
    return pool_of(images, captions=told(images), attributes=said(images))


def told(images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Three captions for every picture; the colour follows the outfit's name alone, so it stays when others come."""
    return captions(images, {row["clothes_key"]: colour_of(row) for row in images})


def as_lines(rows: list[dict[str, Any]]) -> set[str]:
    return {json.dumps(row, sort_keys=True) for row in rows}


def shows(line: str, text: str) -> bool:
    row = json.loads(line)
    return any(text in ref["image_id"] for ref in row["images"]) or any(text in ref["text_id"] for ref in row["texts"])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_order_of_the_input_does_not_matter(family: str):
    images, words, facts = town(), told(town()), said(town())
    one = table_of(family, pool_of(images, captions=words, attributes=facts), 60)
    for each in (images, words, facts):
        random.Random(3).shuffle(each)
    assert table_of(family, pool_of(images, captions=words, attributes=facts), 60).equals(one)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_source_only_takes_places_and_changes_no_row_of_the_others(family: str):
    before = as_lines(rows_of(family, pool(town()), 60))
    after = as_lines(rows_of(family, pool([*town(), *town("other", 9)]), 60))
    assert len(before) == len(after) == 60
    kept = {line for line in after if shows(line, "toy/")}
    assert kept <= before
    assert 0 < len(kept) < 60


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_source_with_a_share_of_its_own_takes_no_place_from_the_others(family: str):
    before = rows_of(family, pool(town()), 24, shares={"source": {"toy": 1}})
    after = rows_of(family, two_towns(), 48, shares={"source": {"toy": 1, "other": 1}})
    kept = [row for row in after if row["licence"] == ["toy-research"]]
    assert len(before) > 0
    assert as_lines(kept) == as_lines(before)


def two_towns() -> Pool:
    """Two sources of which the captions say the same."""
    return pool([*town(), *town("other", 9)])


@pytest.mark.parametrize("family", FAMILIES)
def test_neither_blocks_nor_caps_let_a_new_source_move_rows_of_one_with_a_share(
    family: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(choosing, "BLOCK", 48)  # far fewer than a source has: another one moves the edges of blocks
    for caps in ({}, {"per_person": 2}):
        before = rows_of(family, pool(town()), 24, shares={"source": {"toy": 1}}, **caps)
        after = rows_of(family, two_towns(), 48, shares={"source": {"toy": 1, "other": 1}}, **caps)
        kept = [row for row in after if row["licence"] == ["toy-research"]]
        assert len(before) > 0
        assert as_lines(kept) == as_lines(before), caps


@pytest.mark.parametrize("family", ["ATTR_QA", "CAP2ATTR", "SAME_YN", "DIALOG_ASK", "CC_PICK"])
def test_a_source_that_has_too_few_rows_is_searched_no_longer_because_another_has_more(
    family: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(choosing, "BLOCK", 48)
    few = town(persons=5)
    before = rows_of(family, pool(few), 2_000, shares={"source": {"toy": 1}}, per_image=3)
    both = pool([*few, *town("other", 9)])
    after = rows_of(family, both, 4_000, shares={"source": {"toy": 1, "other": 1}}, per_image=3)
    kept = [row for row in after if row["licence"] == ["toy-research"]]
    assert 0 < len(before) < 2_000
    assert as_lines(kept) == as_lines(before)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_image_changes_only_rows_that_show_or_describe_it(family: str):
    new = image("toy", "9999", "c1", "0", "toy/train/new.jpg")
    before = as_lines(rows_of(family, pool(town()), 60))
    after = as_lines(rows_of(family, pool([*town(), new]), 60))
    # A row that repeated another one may come back when that other one now shows the new image.
    moved = [line for line in after - before if "new.jpg" not in line]
    # Four pictures share their options, and nothing is known of the new one, who breaks up every line-up he enters.
    assert len(moved) <= (8 if family in ("ATTR_MCQ", "DIALOG_ASK", "DIALOG_NARROW") else 2)
    assert len(after & before) > 40


@pytest.mark.parametrize("family", FAMILIES)
def test_another_seed_gives_other_rows_and_the_same_seed_the_same(family: str):
    one, same, other = (as_lines(rows_of(family, pool(town()), 40, seed)) for seed in (7, 7, 8))
    assert one == same
    assert len(one & other) < 40


@pytest.mark.parametrize("family", FAMILIES)
def test_a_larger_quota_keeps_the_rows_of_a_smaller_one(family: str):
    few = as_lines(rows_of(family, pool(town()), 40, hidden_share=0))
    many = as_lines(rows_of(family, pool(town()), 60, hidden_share=0))
    assert few <= many


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_rows_say_the_same(family: str):
    rows = rows_of(family, pool(town()), 400)
    content = {json.dumps([[ref["image_id"] for ref in row["images"]], row["turns"]]) for row in rows}
    assert len(content) == len(rows)
    assert len({row["sample_id"] for row in rows}) == len(rows)


def test_a_quota_beyond_what_there_is_ends_with_every_different_row():
    rows = rows_of("SAME_YN", pool(people(3, cameras=2, shots=1)), 1_000)
    assert len(rows) == 12


def test_caps_bound_the_rows_that_an_image_or_a_person_anchors():
    rows = rows_of("SAME_YN", pool(town()), 2_000, per_image=2, per_person=9)
    images: dict[str, int] = {}
    persons: dict[str, int] = {}
    for row in rows:
        query = row["images"][0]
        images[query["image_id"]] = images.get(query["image_id"], 0) + 1
        persons[query["person_key"]] = persons.get(query["person_key"], 0) + 1
    assert max(images.values()) <= 4  # two units, each a yes and a no
    assert max(persons.values()) <= 18


@given(st.lists(st.integers(-1, 5), min_size=1, max_size=60), st.integers(0, 2**63))
@settings(max_examples=40, deadline=None)
def test_a_ring_only_gives_members_of_the_cell_and_all_of_them_in_turn(cells: list[int], seed: int):
    codes = np.array(cells)
    words = mix(seed, np.arange(len(cells)))
    ring = Ring(codes, words)
    for cell in sorted(set(cells)):
        members = np.flatnonzero(codes == cell)
        asked = np.full(len(members), cell)
        drawn = {int(ring.draw(asked[:1], words[:1], step)[0]) for step in range(len(members))}
        assert drawn == (set(members.tolist()) if cell >= 0 else {-1})
    assert ring.draw(np.array([99]), words[:1])[0] == -1


def test_first_allowed_walks_on_until_somebody_fits():
    cells, words = np.zeros(10, dtype=np.int64), mix(3, np.arange(10))
    found = first_allowed(Ring(cells, words), cells[:4], words[:4], lambda rows, members: members == 7)
    assert found.tolist() == [7, 7, 7, 7]
    nobody = first_allowed(Ring(cells, words), cells[:4], words[:4], lambda rows, members: members == 11)
    assert nobody.tolist() == [-1] * 4


def test_cells_tell_combinations_apart_and_leave_out_the_unknown():
    cells = cells_of(np.array([0, 0, 1, 1, -1]), np.array([0, 1, 0, 0, 0]))
    assert cells.tolist()[-1] == -1
    assert cells[2] == cells[3]
    assert len(set(cells.tolist()[:3])) == 3


def test_ranks_and_spreads_deal_cells_out_in_turn():
    cells = np.array([4, 4, 2, 4, 2])
    assert rank_within(cells).tolist() == [0, 1, 0, 2, 1]
    assert spread(cells).tolist() == [0, 2, 1, 4, 3]
    assert rank_within(cells[:0]).tolist() == []


def test_levels_are_made_only_as_long_as_they_help():
    made = []

    def levels():
        for k in range(50):
            made.append(k)
            anchor = np.arange(3)
            yield Units(anchor, np.full(3, k), mix(k, anchor), {}, (mix(1, anchor),))

    found = fill(levels(), 10, np.arange(3), Caps(9, 9))
    assert found.size == 3
    assert len(made) < 10
