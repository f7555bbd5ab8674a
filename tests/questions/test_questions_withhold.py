"""What recipes keep back from a family, and how far a caption can be trusted."""

from dataclasses import replace

import numpy as np
import pytest
from questions_toy import caption, people, pool_of, rich_crowd, rows_of

from generators.pool import withhold
from schemas.errors import BadRecipe
from schemas.question import NOBODY

IMAGES = people(12, outfits=2)
TOLD = [caption(row["image_id"], "A person who wears a red jacket with a backpack.") for row in IMAGES[:30]]
POOL = pool_of(IMAGES, captions=TOLD)
WORN = {row["image_id"]: row["clothes_key"] for row in IMAGES}


def test_what_is_withheld_is_unknown_and_the_rest_stays() -> None:
    bare = withhold(POOL, ("clothes", "attributes", "captions"))
    assert set(bare.clothes.tolist()) == {NOBODY}
    assert not any(masks.any() for masks in bare.values.values())
    assert bare.captions.table.num_rows == 0
    assert bare.person.tolist() == POOL.person.tolist()
    assert bare.table.drop(["clothes_key"]).equals(POOL.table.drop(["clothes_key"]))
    assert withhold(POOL, ("attributes", "captions")).table is POOL.table


def test_without_clothes_a_match_may_wear_anything() -> None:
    def changed(pool) -> int:
        rows = [row for row in rows_of("SAME_YN", pool, 200) if row["answer"]["gold_bool"]]
        return sum(WORN[one["image_id"]] != WORN[other["image_id"]] for one, other in (row["images"] for row in rows))

    assert changed(POOL) == 0
    assert changed(withhold(POOL, ("clothes",))) > 20


def test_rows_without_clothes_name_no_outfit_and_else_say_the_same() -> None:
    rows = rows_of("SAME_YN", withhold(POOL, ("clothes",)), 60)
    assert {shown["clothes_key"] for row in rows for shown in row["images"]} == {None}
    assert all(shown["person_key"] and shown["cam_key"] for row in rows for shown in row["images"])


def test_families_that_need_what_is_withheld_give_no_rows() -> None:
    bare = withhold(POOL, ("clothes", "attributes", "captions"))
    for family in ("CC_PICK", "CTCC_PICK", "LI", "T2I_SET", "DIALOG_ASK", "COT_EVID", "REFINE", "RANK_LIST"):
        assert rows_of(family, bare, 20) == [], family


def test_something_else_cannot_be_withheld() -> None:
    with pytest.raises(BadRecipe, match="'cameras'; it can keep back: clothes, attributes, captions"):
        withhold(POOL, ("cameras",))


def test_confidence_is_the_share_of_a_captions_facts_that_the_record_confirms() -> None:
    found = set()
    for row in rows_of("T2I_SET", POOL, 60, confidence=True):
        own = row["texts"][0]["text_id"].split("#")[0]
        at = POOL.table.column("image_id").to_pylist().index(own)
        top, bag = (int(POOL.values[key][at]) for key in ("upper_color_primary", "backpack"))
        expected = ((top == 1 << 3) + (bag == 1 << 1)) / 2
        assert row["quality"]["attr_f1"] == pytest.approx(expected)
        found.add(expected)
    assert len(found) > 1
    assert all(row["quality"]["attr_f1"] is None for row in rows_of("T2I_SET", POOL, 20))


def test_of_several_notes_the_right_one_is_measured_whatever_its_letter() -> None:
    crowd = rich_crowd()
    near = np.arange(len(crowd.captions.words), dtype=np.float32)
    measured = replace(crowd, captions=replace(crowd.captions, similarity=near))
    names = crowd.captions.table.column("caption_id").to_pylist()
    rows = rows_of("I2T_PICK", measured, 60, confidence=True)
    for row in rows:
        right = row["texts"][row["answer"]["gold_index"] - 1]["text_id"]
        assert row["quality"]["clip_sim"] == names.index(right)
    assert {row["answer"]["text"] for row in rows} == {f"Option {letter}" for letter in "ABCD"}


def test_where_a_model_measured_captions_rows_say_how_near_theirs_is_to_its_picture() -> None:
    near = np.linspace(0, 1, len(TOLD), dtype=np.float32)
    near[::3] = np.nan
    measured = replace(POOL, captions=replace(POOL.captions, similarity=near))
    names = POOL.captions.table.column("caption_id").to_pylist()
    found = {
        row["texts"][0]["text_id"]: row["quality"]["clip_sim"]
        for row in rows_of("T2I_YN", measured, 40, confidence=True)
    }
    for name, told in found.items():
        here = float(near[names.index(name)])
        assert told == pytest.approx(here) if here == here else told is None
    assert {told is None for told in found.values()} == {True, False}
    assert all(row["quality"]["clip_sim"] is None for row in rows_of("T2I_YN", measured, 20))
    assert all(row["quality"]["clip_sim"] is None for row in rows_of("T2I_YN", POOL, 20, confidence=True))
