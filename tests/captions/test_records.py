"""What is known of an image: precedence, inheritance and the limits of both."""

from typing import Any

import pyarrow as pa
import pytest

from generators.records import MISSING, resolve
from schemas.errors import BadTable
from schemas.tables import TABLES
from schemas.vocabulary import VOCABULARY


def images(*rows: dict[str, Any]) -> pa.Table:
    names = ["image_id", "person_key", "clothes_key", "modality"]
    filled = [{"person_key": None, "clothes_key": None, "modality": "rgb", **row} for row in rows]
    return pa.Table.from_pylist(filled, schema=pa.schema([TABLES["person_images"].schema.field(n) for n in names]))


def attributes(*rows: dict[str, Any]) -> pa.Table:
    filled = [{"attribute_id": str(n), "attribute_source": "human", **row} for n, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, schema=TABLES["attributes"].schema)


def of_person(key: str, value: str, **more: Any) -> dict[str, Any]:
    return {"level": "person", "person_key": "p", "key": key, "value": value, **more}


def of_image(key: str, value: str, **more: Any) -> dict[str, Any]:
    return {"level": "image", "image_id": "a", "key": key, "value": value, **more}


ONE = images({"image_id": "a", "person_key": "p", "clothes_key": "p/1"})


def test_the_image_wins_over_the_outfit_which_wins_over_the_person():
    outfit = {"level": "clothes", "clothes_key": "p/1", "key": "upper_color_primary", "value": "red"}
    person = of_person("upper_color_primary", "black")
    image = of_image("upper_color_primary", "white")
    assert resolve(ONE, attributes(person, outfit)).record(0) == {"upper_color_primary": "red"}
    assert resolve(ONE, attributes(image, person, outfit)).record(0) == {"upper_color_primary": "white"}


def test_a_label_of_the_person_wins_over_what_a_caption_of_the_image_says():
    said = of_image("hair_length", "long", attribute_source="caption", confidence=0.8)
    records = resolve(ONE, attributes(said, of_person("hair_length", "short")))
    assert records.record(0) == {"hair_length": "short"}


def test_a_caption_wins_over_a_model():
    said = of_image("backpack", "yes", attribute_source="caption")
    told = of_image("backpack", "no", attribute_source="mllm:any@1")
    assert resolve(ONE, attributes(told, said)).record(0) == {"backpack": "yes"}


def test_two_labels_of_equal_standing_that_differ_leave_the_key_unknown():
    assert resolve(ONE, attributes(of_person("headwear", "cap"), of_person("headwear", "hat"))).record(0) == {}


def test_clothing_of_a_person_with_two_outfits_is_not_carried_over_but_the_body_is():
    two = images(
        {"image_id": "a", "person_key": "p", "clothes_key": "p/1"},
        {"image_id": "b", "person_key": "p", "clothes_key": "p/2"},
    )
    records = resolve(two, attributes(of_person("upper_color_primary", "red"), of_person("build", "slim")))
    assert [records.record(row) for row in (0, 1)] == [{"build": "slim"}, {"build": "slim"}]


def test_one_outfit_or_none_known_lets_the_persons_clothing_reach_every_image():
    same = images({"image_id": "a", "person_key": "p"}, {"image_id": "b", "person_key": "p", "clothes_key": "p/1"})
    records = resolve(same, attributes(of_person("lower_type", "skirt|dress")))
    assert records.texts("lower_type") == ["skirt|dress", "skirt|dress"]
    assert records.labels["lower_type"][-2:] == ("not_visible", "skirt|dress")


def test_colours_are_unknown_in_infrared_and_everything_else_stays():
    infrared = images({"image_id": "a", "person_key": "p", "modality": "near_infrared"})
    rows = attributes(of_person("upper_color_primary", "red"), of_person("upper_type", "coat"))
    records = resolve(infrared, rows)
    assert records.record(0) == {"upper_type": "coat"}
    assert records.infrared.tolist() == [True]


def test_inherited_glasses_are_unknown_from_behind_but_a_label_of_the_image_stays():
    behind = of_image("viewpoint", "back")
    assert resolve(ONE, attributes(behind, of_person("glasses", "glasses"))).record(0) == {"viewpoint": "back"}
    labelled = resolve(ONE, attributes(behind, of_image("glasses", "glasses"))).record(0)
    assert labelled == {"glasses": "glasses", "viewpoint": "back"}


def test_inherited_glasses_are_unknown_where_nobody_knows_the_view():
    worn = of_person("glasses", "glasses")
    assert resolve(ONE, attributes(worn)).record(0) == {}
    assert resolve(ONE, attributes(worn, of_image("viewpoint", "side"))).record(0)["glasses"] == "glasses"
    assert resolve(ONE, attributes(of_image("glasses", "glasses"))).record(0) == {"glasses": "glasses"}


def test_what_belongs_to_an_image_is_never_inherited():
    assert resolve(ONE, attributes(of_person("viewpoint", "back"), of_person("action", "walking"))).record(0) == {}


def test_invisible_reads_not_visible_and_unknown_reads_as_nothing():
    rows = attributes(of_image("headwear", "cap", visible=False), of_image("build", "unknown"))
    assert resolve(ONE, rows).record(0) == {"headwear": "not_visible"}


def test_images_without_person_or_attributes_are_unknown_everywhere():
    records = resolve(images({"image_id": "a"}, {"image_id": "b"}), attributes(of_person("build", "slim")))
    assert sorted(records.values) == sorted(VOCABULARY)
    assert all((codes == MISSING).all() for codes in records.values.values())
    assert resolve(images(), attributes()).image_ids == []


def test_a_value_outside_the_vocabulary_is_refused_by_name():
    with pytest.raises(BadTable, match="'upper_type' cannot be 'toga'"):
        resolve(ONE, attributes(of_person("upper_type", "toga")))


def test_a_key_that_takes_several_values_holds_all_that_one_source_says():
    rows = [of_image("carried_object", value) for value in ("umbrella", "box", "box")]
    assert resolve(ONE, attributes(*rows)).record(0) == {"carried_object": "box|umbrella"}
    other = of_image("carried_object", "phone", attribute_source="own_labels")
    assert resolve(ONE, attributes(*rows, other)).record(0) == {}
