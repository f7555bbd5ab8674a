import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import answers

NUMBERS = st.lists(st.integers(1, 99), unique=True, max_size=8)


@given(NUMBERS)
def test_a_set_of_images_reads_back_as_the_same_set(numbers):
    parsed = answers.parse("set", answers.image_set(numbers))
    assert parsed is not None
    assert parsed.gold_set == tuple(sorted(numbers))


@given(NUMBERS.filter(lambda numbers: len(numbers) > 1))
def test_a_ranking_reads_back_in_its_order(numbers):
    parsed = answers.parse("rank", answers.rank(numbers))
    assert parsed is not None
    assert parsed.gold_rank == tuple(numbers)


@given(NUMBERS.filter(bool), st.integers(1, 4))
def test_a_partition_reads_back_as_the_same_groups(numbers, groups):
    split = [numbers[at::groups] for at in range(min(groups, len(numbers)))]
    parsed = answers.parse("partition", answers.partition(split[::-1]))
    assert parsed is not None
    assert parsed.gold_json == answers.groups_json(split)


@pytest.mark.parametrize(
    ("kind", "text", "field", "value"),
    [
        ("yesno", "Yes", "gold_bool", True),
        ("yesno", "No. The shoes differ.", "gold_bool", False),
        ("pick1", "Image 3", "gold_index", 3),
        ("pick1", "Option B", "gold_index", 2),
        ("pick1", "None", "gold_index", 0),
        ("set", "None", "gold_set", ()),
        ("json", '{"upper":"red"}', "gold_json", '{"upper":"red"}'),
    ],
)
def test_canonical_answers_give_their_gold(kind, text, field, value):
    parsed = answers.parse(kind, text)
    assert parsed is not None
    assert getattr(parsed, field) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("yesno", "yes"),
        ("yesno", "Yes, they are"),
        ("yesno", ""),
        ("pick1", "Image 0"),
        ("pick1", "3"),
        ("set", "Images 5, 2"),
        ("set", "Images 2, 2"),
        ("set", "Images"),
        ("rank", "3 > 3"),
        ("rank", "3"),
        ("partition", "2, 4 | 1, 3"),
        ("partition", "1, 3 | 3, 4"),
        ("partition", "3, 1"),
        ("partition", "1 | "),
        ("json", '{"a":NaN}'),
        ("json", "[1]"),
        ("json", "[" * 100_000),
        ("question", "Which bag"),
        ("insufficient", "Maybe"),
        ("caption", "A man in [[image:1]]"),
        ("no such kind", "Yes"),
    ],
)
def test_what_is_not_in_the_grammar_is_refused(kind, text):
    assert answers.parse(kind, text) is None


def test_markers_are_found_in_order():
    text = f"Query {answers.marker(1)} against {answers.marker(2)} and {answers.marker(10)}"
    assert answers.markers(text) == [1, 2, 10]
