"""Every family: its examples, its grammar, its balance, and that no row moves for a reason of its own."""

import pytest
from questions_toy import caption, image, pool_of, rows_of

from generators.wording import load_wording
from schemas import answers
from schemas.discovery import find_all, names
from schemas.question import Example, Question

FAMILIES = [name.upper() for name in names("generators.questions")]
EXAMPLES = [(n, example) for n, q in find_all("generators.questions", "QUESTION") for example in q.examples]


def example_pool(example: Example):
    images, attributes, captions = [], [], []
    for at, given in enumerate(example.images):
        facts = dict(given)
        person, camera = facts.pop("person"), facts.pop("camera")
        told, modality = facts.pop("caption", None), facts.pop("modality", "rgb")
        row = image("toy", person, camera, facts.pop("clothes", "0"), f"toy/{at}.jpg", modality=modality)
        images.append(row)
        captions += [caption(row["image_id"], told)] if told else []
        for key, value in facts.items():
            said = {"level": "image", "image_id": row["image_id"], "key": key, "value": value}
            attributes.append({"attribute_id": f"{at}{key}", "attribute_source": "human", **said})
    return pool_of(images, attributes=attributes, captions=captions)


def test_there_are_families_and_each_has_an_example_and_eight_wordings_or_more():
    assert len(FAMILIES) >= 9
    assert len(EXAMPLES) >= len(FAMILIES)
    for name, question in find_all("generators.questions", "QUESTION"):
        assert isinstance(question, Question)
        assert question.examples, name
        assert question.answer in answers.KINDS
        assert len(load_wording(name).paraphrases) >= 8, name


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_gives_exactly_the_answers_it_promises(name: str, example: Example):
    rows = rows_of(name.upper(), example_pool(example), example.rows, **example.options)
    assert len(rows) == example.rows
    assert sorted({row["answer"]["text"] for row in rows}) == sorted(set(example.answers))
