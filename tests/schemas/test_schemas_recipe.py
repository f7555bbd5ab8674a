import pytest

from flows.recipes import find_recipe, recipe_names
from schemas.discovery import names
from schemas.errors import BadRecipe, UnknownName
from schemas.recipe import load_recipe

GOOD = """
name: mine
version: 1.0.0
title: Mine
sources: [{name: market1501}]
families: {SAME_YN: {stage: 2, rows: {train: 10}}}
"""


def _written(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_recipe_is_read(tmp_path):
    recipe = load_recipe(_written(tmp_path, GOOD))
    assert recipe.families["SAME_YN"].rows == {"train": 10}


def test_every_recipe_that_ships_can_be_read():
    names = recipe_names()
    assert len(names) >= 6
    for name in names:
        assert find_recipe(name).name == name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("seeed: 4\n", ("seeed", "'seed'")),
        ("describe: {bakend: grammar}\n", ("bakend", "'backend'")),
        ("describe: {kinds: [{kind: claims, per_imge: 1}]}\n", ("per_imge", "'per_image'", "Known here: kind,")),
    ],
)
def test_a_misspelt_key_is_named_with_the_key_that_was_meant(tmp_path, change, words):
    with pytest.raises(BadRecipe) as caught:
        load_recipe(_written(tmp_path, GOOD + change))
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("rows: {trian: 10}", ("SAME_YN.rows.trian", "found 'trian'")),
        ("rows: {train: 10}, options: {hrad: 0.9}", ("SAME_YN.options.hrad", "Did you mean 'hard'?", "per_image")),
        ("rows: {train: 10}, options: {hard: 1.4}", ("SAME_YN.options.hard", "less than or equal to 1", "1.4")),
        ("rows: {train: 10}, options: {distractors: -0.1}", ("options.distractors", "-0.1")),
        ("rows: {train: 10}, options: {distractors: some}", ("options.distractors", "'some'")),
        ("rows: {train: 10}, options: {per_image: 0}", ("options.per_image", "0")),
        ("rows: {train: 10}, options: {shares: {source: {}}}", ("options.shares.source", "at least 1")),
        ("rows: {train: 10}, options: {shares: [source]}", ("options.shares",)),
        ("rows: {train: 10}, options: {also_splits: [test]}", ("options.also_splits", "'test'")),
    ],
)
def test_an_option_that_a_family_cannot_have_is_named(tmp_path, said, words):
    with pytest.raises(BadRecipe) as caught:
        load_recipe(_written(tmp_path, GOOD.replace("rows: {train: 10}", said)))
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ("{2: {SAME_YM: 1.0}}", ("train.shares.2.SAME_YM", "Did you mean 'SAME_YN'?", "It asks: SAME_YN.")),
        ("{1: {SAME_YN: 1.0}}", ("train.shares.1.SAME_YN", "stage 1 or before it", "It asks: none.")),
    ],
)
def test_a_share_of_training_that_no_question_could_fill_is_refused(tmp_path, shares, words):
    with pytest.raises(BadRecipe) as caught:
        load_recipe(_written(tmp_path, f"{GOOD}train: {{shares: {shares}}}\n"))
    assert all(word in str(caught.value) for word in words)
    good = load_recipe(_written(tmp_path, GOOD + "train: {shares: {2: {SAME_YN: 1.0}, 3: {SAME_YN: 0.5}}}\n"))
    assert good.train.shares == {2: {"SAME_YN": 1.0}, 3: {"SAME_YN": 0.5}}


def test_an_option_that_is_not_given_is_not_there(tmp_path):
    text = GOOD.replace("rows: {train: 10}", "rows: {train: 10}, options: {hard: 1, withhold: [clothes]}")
    assert load_recipe(_written(tmp_path, text)).families["SAME_YN"].model_dump()["options"] == {
        "hard": 1.0,
        "withhold": ["clothes"],
    }


def test_every_fault_of_a_recipe_is_told_at_once(tmp_path):
    text = GOOD.replace("1.0.0", "one").replace("stage: 2", "stage: 9")
    with pytest.raises(BadRecipe) as caught:
        load_recipe(_written(tmp_path, text))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("text", ["- a list", "name: [", "", "\x00"])
def test_what_is_not_a_recipe_is_refused_in_one_sentence(tmp_path, text):
    with pytest.raises(BadRecipe, match=r"recipe\.yaml"):
        load_recipe(_written(tmp_path, text))


def test_a_recipe_that_is_not_yaml_is_refused_with_the_place_of_the_fault(tmp_path):
    with pytest.raises(BadRecipe, match=r"cannot be read as YAML: line 2, column 5: expected ',' or '\]'"):
        load_recipe(_written(tmp_path, "families: [1\nname: x"))


def test_an_unknown_recipe_name_offers_the_nearest():
    with pytest.raises(UnknownName, match="market1501"):
        find_recipe("market150")


def test_every_recipe_that_ships_names_what_there_is():
    families = {name.upper() for name in names("generators.questions")}
    sources = set(names("generators.sources"))
    for name in recipe_names():
        recipe = find_recipe(name)
        assert set(recipe.families) <= families, name
        assert {choice.name for choice in recipe.sources} <= sources, name


@pytest.mark.parametrize(
    ("name", "rows"), [("ci", 1_000), ("dev", 200_000), ("research", 2_000_000), ("paper_scale", 8_000_000)]
)
def test_the_sizes_of_the_scale_recipes_are_as_named(name, rows):
    recipe = find_recipe(name)
    assert sum(family.rows["train"] for family in recipe.families.values()) == rows
    assert len(recipe.sources) == 12
    assert set(recipe.families) == {family.upper() for family in names("generators.questions")}
    assert {family.stage for family in recipe.families.values()} == {1, 2, 3}
