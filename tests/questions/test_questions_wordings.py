"""The wordings of every family: enough of them, five held out, and no two that say nearly the same."""

import re
from itertools import combinations

import pytest

from generators.wording import HELD_OUT_OF_MANY, MANY, load_wording
from schemas.discovery import names

FAMILIES = names("generators.questions")
MOST_ALIKE = 0.85
# Families with rows whose right answer is that no picture fits.
MAY_BE_NONE = ("CC_PICK", "I2I_NONE", "I2I_PICK1", "I2I_SET", "MULTI_QUERY", "T2I_SET", "VI_PICK")


def words_of(text: str) -> frozenset[str]:
    """The words of a paraphrase without its pictures and slots, which all of a family share."""
    plain = re.sub(r"\[\[image:\d+\]\]|Image \d|\{[a-z_]+\}", " ", text)
    return frozenset(re.findall(r"[a-z']+", plain.lower()))


def alike(one: str, other: str) -> float:
    """The share of words that two paraphrases have in common (Jaccard); slots alone are alike by their order."""
    a, b = words_of(one), words_of(other)
    return len(a & b) / len(a | b) if a | b else float(one == other)


def test_there_are_forty_families() -> None:
    assert len(FAMILIES) == 40


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_enough_wordings_and_five_are_held_out(family: str) -> None:
    wording = load_wording(family)
    assert len(set(wording.paraphrases)) == len(wording.paraphrases) >= MANY == 24
    assert wording.held_out == HELD_OUT_OF_MANY == 5
    assert set(wording.usable("test")) - set(wording.usable("train")) == set(
        range(len(wording.paraphrases) - HELD_OUT_OF_MANY, len(wording.paraphrases))
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_wordings_of_a_family_are_nearly_the_same(family: str) -> None:
    pairs = [(alike(*pair), *pair) for pair in combinations(load_wording(family).paraphrases, 2)]
    near = [pair for pair in pairs if pair[0] > MOST_ALIKE and min(map(len, map(words_of, pair[1:]))) > 3]
    assert near == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wording_has_no_doubled_word_and_no_space_before_a_mark(family: str) -> None:
    for text in load_wording(family).paraphrases:
        plain = re.sub(r" \[\[image:\d+\]\]", "", text)
        assert not re.search(r"\b([a-z]+) \1\b| [,.;?!]|\ba [aeio][a-z]", plain), text


@pytest.mark.parametrize("family", MAY_BE_NONE)
def test_a_question_whose_answer_may_be_none_says_so_in_every_wording(family: str) -> None:
    assert [text for text in load_wording(family).paraphrases if "None" not in text] == []


def test_a_line_up_is_asked_for_the_next_question_wherever_the_answer_gives_one() -> None:
    asks = re.compile(r"\bask|question|clue|step|what (would|else|do|it)|follow-up|decide", re.I)
    assert [text for text in load_wording("DIALOG_NARROW").paraphrases if not asks.search(text)] == []
