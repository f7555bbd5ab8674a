"""Records of several models made one: votes per image, votes between views, labels, outliers."""

import pyarrow as pa

from generators.merging import Merged, merge
from generators.records import Records, resolve
from schemas.rows import Attribute
from schemas.tables import ATTRIBUTES, PERSON_IMAGES
from tasks.packs.columns import table_of

VIEWS = [("v/1", "p:a", "p:a/1"), ("v/2", "p:a", "p:a/1"), ("v/3", "p:a", "p:a/1"), ("v/4", "p:a", "p:a/2")]


def people(views: list[tuple[str, str, str | None]] = VIEWS) -> pa.Table:
    rows = [{"image_id": i, "person_key": p, "clothes_key": c, "modality": "rgb"} for i, p, c in views]
    return pa.Table.from_pylist(rows, schema=pa.schema([PERSON_IMAGES.schema.field(name) for name in rows[0]]))


def table(rows: list[Attribute]) -> pa.Table:
    return table_of(
        ATTRIBUTES, rows, {"attribute_id": lambda row: f"{row.image_id}{row.person_key}{row.key}{row.value}"}
    )


def told(image: str, key: str, value: str, model: str = "mllm:a@1", confidence: float = 0.9) -> Attribute:
    return Attribute(
        level="image",
        key=key,
        value=value,
        attribute_source=model,
        image_id=image,
        visible=value != "not_visible",
        confidence=confidence,
    )


def known(rows: list[Attribute], views: list[tuple[str, str, str | None]] = VIEWS) -> Records:
    return resolve(people(views), table(rows))


def merged(
    rows: list[Attribute], labels: list[Attribute] | None = None, views: list[tuple[str, str, str | None]] = VIEWS
) -> Merged:
    return merge(rows, people(views), known(labels or [], views))


def said(found: Merged) -> set[tuple[str, str, str, str]]:
    return {
        (each.level, str(each.image_id or each.clothes_key or each.person_key), each.key, each.value)
        for each in found.attributes
    }


def test_two_models_that_agree_outvote_a_third():
    rows = [told("v/4", "headwear", value, f"mllm:{n}@1") for n, value in enumerate(["cap", "cap", "hat"])]
    assert said(merged(rows)) == {("image", "v/4", "headwear", "cap")}


def test_models_that_differ_and_one_that_is_unsure_leave_nothing():
    rows = [told("v/4", "headwear", value, f"mllm:{n}@1") for n, value in enumerate(["cap", "hood"])]
    assert said(merged(rows)) == set()
    assert said(merged([told("v/4", "headwear", "cap", confidence=0.3)])) == set()


def test_views_of_one_outfit_are_voted_on_and_the_odd_one_is_named():
    rows = [told(view, "upper_type", kind) for view, kind in (("v/1", "coat"), ("v/2", "coat"), ("v/3", "vest"))]
    found = merged([*rows, told("v/4", "upper_type", "hoodie")])
    assert said(found) == {("clothes", "p:a/1", "upper_type", "coat"), ("image", "v/4", "upper_type", "hoodie")}
    assert [tuple(each) for each in found.outliers] == [("v/3", "upper_type", "vest", "coat")]


def test_a_view_on_which_two_models_agree_keeps_its_value():
    rows = [told(view, "upper_type", "coat") for view in ("v/1", "v/2", "v/4")]
    rows += [told("v/3", "upper_type", "vest", model) for model in ("mllm:a@1", "mllm:b@1")]
    views = [(view, "p:a", "p:a/1") for view, _, _ in VIEWS]
    found = merged(rows, views=views)
    assert ("image", "v/3", "upper_type", "vest") in said(found)
    assert len(found.outliers) == 1


def test_bodies_are_voted_on_across_outfits_and_what_a_view_hides_stays_hidden():
    rows = [told(view, "hair_length", "long") for view in ("v/1", "v/2", "v/4")]
    found = merged([*rows, told("v/3", "hair_length", "not_visible")])
    assert said(found) == {("person", "p:a", "hair_length", "long"), ("image", "v/3", "hair_length", "not_visible")}


def test_labels_are_kept_confirm_models_and_vote_for_their_view():
    labels = [told("v/1", "upper_type", "coat", "human"), told("v/2", "upper_type", "coat", "human")]
    rows = [told("v/1", "upper_type", "vest"), told("v/3", "upper_type", "vest"), told("v/2", "upper_type", "jacket")]
    found = merged(rows, labels)
    assert ("clothes", "p:a/1", "upper_type", "coat") in said(found)
    assert [each.image_id for each in found.outliers] == ["v/3"]
    assert found.confirmed == {"mllm:a@1": 0.5}


def test_what_is_merged_wins_over_one_model_and_never_over_a_label():
    rows = [told("v/1", "headwear", "cap", "merged"), told("v/1", "headwear", "hat"), told("v/1", "glasses", "none")]
    label = told("v/1", "glasses", "sunglasses", "human")
    found = known([*rows, label, told("v/2", "headwear", "hat", "rule")]).record(0)
    assert found == {"glasses": "sunglasses", "headwear": "cap"}


def test_the_order_of_answers_changes_nothing():
    rows = [told(view, "upper_type", kind) for view, kind in (("v/1", "coat"), ("v/2", "coat"), ("v/3", "vest"))]
    assert merged(rows) == merged(rows[::-1])
