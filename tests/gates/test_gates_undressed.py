"""Where a recipe withholds outfits from a family, its rows must state none; all others must state the true one."""

from schemas.gate import Verdict
from tasks.checking.runner import wishes_of
from tasks.checking.toy import Rows, toy_rows, toy_staged
from tasks.gates.referential_integrity import GATE

RECIPE = {"families": {"SAME_YN": {"options": {"withhold": ["captions", "clothes"]}}, "I2I_PICK1": {"options": {}}}}


def judged(rows: Rows, undressed: object = ("SAME_YN",)) -> Verdict:
    return GATE.check(toy_staged(rows), {"max_failing": 0, "undressed": undressed})


def bare(*families: str) -> Rows:
    """The toy version, in which rows of some families name no outfit."""
    rows = toy_rows()
    for row in rows["conversations"]:
        if row["family"] in families:
            for shown in row["images"]:
                shown["clothes_key"] = None
    return rows


def test_the_recipe_says_which_families_state_no_outfits() -> None:
    assert wishes_of(RECIPE)["referential_integrity"] == {"undressed": ["SAME_YN"]}
    assert wishes_of({})["referential_integrity"] == {"undressed": []}


def test_rows_without_outfits_pass_where_the_recipe_withholds_them_and_nowhere_else() -> None:
    count = sum(row["family"] == "SAME_YN" for row in toy_rows()["conversations"])
    assert count > 0
    assert judged(bare("SAME_YN")).passed
    assert not judged(bare("SAME_YN"), ()).passed
    assert not judged(bare("SAME_YN", "I2I_PICK1")).passed


def test_rows_that_name_an_outfit_all_the_same_are_a_fault() -> None:
    verdict = judged(toy_rows())
    assert not verdict.passed
    assert "rows that state another clothes_key than their image has" in verdict.summary
