"""Pictures of people whom nobody numbered ask about themselves alone: they are nobody's match and nobody's stranger."""

import pyarrow as pa
import pytest
from questions_toy import SIZES, caption, colours, people, worded

from generators.composing import choose_rows
from generators.pool import build_pool
from generators.wording import load_wording
from schemas.discovery import find, names
from schemas.question import NOBODY, Pool
from schemas.recipe import Family
from schemas.tables import TABLES
from tasks.steps.mine import minable
from tasks.versions.writer import from_rows

_OF_ONE_PICTURE = {"ATTR_JSON", "ATTR_MCQ", "ATTR_QA", "ATTR_YN", "CAP2ATTR", "CAP_SHORT", "DIALOG_ANSWER", "REFUSE"}


def nameless_pool() -> Pool:
    """Forty pictures of scope `image` and no others, in two outfits each, with captions and colours."""
    images = people(40, cameras=1, shots=1, pid_scope="image")
    told = [
        caption(row["image_id"], f"A person wearing a {('red', 'blue')[at % 2]} jacket.")
        for at, row in enumerate(images)
    ]
    sizes = pa.Table.from_pylist([{"image_id": row["image_id"], "width": 64, "height": 128} for row in images], SIZES)
    tables = {"captions": told, "attributes": colours(images)}
    filled = {name: from_rows(TABLES[name], rows) for name, rows in tables.items()}
    return build_pool("train", from_rows(TABLES["person_images"], images), sizes, **filled)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return nameless_pool()


def test_nobody_is_known_in_a_pool_of_nameless_pictures(pool: Pool) -> None:
    assert pool.size == 40
    assert set(pool.person.tolist()) == {NOBODY}


@pytest.mark.parametrize("family", [name.upper() for name in names("generators.questions")])
def test_only_questions_about_one_picture_are_asked_of_nameless_people(family: str, pool: Pool) -> None:
    question = find("generators.questions", "QUESTION", family.lower())
    quota = Family(stage=1, rows={"train": 20}, options={"per_person": 3})
    rows, why = worded(choose_rows(family, question, load_wording(family), pool, quota, 7, (50_176, 100_352)))
    shown = {len(images) for images in rows.column("images").to_pylist()}
    assert shown <= {0, 1}
    assert rows.num_rows == 20 if family in _OF_ONE_PICTURE else (rows.num_rows == 0 and why)


def test_nameless_pictures_are_not_mined_for_strangers() -> None:
    known, nameless = people(3), people(2, source="crowd", pid_scope="image")
    kept = minable(from_rows(TABLES["person_images"], known + nameless))
    assert set(kept.column("source").to_pylist()) == {"toy"}
