"""Options of a recipe: each family says which it uses, uses just those, and any other is refused before work begins."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from questions_toy import rich_crowd
from typer.testing import CliRunner

from flows.cli import app
from flows.recipes import find_recipe, recipe_names
from generators.wording import load_wording
from schemas.discovery import find, names
from schemas.errors import BadRecipe
from schemas.keys import seed_of
from schemas.question import OPTIONS_OF_ALL, Ask, Question
from schemas.recipe import Options

FAMILIES = [name.upper() for name in names("generators.questions")]
POOL = rich_crowd()
SEEN_POOL = replace(POOL, seen=np.ones((POOL.size, 4), dtype=np.int16))
RECIPE = """
name: mine
version: 0.1.0
title: Mine
sources: [{name: market1501}, {name: ltcc}]
families:
"""


class Heard(dict[str, Any]):
    """Options that note what is asked of them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return default

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return False


def test_there_are_forty_families_and_every_option_is_used_by_one():
    assert len(FAMILIES) == 40
    declared = {option for family in FAMILIES for option in question_of(family).options}
    assert declared | set(OPTIONS_OF_ALL) == set(Options.__annotations__)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_uses_the_options_that_it_declares_and_no_others(family: str):
    question, wording, options = question_of(family), load_wording(family), Heard()
    ask = Ask(
        pool=SEEN_POOL, rows=20, seed=seed_of(family, 7), paraphrases=wording.usable("train"), words=wording.words
    )
    draft = question.compose(replace(ask, options=options))
    used = options.asked | ({"confidence"} if draft.texts is not None else set())
    assert draft.size > 0
    assert used - set(OPTIONS_OF_ALL) == set(question.options)


def question_of(family: str) -> Question:
    question: Question = find("generators.questions", "QUESTION", family.lower())
    return question


def problems_of(folder: Path, families: str) -> list[str]:
    path = folder / "mine.yaml"
    path.write_text(RECIPE + families)
    with pytest.raises(BadRecipe) as caught:
        find_recipe(str(path))
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("family", "words"),
    [
        (
            "  ATTR_QA: {stage: 1, rows: {train: 4}, options: {confidence: true}}",
            "families.ATTR_QA.options.confidence: ATTR_QA has no use for this option. It takes: also_splits, "
            "hidden_share, per_image, per_paraphrase, per_person, shares, withhold, wordings.",
        ),
        (
            "  I2I_SET: {stage: 2, rows: {train: 4}, options: {distractors: 0.5}}",
            "families.I2I_SET.options.distractors: I2I_SET has no use for this option.",
        ),
        (
            "  CAP_FIX: {stage: 1, rows: {train: 4}, options: {hidden_share: 0.5}}",
            "families.CAP_FIX.options.hidden_share: CAP_FIX has no use for this option. Did you mean 'right_share'?",
        ),
        (
            "  same_yn: {stage: 2, rows: {train: 4}}",
            "families.same_yn: no such family. Did you mean 'SAME_YN'? Known: ATTR_DIFF, ",
        ),
        (
            "  SAME_YN: {stage: 2, rows: {train: 4}, options: {shares: {source: {market1501: 1, market: 1}}}}",
            "families.SAME_YN.options.shares.source.market: no such source in this recipe. Did you mean "
            "'market1501'? There are: market1501, ltcc.",
        ),
        (
            "  SAME_YN: {stage: 2, rows: {train: 4}, options: {shares: {modality: {rbg: 1}}}}",
            "families.SAME_YN.options.shares.modality.rbg: no such modality in this recipe. Did you mean 'rgb'?",
        ),
        (
            "  SAME_YN: {stage: 2, rows: {train: 4}, options: {shares: {margin: {wrong: 1}}}}",
            "families.SAME_YN.options.shares.margin: margins are not measured. Say `mine: {margins: true}`",
        ),
    ],
)
def test_what_a_family_cannot_use_is_refused_with_what_it_takes(family: str, words: str, tmp_path: Path):
    (problem,) = problems_of(tmp_path, family)
    assert problem.startswith(words)


def test_every_fault_of_every_family_is_told_at_once(tmp_path: Path):
    families = (
        "  ATTR_YN: {stage: 1, rows: {train: 4}, options: {hard: 1, twins: 0.5}}\n"
        "  CC_YN: {stage: 3, rows: {train: 4}, options: {queries: 3}}"
    )
    assert len(problems_of(tmp_path, families)) == 3


@pytest.mark.parametrize("command", [["plan"], ["build", "--no-orchestrator"]])
def test_plan_and_build_refuse_it_with_exit_code_two_and_touch_nothing(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(RECIPE + "  ATTR_QA: {stage: 1, rows: {train: 4}, options: {confidence: true}}")
    name, *flags = command
    done = CliRunner().invoke(app, [name, "mine.yaml", "--raw", "raw", "--store", "store", *flags])
    assert done.exit_code == 2
    assert "ATTR_QA has no use for this option" in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml"]


def test_every_recipe_that_ships_asks_only_for_what_its_families_use():
    assert len([find_recipe(name) for name in recipe_names()]) == 19
