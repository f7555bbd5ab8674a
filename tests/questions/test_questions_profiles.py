"""The profiles of the papers: what each shipped recipe withholds or selects holds in the rows that its options give."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from questions_toy import captions, colours, composed, details, people, pool_of

from flows import recipes
from flows.recipes import find_recipe, recipe_names
from generators.pool import withhold
from schemas.question import Pool

PROFILES = (
    "caption_templates", "instruct_reid", "modality_balanced", "one_instruction", "rgb_only", "rl_prompts",
    "uncertain_captions", "yes_no_pairs",
)  # fmt: skip
COLOURS = ("red", "blue", "black", "white", "green")


def crowd(split: str = "train") -> Pool:
    """Twenty people in two outfits, seen by two cameras in colour and by two in infrared, with mined neighbours."""
    images = people(20, cameras=4, outfits=2, split=split)
    for row in images:
        row["modality"] = "near_infrared" if row["cam_raw"] in ("c2", "c3") else "rgb"
    outfits = list(dict.fromkeys(str(row["clothes_key"]) for row in images))
    worn = {outfit: COLOURS[at % 5] for at, outfit in enumerate(outfits)}
    said = captions([row for row in images if row["modality"] == "rgb"], worn)
    near = [found for row in images for found in neighbours(row, images)]
    return pool_of(images, split, captions=said, attributes=[*colours(images), *details(images)], neighbours=near)


def neighbours(row: dict[str, Any], images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All pictures of the next four persons are near each picture."""
    near = [other for other in images if 0 < (int(other["pid_raw"]) - int(row["pid_raw"])) % 20 < 5]
    pairs = ({"anchor_id": row["image_id"], "candidate_id": other["image_id"]} for other in near)
    return [{**pair, "rank": rank, "distance": rank / 100, "miner": "toy@1"} for rank, pair in enumerate(pairs, 1)]


TRAIN, TEST = crowd(), crowd("test")


def rows(name: str, family: str, each: int = 24, pool: Pool = TRAIN, **more: Any) -> list[dict[str, Any]]:
    """The rows that a profile's options give over the crowd; margins, which the crowd has not, are left out."""
    options = {**find_recipe(name).families[family].options, **more}
    shares = {key: share for key, share in options.pop("shares", {}).items() if key != "margin"}
    people = withhold(pool, options.pop("withhold", ()))
    table, _ = composed(family, people, each, **options, **({"shares": shares} if shares else {}))
    assert table.num_rows == each, family
    return table.to_pylist()


def families(name: str) -> list[str]:
    return sorted(find_recipe(name).families)


def wordings(found: list[dict[str, Any]]) -> set[int]:
    return {row["template"]["paraphrase_no"] for row in found}


def test_every_profile_names_its_paper_and_its_command() -> None:
    for name in PROFILES:
        header = (Path(recipes.__file__).parent / f"{name}.yaml").read_text().split("\nname:")[0]
        assert f"reidforge build {name} --raw" in header, name
        assert any(told in header for told in ("arXiv", "doi", "ECCV")), name
    assert set(PROFILES) <= set(recipe_names())


def test_the_six_instructions_of_instruct_reid_have_one_wording_each_and_text_six_shares_of_sixteen() -> None:
    recipe = find_recipe("instruct_reid")
    asked = {name: quota.rows["train"] for name, quota in recipe.families.items()}
    assert set(asked) == {"I2I_PICK1", "CC_PICK", "CTCC_PICK", "VI_PICK", "LI", "T2I_PICK"}
    assert asked["T2I_PICK"] * 16 == sum(asked.values()) * 6
    for family in asked:
        found = rows("instruct_reid", family, 12)
        assert wordings(found) == {0}, family
        assert all(row["answer"]["gold_index"] for row in found), family
    template = rows("instruct_reid", "CTCC_PICK", 12)[0]["images"]
    assert [ref["role"] for ref in template][:2] == ["query", "clothes_template"]


