"""Stages 1 and 2: what each family promises beyond its grammar, read from its rows."""

import json
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from questions_toy import caption, people, pool_of, rich_crowd, rows_of

from generators.evidence import Compared
from generators.sayings import Sayings
from schemas import answers
from schemas.errors import BadRecipe
from schemas.vocabulary import NOT_VISIBLE, VOCABULARY

RICH = rich_crowd()
AT = {name: place for place, name in enumerate(RICH.table.column("image_id").to_pylist())}


def prompt(row: dict[str, Any]) -> str:
    return str(row["turns"][0]["text"])


def people_of(row: dict[str, Any], role: str) -> list[str]:
    return [image["person_key"] for image in row["images"] if image["role"] == role]


def test_four_pictures_share_their_options_and_each_option_is_right_once():
    golds: dict[str, list[str]] = defaultdict(list)
    for row in rows_of("ATTR_MCQ", RICH, 400):
        options = prompt(row)[prompt(row).index("A: ") :]
        golds[f"{row['subtask']} {row['template']['paraphrase_no']} {options}"].append(row["answer"]["text"])
    assert len(golds) > 80
    for each in golds.values():
        counts = Counter(each)
        assert set(counts) == {f"Option {letter}" for letter in "ABCD"}
        assert len(set(counts.values())) == 1


def test_no_option_may_pass_for_another():
    for row in rows_of("ATTR_MCQ", RICH, 200):
        assert not ("green" in prompt(row) and "blue" in prompt(row) and row["subtask"].endswith("color_primary"))


def test_null_in_a_record_is_what_a_picture_hides_and_values_are_the_records_own():
    nulls = 0
    for row in rows_of("ATTR_JSON", RICH, 300):
        record, image = json.loads(row["answer"]["text"]), row["images"][0]
        assert list(record) == sorted(record, key=list(VOCABULARY).index)
        assert all(key in prompt(row) for key in record)
        nulls += sum(value is None for value in record.values())
        for key, value in record.items():
            assert value is not None or (image["modality"] == "near_infrared" and "color" in key)
            assert value != NOT_VISIBLE
            assert not VOCABULARY[key].sensitive
    assert nulls


def test_a_reworded_caption_states_the_same_of_the_same_picture_in_another_style():
    sayings = Sayings(RICH)
    code = {text: int(sayings.code(np.array([at]))[0]) for at, text in enumerate(texts())}
    for row in rows_of("CAP_STYLE", RICH, 200):
        given, told = row["texts"][0]["text"], row["answer"]["text"]
        assert given != told
        assert given in prompt(row)
        assert code[given] == code[told] > 0


def test_a_reworded_caption_loses_nothing_that_the_reader_only_notices():
    given = (
        "A woman in a red shirt with white dots and jeans.",
        "A woman in a red shirt and jeans. Her shoes are odd.",
        "A woman in a red shirt and jeans. She has hair down.",
        "A bald woman in a red shirt and jeans.",
    )
    images = people(4, cameras=1, shots=1)
    told = [caption(row["image_id"], text) for row, text in zip(images, given, strict=True)]
    plain = "Seen: a woman. Wearing: a red shirt and jeans."
    told += [caption(row["image_id"], plain, 1, "inventory") for row in images]
    spotted = "I saw a woman wearing a red shirt with spots and jeans."
    told.append(caption(images[0]["image_id"], spotted, 2, "witness"))
    answered = {
        (row["texts"][0]["text"], row["answer"]["text"])
        for row in rows_of("CAP_STYLE", pool_of(images, captions=told), 50)
    }
    assert answered == {(given[0], spotted)}


def texts() -> list[str]:
    return [str(text) for text in RICH.captions.table.column("text").to_pylist()]


def test_a_record_of_a_caption_needs_no_picture_and_says_what_the_text_says():
    for row in rows_of("CAP2ATTR", RICH, 100):
        assert row["images"] == []
        assert row["licence"] == ["toy-research"]
        assert row["texts"][0]["text"] in prompt(row)
        for value in json.loads(row["answer"]["text"]).values():
            assert value is None or value in row["texts"][0]["text"]


