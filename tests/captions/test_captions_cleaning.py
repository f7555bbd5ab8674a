"""Human captions: what is mended, and what is found wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.captions.judging import flags
from generators.captions.normalise import normalise


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a man in a black  shirt.His shoes are white", "A man in a black shirt. His shoes are white."),
        ("The man wears a coat .he has a bag", "The man wears a coat. He has a bag."),
        ("A woman , in red , walks by ..", "A woman, in red, walks by."),
        ("\tA man\r\nwalks in a “red” coat", 'A man walks in a "red" coat.'),
        ("A man's t-shirt,jeans and shoes.", "A man's t-shirt, jeans and shoes."),
        ("A man in black,", "A man in black."),
        ("Is that a man in black?", "Is that a man in black?"),
        ("A woman in a red coat…", "A woman in a red coat."),
        ("The lady wears a coat.  she wears it open.", "The lady wears a coat. She wears it open."),
        ("   ", ""),
        ("...", ""),
    ],
)
def test_spaces_stops_quotes_and_capitals_of_a_caption_are_mended_and_no_word(raw: str, clean: str):
    assert normalise(raw).text == clean


def test_faults_of_the_raw_text_make_it_invalid():
    assert normalise("A man with {hair} walks along").flags == ("slot",)
    assert not normalise("A man with {hair} walks along").valid
    assert normalise("He wears a black coat. He wears a black coat.") == (
        "He wears a black coat. He wears a black coat.",
        ("repeats",),
        True,
    )


@given(st.text(max_size=120) | st.text("aA .,;:!?'-", max_size=30))
def test_cleaning_twice_changes_nothing_more(raw: str):
    once = normalise(raw)
    assert normalise(once.text).text == once.text
    assert flags(once.text) == once.flags


@given(
    st.lists(
        st.sampled_from(["A", "man", "in", "black", "walks", ".", ",", "T-shirt", "his", "man's", ":"]), max_size=14
    )
)
def test_a_text_that_looks_clean_is_left_alone_by_mending_too(words: list[str]):
    text = " ".join(words).replace(" .", ".").replace(" ,", ",").replace(" :", ":")
    assert normalise(normalise(text).text + " ").text == normalise(text).text