def test_one_instruction_is_the_same_for_every_pair_and_held_out_ones_are_for_test_rows() -> None:
    assert families("one_instruction") == ["SAME_YN"]
    found = rows("one_instruction", "SAME_YN", 40)
    assert len({row["turns"][0]["text"] for row in found}) == 1
    assert wordings(rows("one_instruction", "SAME_YN", 40, TEST)) == {0, 1, 2}


def test_caption_templates_are_static_and_dynamic_side_by_side() -> None:
    recipe = find_recipe("caption_templates")
    assert recipe.describe.styles == ("static", "dynamic")
    assert recipe.describe.captions_per_image == 2
    assert {"CAP_SHORT", "T2I_YN", "T2I_PICK", "T2I_SET", "I2T_PICK"} == set(recipe.families)


def test_colour_and_person_ids_alone_show_no_infrared_no_outfit_no_words_and_take_clothes_for_nothing() -> None:
    for family in families("rgb_only"):
        found = rows("rgb_only", family, 60)
        shown = [ref for row in found for ref in row["images"]]
        assert {ref["modality"] for ref in shown} == {"rgb"}, family
        assert {ref["clothes_key"] for ref in shown} == {None}, family
        assert not any(row["texts"] for row in found), family
    pairs = [row["images"] for row in rows("rgb_only", "SAME_YN", 60) if row["answer"]["gold_bool"]]
    outfit = [[ref["image_id"].split("_")[-2] for ref in pair] for pair in pairs]
    assert {one == other for one, other in outfit} == {True, False}
    assert find_recipe("rgb_only").describe.captions_per_image == 0


def test_every_family_of_balanced_modalities_starts_as_often_from_colour_as_from_infrared() -> None:
    for family in families("modality_balanced"):
        found = Counter(row["images"][0]["modality"] for row in rows("modality_balanced", family, 40))
        assert found == {"rgb": 20, "near_infrared": 20}, family
    for family in ("VI_YN", "VI_PICK"):
        for row in rows("modality_balanced", family, 40):
            query, *others = (ref["modality"] for ref in row["images"])
            assert query not in others, family


def test_uncertain_captions_are_several_to_a_picture_each_with_how_far_it_can_be_trusted() -> None:
    assert find_recipe("uncertain_captions").describe.captions_per_image > 1
    for family in families("uncertain_captions"):
        trusted = [row["quality"]["attr_f1"] for row in rows("uncertain_captions", family, 24)]
        assert all(trust is not None for trust in trusted), family
    said: dict[str, set[str]] = {}
    for row in rows("uncertain_captions", "CAP_SHORT", 320):
        said.setdefault(row["images"][0]["image_id"], set()).add(row["answer"]["text"])
    assert Counter(map(len, said.values())).most_common(1)[0][0] > 1


def test_prompts_for_reinforcement_have_a_gold_that_is_no_text_and_no_reasoning() -> None:
    golds = ("gold_bool", "gold_index", "gold_set", "gold_rank")
    for family in families("rl_prompts"):
        for row in rows("rl_prompts", family, 24):
            assert sum(row["answer"][gold] is not None for gold in golds) == 1, family
            assert row["answer"]["kind"] in ("yesno", "pick1", "set"), family
            assert row["rationale"] is None
            assert "<think>" not in row["turns"][-1]["text"]
    options = [quota.options for quota in find_recipe("rl_prompts").families.values()]
    assert all(option["hard"] == 0.9 for option in options)
    assert "wide" not in {margin for option in options for margin in option.get("shares", {}).get("margin", {})}


@pytest.mark.parametrize("family", ["SAME_YN", "T2I_YN"])
def test_pairs_are_answered_by_the_bare_word_yes_or_no_in_one_wording(family: str) -> None:
    assert families("yes_no_pairs") == ["SAME_YN", "T2I_YN"]
    found = rows("yes_no_pairs", family, 40)
    assert Counter(row["turns"][-1]["text"] for row in found) == {"Yes": 20, "No": 20}
    assert wordings(found) == {0}
    strange = [negative["strategy"] for row in found for negative in row["negatives"]]
    assert Counter(strange)["embedding_topk"] > len(strange) / 2
    assert find_recipe("yes_no_pairs").pixel_budget == (280 * 140, 280 * 140)