def test_a_wrong_part_is_known_to_be_otherwise_and_a_share_of_descriptions_is_right():
    rows = rows_of("CAP_FIX", RICH, 600)
    right = 0
    for row in rows:
        evidence = row["rationale"]["evidence"]
        right += not evidence
        assert all(line["value_a"] != line["value_b"] for line in evidence)
        assert {line["verdict"] for line in evidence} <= {"contradicted"}
        if row["subtask"] == "find":
            said = row["answer"]["text"]
            assert said == "Nothing is wrong." if not evidence else said in prompt(row)
        if row["subtask"] == "rate":
            assert row["answer"]["text"].count("contradicted") == bool(evidence)
    assert 0.15 < right / len(rows) < 0.25


def test_differences_are_clear_in_both_records_and_shared_things_the_same():
    compared = Compared(RICH)
    for row in rows_of("ATTR_DIFF", RICH, 200):
        one, other = (np.array([AT[image["image_id"]]]) for image in row["images"])
        for line in row["rationale"]["evidence"]:
            truth = compared.agrees if line["verdict"] == "shared" else compared.differs
            assert truth(line["attr"], one, other).all()
        assert any(line["verdict"] == "different" for line in row["rationale"]["evidence"])


def test_forms_name_only_what_is_known():
    for row in rows_of("CAP_STRUCT", RICH, 200):
        assert "unknown" not in row["answer"]["text"]
        assert "  " not in row["answer"]["text"]
        assert row["answer"]["text"].endswith(".")


def test_a_set_holds_all_pictures_of_the_person_and_cameras_tell_nothing():
    sizes = Counter()
    for row in rows_of("I2I_SET", RICH, 400):
        (query,) = people_of(row, "query")
        there = [at + 2 for at, person in enumerate(people_of(row, "gallery")) if person == query]
        assert row["answer"]["gold_set"] == there
        assert len({image["cam_key"] for image in row["images"][1:]}) == 1
        sizes[len(there)] += 1
    assert set(sizes) >= {0, 1, 2}
    assert 0.1 < sizes[0] / 400 < 0.2


def test_a_ranking_has_matches_first_and_each_part_by_number():
    for row in rows_of("I2I_RANK", RICH, 200):
        (query,) = people_of(row, "query")
        numbers = row["answer"]["gold_rank"]
        person = [row["images"][number - 1]["person_key"] for number in numbers]
        matches = person.count(query)
        assert sorted(numbers) == list(range(2, len(row["images"]) + 1))
        assert matches > 0
        assert person[:matches] == [query] * matches
        assert numbers[:matches] == sorted(numbers[:matches])
        assert numbers[matches:] == sorted(numbers[matches:])


def test_every_gallery_is_shown_with_and_without_the_person():
    rows = rows_of("I2I_NONE", RICH, 300)
    assert Counter(row["answer"]["gold_index"] == 0 for row in rows) == {True: 150, False: 150}
    twins: dict[Any, list[set[str]]] = defaultdict(list)
    for row in rows:
        key = (row["images"][0]["image_id"], row["template"]["paraphrase_no"], len(row["images"]))
        twins[key].append({image["image_id"] for image in row["images"]})
    assert all(any(len(one ^ other) == 2 for other in shown) for shown in twins.values() for one in shown)


@pytest.mark.parametrize("queries", [2, 3])
def test_several_queries_are_different_pictures_of_one_person_and_none_is_a_candidate(queries: int):
    for row in rows_of("MULTI_QUERY", RICH, 150, queries=queries):
        asked, shown = row["images"][:queries], row["images"][queries:]
        assert len({image["person_key"] for image in asked}) == 1
        assert len({image["image_id"] for image in row["images"]}) == len(row["images"])
        gold = row["answer"]["gold_index"]
        assert [image["person_key"] == asked[0]["person_key"] for image in shown].count(True) == bool(gold)
        assert not gold or row["images"][gold - 1]["person_key"] == asked[0]["person_key"]


def test_a_number_of_queries_out_of_bounds_is_refused():
    with pytest.raises(BadRecipe, match="'queries' must be 2 to 4, found 9"):
        rows_of("MULTI_QUERY", RICH, 1, queries=9)


def test_the_odd_one_is_alone_and_never_alone_with_its_camera():
    places = Counter()
    for row in rows_of("ODD_ONE", RICH, 400):
        gold = row["answer"]["gold_index"]
        persons, cameras = ([image[key] for image in row["images"]] for key in ("person_key", "cam_key"))
        assert persons.count(persons[gold - 1]) == 1
        assert len(set(persons)) == 2
        assert cameras.count(cameras[gold - 1]) > 1
        places[len(persons), gold] += 1
    fours = [places[4, number] for number in range(1, 5)]
    assert max(fours) < 1.6 * min(fours)


