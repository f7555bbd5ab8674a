"""Every family: its examples, its grammar, its balance, and the shortcuts that it must not offer."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from questions_toy import TOLD, caption, composed, image, people, pool_of, rich_crowd, rows_of, table_of

from generators.claims import Claims
from generators.wording import load_wording
from schemas import answers
from schemas.discovery import find_all, names
from schemas.keys import hash_ids
from schemas.question import Example, Pool, Question
from schemas.tables import CONVERSATIONS, IMAGE_ROLES
from schemas.vocabulary import VOCABULARY

FAMILIES = [name.upper() for name in names("generators.questions")]
EXAMPLES = [(n, example) for n, q in find_all("generators.questions", "QUESTION") for example in q.examples]


def example_pool(example: Example) -> Pool:
    images, attributes, words = [], [], []
    for at, given in enumerate(example.images):
        facts = dict(given)
        person, camera = facts.pop("person"), facts.pop("camera")
        told, modality = facts.pop("caption", None), facts.pop("modality", "rgb")
        row = image("toy", person, camera, facts.pop("clothes", "0"), f"toy/{at}.jpg", modality=modality)
        images.append(row)
        words += [caption(row["image_id"], told)] if told else []
        several = enumerate(facts.pop("captions", ()))
        words += [caption(row["image_id"], text, number, style) for number, (style, text) in several]
        for key, value in facts.items():
            said = {"level": "image", "image_id": row["image_id"], "key": key, "value": value}
            attributes.append({"attribute_id": f"{at}{key}", "attribute_source": "human", **said})
    return pool_of(images, attributes=attributes, captions=words)


def crowd(split: str = "train") -> Pool:
    """Thirty people in two outfits, one camera of four infrared, captions that say the colour of the top."""
    images = people(30, cameras=4, outfits=2, split=split)
    for row in images:
        row["modality"] = "near_infrared" if row["cam_raw"] == "c3" else "rgb"
    outfits = list(dict.fromkeys(str(row["clothes_key"]) for row in images))
    told = [
        caption(row["image_id"], f"A person who wears a {TOLD[outfits.index(row['clothes_key']) % 5]} jacket today.")
        for row in images
        if row["modality"] == "rgb"
    ]
    return pool_of(images, split, captions=told)


TRAIN, TEST = crowd(), crowd("test")
RICH, RICH_TEST = rich_crowd(), rich_crowd("test")


def test_there_are_families_and_each_has_an_example_and_wordings():
    assert len(FAMILIES) >= 16
    assert len(EXAMPLES) >= len(FAMILIES)
    for name, question in find_all("generators.questions", "QUESTION"):
        assert isinstance(question, Question)
        assert question.examples, name
        assert question.answer in answers.KINDS
        assert len(load_wording(name).paraphrases) >= 24, name


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_gives_exactly_the_answers_it_promises(name: str, example: Example):
    rows = rows_of(name.upper(), example_pool(example), example.rows, **example.options)
    assert len(rows) == example.rows
    assert sorted({row["answer"]["text"] for row in rows}) == sorted(set(example.answers))


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_have_the_promised_form_and_read_as_a_trainer_reads_them(family: str):
    table = table_of(family, RICH, 120)
    table.validate(full=True)
    assert table.schema == CONVERSATIONS.schema
    rows = table.to_pylist()
    assert len(rows) == 120
    assert len({row["sample_id"] for row in rows}) == 120
    for row in rows:
        user, assistant = row["turns"][0], row["turns"][-1]
        assert [turn["role"] for turn in row["turns"]] == ["user", "assistant"] * (len(row["turns"]) // 2)
        assert answers.markers(user["text"]) == list(range(1, len(row["images"]) + 1))
        assert assistant["text"] == row["answer"]["text"]
        assert {image["role"] for image in row["images"]} <= set(IMAGE_ROLES)
        parsed = answers.parse(row["answer"]["kind"], row["answer"]["text"])
        assert parsed is not None
        assert (parsed.gold_bool, parsed.gold_index) == (row["answer"]["gold_bool"], row["answer"]["gold_index"])
        assert not {"{", "}", "None,"} & set(user["text"].split())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_marker_stands_beside_its_number(family: str):
    for text in load_wording(family).paraphrases:
        for number in answers.markers(text):
            assert f"Image {number} {answers.marker(number)}" in text, text


@pytest.mark.parametrize("family", FAMILIES)
def test_the_last_wordings_are_kept_for_test_rows(family: str):
    wording = load_wording(family)
    last = len(wording.paraphrases) - wording.held_out
    assert max(row["template"]["paraphrase_no"] for row in rows_of(family, RICH, 300)) < last
    assert max(row["template"]["paraphrase_no"] for row in rows_of(family, RICH_TEST, 300)) >= last


@pytest.mark.parametrize("family", ["SAME_YN", "CC_YN", "VI_YN", "T2I_YN", "ATTR_YN"])
@pytest.mark.parametrize("rows", [200, 201])
def test_yes_and_no_are_equally_many(family: str, rows: int):
    counts = Counter(row["answer"]["text"] for row in rows_of(family, TRAIN, rows))
    assert counts["Yes"] + counts["No"] == rows
    assert 0 <= counts["Yes"] - counts["No"] <= 1


def test_yes_and_no_are_equally_many_for_every_value_that_is_asked_about():
    counts = Counter((row["turns"][0]["text"], row["answer"]["text"]) for row in rows_of("ATTR_YN", TRAIN, 400))
    prompts = {prompt for prompt, _ in counts}
    assert all(counts[prompt, "Yes"] == counts[prompt, "No"] for prompt in prompts)


@pytest.mark.parametrize("family", ["SAME_YN", "CC_YN", "VI_YN"])
def test_cameras_of_yes_and_no_are_exactly_the_same(family: str):
    seen: dict[bool, Counter[Any]] = {True: Counter(), False: Counter()}
    for row in rows_of(family, TRAIN, 200):
        seen[row["answer"]["gold_bool"]][tuple(image["cam_key"] for image in row["images"])] += 1
    assert seen[True] == seen[False]
    apart = sum(n for cameras, n in seen[True].items() if cameras[0] != cameras[1])
    assert apart / seen[True].total() >= 0.7


def test_sizes_of_strangers_follow_those_of_matches():
    sizes = {image_id: (50 + at % 40, 100 + 2 * (at % 40)) for at, image_id in enumerate(ids_of(people(40)))}
    rows = rows_of("SAME_YN", pool_of(people(40), sizes=sizes), 400)
    gaps = {True: [], False: []}
    for row in rows:
        gaps[row["answer"]["gold_bool"]].append(row["images"][1]["height"])
    assert abs(sum(gaps[True]) / 200 - sum(gaps[False]) / 200) < 4


def ids_of(images: list[dict[str, Any]]) -> list[str]:
    return sorted(str(row["image_id"]) for row in images)


def pairs(family: str) -> Iterator[tuple[bool, dict[str, Any], dict[str, Any]]]:
    for row in rows_of(family, TRAIN, 200):
        yield row["answer"]["gold_bool"], *row["images"]


def test_a_yes_shows_one_person_and_a_no_two_of_one_source_and_modality():
    for same, one, other in pairs("SAME_YN"):
        assert (one["person_key"] == other["person_key"]) == same
        assert one["modality"] == other["modality"]
        assert one["image_id"] != other["image_id"]
        assert not same or one["clothes_key"] == other["clothes_key"]


def test_a_change_of_clothes_is_always_a_change_of_clothes():
    for same, one, other in pairs("CC_YN"):
        assert (one["person_key"] == other["person_key"]) == same
        assert one["clothes_key"] != other["clothes_key"]
        assert one["modality"] == other["modality"]


def test_infrared_is_always_asked_against_colour():
    for same, one, other in pairs("VI_YN"):
        assert (one["person_key"] == other["person_key"]) == same
        assert {one["modality"], other["modality"]} == {"rgb", "near_infrared"}


def test_a_gallery_holds_one_match_at_an_even_place_or_none_in_some_15_percent():
    rows = rows_of("I2I_PICK1", TRAIN, 1200)
    places, sizes = Counter(), Counter()
    for row in rows:
        query, *candidates = row["images"]
        gold = row["answer"]["gold_index"]
        who = [candidate["person_key"] for candidate in candidates]
        matches = [at + 2 for at, person in enumerate(who) if person == query["person_key"]]
        assert matches == ([gold] if gold else [])
        assert len(set(who)) == len(who) == row["answer"]["n_options"]
        assert len({candidate["cam_key"] for candidate in candidates}) == 1
        sizes[len(who)] += 1
        places[len(who), gold] += 1
    assert set(sizes) == {2, 4, 6}
    assert sizes.most_common(1)[0][0] == 4
    assert 0.12 < sum(n for (_, gold), n in places.items() if gold == 0) / len(rows) < 0.18
    fours = [places[4, gold] for gold in range(2, 6)]
    assert max(fours) < 1.4 * min(fours)


def test_a_description_is_asked_of_another_picture_and_of_strangers_it_cannot_mean():
    rows = rows_of("T2I_PICK", TRAIN, 300)
    at = {image_id: n for n, image_id in enumerate(TRAIN.table.column("image_id").to_pylist())}
    named = {name: n for n, name in enumerate(TRAIN.captions.table.column("caption_id").to_pylist())}
    claims = Claims(TRAIN)
    for row in rows:
        told, gold = row["texts"][0], row["answer"]["gold_index"]
        own = told["text_id"].split("#")[0]
        match = row["images"][gold - 1]
        assert own not in {image["image_id"] for image in row["images"]}
        assert match["clothes_key"] in own_clothes(own)
        assert told["text"] in row["turns"][0]["text"]
        assert len(row["negatives"]) == len(row["images"]) - 1
        for stranger in row["negatives"]:
            assert claims.contradicted(np.array([named[told["text_id"]]]), np.array([at[stranger["ref"]]])).all()


def own_clothes(image_id: str) -> list[str]:
    found = TRAIN.table.filter(TRAIN.table.column("image_id").to_numpy() == image_id)
    return found.column("clothes_key").to_pylist()


@pytest.mark.parametrize("family", ["T2I_YN", "T2I_PICK", "T2I_SET", "I2T_PICK"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_caption_is_never_asked_about_its_own_picture_nor_a_near_duplicate_of_it(family: str, split: str):
    images = people(12, cameras=1, shots=3, split=split)
    described = list(enumerate(images[::3]))
    told = [caption(row["image_id"], f"A person who wears a {TOLD[n % 5]} jacket.") for n, row in described]
    looks = {str(row["image_id"]): far_apart(n) for n, row in enumerate(images)}
    for own, copy in ((row["image_id"], images[3 * n + 1]["image_id"]) for n, row in described):
        looks[copy] = looks[own] ^ 0b1011
    rows = rows_of(family, pool_of(images, split, captions=told, looks=looks), 24)
    assert rows
    for row in rows:
        own = [text["text_id"].split("#")[0] for text in row["texts"]]
        assert all((looks[image["image_id"]] ^ looks[one]).bit_count() > 4 for image in row["images"] for one in own)


@pytest.mark.parametrize("family", ["T2I_YN", "T2I_PICK", "T2I_SET"])
def test_a_stranger_who_looks_nearly_like_the_picture_of_the_caption_is_no_candidate(family: str):
    images = people(12, cameras=1, shots=3)
    told = [
        caption(row["image_id"], f"A person who wears a {TOLD[n % 5]} jacket.") for n, row in enumerate(images[::3])
    ]
    looks = {str(row["image_id"]): far_apart(n) for n, row in enumerate(images)}
    for n in range(12):
        looks[str(images[(3 * n + 5) % 36]["image_id"])] = looks[str(images[3 * n]["image_id"])] ^ 0b101
    rows = rows_of(family, pool_of(images, captions=told, looks=looks), 24)
    for row in rows:
        own = looks[row["texts"][0]["text_id"].split("#")[0]]
        assert all((looks[image["image_id"]] ^ own).bit_count() > 4 for image in row["images"])


@pytest.mark.parametrize("family", ["T2I_YN", "T2I_PICK", "T2I_SET", "I2T_PICK"])
@pytest.mark.parametrize("shots", [1, 2])
def test_a_person_with_no_other_picture_is_left_out_and_told_as_missing(family: str, shots: int):
    images = people(6, cameras=1, shots=shots)
    told = [caption(row["image_id"], "A person who wears a red jacket today.") for row in images[:shots]]
    looks = dict.fromkeys((str(row["image_id"]) for row in images), far_apart(1))
    table, why = composed(family, pool_of(images, captions=told, looks=looks), 2)
    assert table.num_rows == 0
    assert "too few captions with" in why


def far_apart(number: int) -> int:
    """A perceptual hash that is nearly the same as no other number's."""
    return int(hash_ids([f"look {number}"])[0])


def test_no_colour_of_an_infrared_picture_is_ever_told():
    hidden = 0
    for row in rows_of("ATTR_QA", TRAIN, 600):
        if "color" in row["subtask"] and row["images"][0]["modality"] == "near_infrared":
            assert row["answer"]["text"] == "not visible"
            hidden += 1
    assert 0 < hidden <= 600 * 0.04
    for row in rows_of("ATTR_YN", TRAIN, 200):
        assert "color" not in row["subtask"] or row["images"][0]["modality"] == "rgb"


def test_attributes_and_their_values_are_asked_as_evenly_as_the_pictures_allow():
    counts = Counter(row["answer"]["text"] for row in rows_of("ATTR_QA", TRAIN, 400, hidden_share=0))
    assert set(counts) == set(TOLD.values())
    assert max(counts.values()) < 1.25 * min(counts.values())


def test_sensitive_attributes_are_only_asked_in_open_words():
    assert {key for key in load_wording("ATTR_YN").words["ask"] if VOCABULARY[key].sensitive} == set()
    assert {key for key in load_wording("ATTR_QA").words["ask"] if VOCABULARY[key].sensitive}


def test_every_attribute_that_is_asked_has_all_its_wordings():
    for family, tables in (("ATTR_QA", ("ask", "noun")), ("ATTR_YN", ("ask", "claim"))):
        words = load_wording(family).words
        assert words[tables[0]].keys() == words[tables[1]].keys() <= VOCABULARY.keys()
    for name in load_wording("ATTR_YN").words["value"]:
        key, value = name.split("/")
        assert value in VOCABULARY[key].values, name


def test_a_caption_is_told_of_its_own_picture_in_its_style():
    for row in rows_of("CAP_SHORT", TRAIN, 200):
        assert row["texts"][0]["text_id"].split("#")[0] == row["images"][0]["image_id"]
        assert row["answer"]["text"] == row["texts"][0]["text"]
        assert row["subtask"] == "human"