def test_a_partition_is_that_of_the_persons_and_sizes_vary():
    sizes = Counter()
    for row in rows_of("PARTITION", RICH, 300):
        persons = [image["person_key"] for image in row["images"]]
        groups = [[n for n, who in enumerate(persons, start=1) if who == person] for person in dict.fromkeys(persons)]
        assert row["answer"]["text"] == answers.partition(groups)
        assert row["subtask"] == "groups_" + "_".join(str(len(group)) for group in sorted(groups, key=len)[::-1])
        sizes[row["subtask"]] += 1
    assert len(sizes) >= 4


def test_a_verdict_comes_first_and_its_reasons_die_when_the_label_is_turned():
    for row in rows_of("DIFF_EVID", RICH, 200):
        same = row["images"][0]["person_key"] == row["images"][1]["person_key"]
        assert row["answer"]["text"].startswith("Yes. Both" if same else "No. Image 1 shows")
        assert row["answer"]["gold_bool"] == same
        verdicts = {line["verdict"] for line in row["rationale"]["evidence"]}
        assert verdicts == {"shared" if same else "different"}


def test_views_are_only_asked_where_a_source_knows_two():
    plain = pool_of(people(10))
    assert rows_of("VIEW_VIS", plain, 10) == []
    assert {row["answer"]["text"] for row in rows_of("VIEW_VIS", RICH, 60)} == {"rgb", "near infrared"}


HIDING: dict[str, dict[str, tuple[str, bool]]] = {
    "nothing hidden": {
        "headwear": ("none", True), "upper_type": ("coat", True), "lower_type": ("jeans", True),
        "viewpoint": ("back", True),
    },
    "told of the person": {"headwear": ("cap", True), "upper_type": ("coat", True), "lower_type": ("jeans", True)},
    "told otherwise": {
        "headwear": ("cap", True), "upper_type": ("coat", True), "lower_type": ("jeans", True),
        "occlusion": ("legs", True),
    },
    "head": {"hair_length": ("not_visible", False), "upper_sleeve": ("long", True), "lower_type": ("skirt", True)},
    "torso": {"headwear": ("cap", True), "upper_type": ("not_visible", False), "lower_length": ("long", True)},
    "legs": {"headwear": ("cap", True), "upper_type": ("coat", True), "lower_type": ("skirt", False)},
    "hair below a cap": {
        "hair_length": ("not_visible", False), "headwear": ("cap", True), "upper_type": ("coat", True),
        "lower_type": ("jeans", True),
    },
    "nobody told of the legs": {"headwear": ("not_visible", False), "upper_type": ("coat", True)},
    "only a colour is hidden": {
        "headwear": ("cap", True), "upper_type": ("coat", True), "lower_color_primary": ("red", False),
    },
    "head and legs": {
        "headwear": ("not_visible", False), "upper_type": ("coat", True), "lower_type": ("not_visible", False),
    },
}  # fmt: skip
SEEN = {"nothing hidden": "none", "head": "head", "torso": "torso", "legs": "legs", "hair below a cap": "none"}


def test_a_hidden_part_is_asked_where_records_tell_of_every_part() -> None:
    images = people(len(HIDING), cameras=1, shots=1)
    names = {row["image_id"]: name for row, name in zip(images, HIDING, strict=True)}
    told = [
        {"attribute_id": f"{image_id} {key}", "attribute_source": "human", "level": "image", "image_id": image_id}
        | {"key": key, "value": value, "visible": visible}
        for image_id, name in names.items()
        for key, (value, visible) in HIDING[name].items()
    ]
    rows = rows_of("VIEW_VIS", pool_of(images, attributes=told), 60)
    answers_of = {(names[row["images"][0]["image_id"]], row["answer"]["text"]) for row in rows}
    assert {row["subtask"] for row in rows} == {"hidden_part"}
    assert answers_of == set(SEEN.items())
    asked = ("Which of head, torso and legs cannot be seen, or none of them?", "what cannot be seen (head, torso, legs")
    assert all(any(words in prompt(row) for words in asked) for row in rows)
