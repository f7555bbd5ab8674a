"""Stage 3: clues that are enough together and not alone, one right order, one best question, reasons that decide."""

import re
from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from questions_toy import caption, people, pool_of, rows_of

from generators.attribute_masks import mask_of
from generators.claims import Claims
from generators.facts import KEYS, UNSAID, WORDS, CaptionFacts, Facts, value_at
from generators.questions.ctcc_pick import CLOTHES
from schemas import answers
from schemas.question import Pool
from schemas.vocabulary import VOCABULARY

TOLD = ("red", "blue", "black", "white", "green")
LEGS = ("jeans", "shorts", "skirt")
NONE_IN = {"CC_PICK", "VI_PICK"}
PICKS = ("CC_PICK", "VI_PICK", "CTCC_PICK", "LI", "COMPOSED")


def town(split: str = "train") -> Pool:
    """Forty people in two outfits with five known attributes; one camera of four is infrared."""
    images = people(40, cameras=4, outfits=2, split=split)
    for row in images:
        row["modality"] = "near_infrared" if row["cam_raw"] == "c3" else "rgb"
    outfits = list(dict.fromkeys(str(row["clothes_key"]) for row in images))
    said = [fact for at, outfit in enumerate(outfits) for fact in facts_of(at, outfit)]
    told = [
        caption(row["image_id"], f"A person who wears a {TOLD[outfits.index(row['clothes_key']) % 5]} jacket today.")
        for row in images
        if row["modality"] == "rgb"
    ]
    return pool_of(images, split, captions=told, attributes=said)


def facts_of(at: int, outfit: str) -> list[dict[str, Any]]:
    values = {
        "upper_color_primary": TOLD[at % 5],
        "lower_color_primary": TOLD[at // 5 % 5],
        "lower_type": LEGS[at // 3 % 3],
        "backpack": ("no", "yes")[at // 2 % 2],
        "hand_bag": ("no", "yes")[at // 7 % 2],
    }
    found = {"level": "clothes", "clothes_key": outfit, "attribute_source": "human"}
    return [{"attribute_id": f"{outfit}{key}", "key": key, "value": value, **found} for key, value in values.items()]


TOWN = town()
FACTS = Facts(TOWN)
PLACE = {image_id: at for at, image_id in enumerate(TOWN.table.column("image_id").to_pylist())}


def places(row: dict[str, Any], role: str | None = None) -> np.ndarray:
    return np.array([PLACE[ref["image_id"]] for ref in row["images"] if role in (None, ref["role"])])


@pytest.mark.parametrize("family", PICKS)
def test_a_gallery_comes_from_one_camera_and_its_match_from_any_place(family: str) -> None:
    spots: Counter[tuple[int, int]] = Counter()
    for row in rows_of(family, TOWN, 600):
        shown = [ref for ref in row["images"] if ref["role"] == "gallery"]
        first = len(row["images"]) - len(shown)
        assert len({ref["cam_key"] for ref in shown}) == 1
        assert len(shown) == row["answer"]["n_options"]
        gold = row["answer"]["gold_index"]
        assert gold > 0 or family in NONE_IN
        spots[len(shown), gold - first if gold else 0] += 1
        own = row["images"][0]["person_key"]
        assert (gold > 0) or own not in {ref["person_key"] for ref in shown}
        assert gold == 0 or row["images"][gold - 1]["person_key"] == own
        assert len(row["negatives"]) == len(shown) - (gold > 0)
    pairs = [spots[2, place] for place in (1, 2)]
    assert max(pairs) < 1.5 * min(pairs)


def test_other_clothes_are_other_clothes_and_other_light_is_other_light() -> None:
    for row in rows_of("CC_PICK", TOWN, 200):
        if gold := row["answer"]["gold_index"]:
            assert row["images"][gold - 1]["clothes_key"] != row["images"][0]["clothes_key"]
    directions: Counter[str] = Counter()
    for row in rows_of("VI_PICK", TOWN, 200):
        directions[row["subtask"]] += 1
        query, *others = [ref["modality"] for ref in row["images"]]
        assert {query, *others} == {"rgb", "near_infrared"}
        assert query not in others
        assert row["subtask"].startswith("infrared") == (query == "near_infrared")
    assert directions == {"colour_first": 100, "infrared_first": 100}


def test_a_clothes_template_is_a_part_of_another_picture_of_the_outfit_worn_by_the_match() -> None:
    decoys = 0
    for row in rows_of("CTCC_PICK", TOWN, 300):
        query, template, *shown = row["images"]
        match = row["images"][row["answer"]["gold_index"] - 1]
        assert template["role"] == "clothes_template"
        assert template["region"] == pytest.approx({side: getattr(CLOTHES, side) for side in "xywh"})
        assert {ref["region"] is None for ref in (query, *shown)} == {True}
        assert template["clothes_key"] == match["clothes_key"] != query["clothes_key"]
        assert template["image_id"] not in {query["image_id"], *(ref["image_id"] for ref in shown)}
        fitting = [ref for ref in shown if ref["clothes_key"] == match["clothes_key"]]
        assert fitting == [match]
        decoys += any(negative["strategy"] == "same_person" for negative in row["negatives"])
    assert decoys > 50


@pytest.mark.parametrize(("family", "verdict"), [("LI", "different"), ("COMPOSED", "supported")])
def test_only_the_match_is_of_the_person_and_fits_the_words(family: str, verdict: str) -> None:
    ways: Counter[str] = Counter()
    for row in rows_of(family, TOWN, 400):
        lines = row["rationale"]["evidence"]
        keys = [KEYS.index(line["attr"]) for line in lines]
        assert {line["verdict"] for line in lines} == {verdict}
        match = PLACE[row["images"][row["answer"]["gold_index"] - 1]["image_id"]]
        stated = [mask_of(line["attr"], line["value_b"]) for line in lines]
        assert FACTS.values[match, keys].tolist() == stated
        for negative in row["negatives"]:
            ways[negative["strategy"]] += 1
            other = np.array([PLACE[negative["ref"]]])
            if negative["strategy"] == "same_person":
                assert FACTS.differ(np.array([match]), other)[0, keys].any()
            else:
                assert TOWN.person[other[0]] != TOWN.person[match]
            if negative["strategy"] == "fits_note":
                assert FACTS.values[other[0], keys].tolist() == stated
    assert ways["same_person"] > 20
    assert ways["fits_note"] > 20


def test_an_instruction_says_what_changed_and_never_what_stayed() -> None:
    for row in rows_of("LI", TOWN, 200):
        query = PLACE[row["images"][0]["image_id"]]
        for line in row["rationale"]["evidence"]:
            assert FACTS.values[query, KEYS.index(line["attr"])] == mask_of(line["attr"], line["value_a"])
            assert line["value_a"] != line["value_b"]


def test_a_set_holds_every_match_and_strangers_contradict_the_caption() -> None:
    claims, counts = Claims(TOWN), Counter()
    named = {name: n for n, name in enumerate(TOWN.captions.table.column("caption_id").to_pylist())}
    for row in rows_of("T2I_SET", TOWN, 600):
        told = named[row["texts"][0]["text_id"]]
        own = TOWN.captions.image[told]
        shown = places(row)
        fits = [at + 1 for at, place in enumerate(shown) if TOWN.clothes[place] == TOWN.clothes[own]]
        assert own not in shown
        assert fits == list(row["answer"]["gold_set"])
        counts[len(shown), len(fits)] += 1
        strangers = np.array([PLACE[negative["ref"]] for negative in row["negatives"]], dtype=np.int64)
        assert claims.contradicted(np.full(len(strangers), told), strangers).all()
        assert len(strangers) == len(shown) - len(fits)
    shares = {n: sum(c for (_, fits), c in counts.items() if fits == n) / 600 for n in range(4)}
    assert 0.10 < shares[0] < 0.20
    assert min(shares.values()) > 0.05
    assert {size for size, _ in counts} == {4, 6}


def test_notes_are_alike_but_for_what_the_picture_contradicts() -> None:
    claims, spots = Claims(TOWN), Counter()
    named = {name: n for n, name in enumerate(TOWN.captions.table.column("caption_id").to_pylist())}
    for row in rows_of("I2T_PICK", TOWN, 400):
        notes = [named[text["text_id"]] for text in row["texts"]]
        right = row["answer"]["gold_index"] - 1
        picture = places(row)
        spots[right] += 1
        assert row["answer"]["text"] == answers.option(right)
        assert len({text["text"] for text in row["texts"]}) == len(notes) == 4
        assert TOWN.captions.image[notes[right]] != picture[0]
        assert TOWN.clothes[TOWN.captions.image[notes[right]]] == TOWN.clothes[picture[0]]
        wrong = np.array(notes[:right] + notes[right + 1 :])
        assert claims.contradicted(wrong, np.repeat(picture, 3)).all()
        assert [negative["strategy"] for negative in row["negatives"]] == ["contradicts_picture"] * 3
        assert not claims.contradicted(np.array([notes[right]]), picture).any()
    assert max(spots.values()) < 1.4 * min(spots.values())


def test_no_note_is_given_away_by_the_colours_that_infrared_lacks() -> None:
    images = people(40, cameras=4)
    for row in images:
        row["modality"] = "near_infrared" if row["cam_raw"] == "c3" else "rgb"
    outfits = list(dict.fromkeys(str(row["clothes_key"]) for row in images))
    number = {outfit: at for at, outfit in enumerate(outfits)}
    worn = {
        outfit: f"{LEGS[at // 3 % 3].replace('skirt', 'a skirt')} with {('no', 'a')[at // 2 % 2]} backpack"
        for outfit, at in number.items()
    }
    hue = {"rgb": lambda at: f"{TOLD[at % 5]} jacket", "near_infrared": lambda _: "warm jacket"}
    told = [
        caption(row["image_id"], f"A person in a {hue[row['modality']](number[name])} and {worn[name]}.")
        for row in images
        for name in (str(row["clothes_key"]),)
    ]
    pool = pool_of(
        images, captions=told, attributes=[fact for at, outfit in enumerate(outfits) for fact in facts_of(at, outfit)]
    )
    colourless: Counter[int] = Counter()
    for row in rows_of("I2T_PICK", pool, 400):
        colourless[sum("warm" in text["text"] for text in row["texts"])] += 1
    assert set(colourless) <= {0, 4}
    assert min(colourless[0], colourless[4]) > 20


def test_the_order_of_a_ranking_is_the_only_one() -> None:
    kinds: Counter[str] = Counter()
    for row in rows_of("RANK_LIST", TOWN, 300):
        kinds[row["subtask"]] += 1
        keys = [KEYS.index(line["attr"]) for line in row["rationale"]["evidence"]]
        shown = places(row)
        match = np.repeat(shown[row["answer"]["gold_rank"][0] - 1], len(shown))
        same, apart = FACTS.agree(match, shown)[:, keys], FACTS.differ(match, shown)[:, keys]
        assert (same | apart).all()
        counts = same.sum(axis=1)
        order = [int(at) + 1 for at in np.argsort(-counts)]
        assert len(set(counts.tolist())) == len(shown)
        assert row["answer"]["gold_rank"] == order[: 2 if row["subtask"] == "best_two" else None]
    assert max(kinds.values()) - min(kinds.values()) <= 1


def test_reasons_of_a_ranking_name_what_is_wrong_with_each() -> None:
    rows = [row for row in rows_of("RANK_LIST", TOWN, 300) if row["subtask"] == "with_reasons"]
    for row in rows:
        head, remarks = row["answer"]["text"].split(". ", 1)
        first, *others = remarks.split("; ")
        assert first == f"Image {head.split(' > ')[0]} fits"
        assert [int(re.findall(r"\d+", remark)[0]) for remark in others] == row["answer"]["gold_rank"][1:]
        assert all("wrong in the " in remark for remark in others)


def test_the_question_asked_separates_more_pairs_than_any_other() -> None:
    asked: Counter[str] = Counter()
    by_words = {text: KEYS.index(key) for key, text in WORDS["ask"].items()}
    for row in rows_of("DIALOG_ASK", TOWN, 200):
        gold = by_words[row["answer"]["text"]]
        asked[KEYS[gold]] += 1
        shown = places(row)
        separated = np.zeros(len(KEYS), dtype=int)
        for one, other in combinations(shown, 2):
            separated += FACTS.differ(np.array([one]), np.array([other]))[0]
        decided = FACTS.known(shown).all(axis=0)
        rivals = [separated[at] for at in np.flatnonzero(decided) if at != gold]
        assert separated[gold] > max(rivals, default=0)
        assert WORDS["noun"][KEYS[gold]] not in row["turns"][0]["text"]
    assert len(asked) >= 4


def test_a_line_up_shrinks_to_those_who_fit_all_that_was_said() -> None:
    rounds: Counter[int] = Counter()
    sentences = {
        WORDS["say"]
        .get(f"{key}/{value}", WORDS["say"][key])
        .replace("{value}", WORDS["value"].get(f"{key}/{value}", value.replace("_", " "))): (key, value)
        for key in KEYS
        for value in VOCABULARY[key].values
    }
    for row in rows_of("DIALOG_NARROW", TOWN, 300):
        shown, left = places(row), set(range(1, len(row["images"]) + 1))
        said = [turn["text"] for turn in row["turns"][::2]]
        told = [[fact for text, fact in sentences.items() if text in turn] for turn in said]
        rounds[len(told)] += 1
        for facts, turn in zip(told, row["turns"][1::2], strict=True):
            ((key, value),) = facts
            left = {n for n in left if FACTS.values[shown[n - 1], KEYS.index(key)] == mask_of(key, value)}
            parsed = answers.parse("set", turn["text"])
            assert parsed is not None
            assert set(parsed.gold_set or ()) == left
            assert ("Ask about" in turn["text"]) == (len(left) > 1)
        assert left == set(row["answer"]["gold_set"])
    assert {1, 2} <= set(rounds) <= {1, 2, 3}


def test_what_was_asked_about_is_what_is_told_next() -> None:
    nouns = {text: key for key, text in WORDS["noun"].items()}
    for row in rows_of("DIALOG_NARROW", TOWN, 300):
        for asked, told in zip(row["turns"][1::2], row["turns"][2::2], strict=False):
            key = nouns[asked["text"].split("Ask about ")[1].removesuffix(" next.")]
            options = [WORDS["say"].get(f"{key}/{value}", WORDS["say"][key]) for value in VOCABULARY[key].values]
            assert any(told["text"].startswith(option.split("{")[0]) for option in options)


def test_reasons_decide_and_would_not_fit_the_other_answer() -> None:
    for row in rows_of("COT_EVID", TOWN, 300):
        lines = row["rationale"]["evidence"]
        one, other = places(row)
        for line in lines:
            values = [mask_of(line["attr"], line[name]) for name in ("value_a", "value_b")]
            assert [FACTS.values[at, KEYS.index(line["attr"])] for at in (one, other)] == values
            assert (line["verdict"] == "same") == (values[0] == values[1])
        decided = not any(line["verdict"] == "different" for line in lines)
        assert decided == row["answer"]["gold_bool"]
        thought = row["answer"]["text"].split("</think>")[0]
        assert thought.count("different.") == sum(line["verdict"] == "different" for line in lines)
        assert not re.search(r"\b(camera|background|street|time|day|night)\b", thought)


def test_a_flipped_label_takes_the_rationale_with_it() -> None:
    images = people(40, cameras=4, outfits=2)
    outfits = list(dict.fromkeys(str(row["clothes_key"]) for row in images))
    flipped = [fact for at, outfit in enumerate(outfits) for fact in facts_of(at + 1, outfit)]
    for row in images:
        row["modality"] = "near_infrared" if row["cam_raw"] == "c3" else "rgb"
    other = pool_of(images, attributes=flipped)
    facts, changed = Facts(other), 0
    before = {row["sample_id"]: row["rationale"] for row in rows_of("COT_EVID", TOWN, 400)}
    for row in rows_of("COT_EVID", other, 400):
        for line in row["rationale"]["evidence"]:
            values = facts.values[places(row), KEYS.index(line["attr"])]
            assert values.tolist() == [mask_of(line["attr"], line[name]) for name in ("value_a", "value_b")]
        changed += before.get(row["sample_id"], row["rationale"]) != row["rationale"]
    assert changed


def test_a_correction_changes_the_one_wrong_fact_and_follows_the_record() -> None:
    kinds: Counter[str] = Counter()
    for row in rows_of("REFINE", TOWN, 300):
        kinds[row["subtask"]] += 1
        picture, lines = places(row)[0], row["rationale"]["evidence"]
        wrong = [line for line in lines if line["verdict"] == "contradicted"]
        assert len(wrong) == 1
        assert len(lines) >= 2
        for line in lines:
            assert FACTS.values[picture, KEYS.index(line["attr"])] == mask_of(line["attr"], line["value_b"])
        assert row["answer"]["text"] not in row["turns"][0]["text"]
        if row["subtask"] == "fault_named":
            assert WORDS["noun"][wrong[0]["attr"]] in row["turns"][0]["text"]
        if row["subtask"] == "stranger_shown":
            stranger = places(row)[1]
            assert TOWN.person[stranger] != TOWN.person[picture]
    assert max(kinds.values()) - min(kinds.values()) <= 1


@pytest.mark.parametrize("family", ["INSUFF", "REFUSE"])
def test_half_of_the_rows_are_answered_in_the_same_words(family: str) -> None:
    rows = rows_of(family, TOWN, 200)
    told = Counter(row["answer"]["kind"] for row in rows)
    assert told == {"insufficient": 100, "caption": 100}
    wordings = {kind: Counter() for kind in told}
    for row in rows:
        wordings[row["answer"]["kind"]][row["template"]["paraphrase_no"]] += 1
    assert wordings["insufficient"] == wordings["caption"]


def test_no_colour_is_told_of_an_infrared_picture() -> None:
    for row in rows_of("INSUFF", TOWN, 200):
        dark = row["images"][0]["modality"] == "near_infrared"
        assert (row["answer"]["kind"] == "insufficient") == (dark and "color" in row["subtask"])


def test_a_witness_tells_what_the_memory_says_and_nothing_else() -> None:
    kinds, told = Counter(), CaptionFacts(TOWN)
    named = {name: n for n, name in enumerate(TOWN.captions.table.column("caption_id").to_pylist())}
    for row in rows_of("DIALOG_ANSWER", TOWN, 200):
        kinds[row["subtask"]] += 1
        memory = row["texts"][0]
        assert row["images"] == []
        assert memory["text"] in row["turns"][0]["text"]
        known = told.values(np.array([named[memory["text_id"]]]))[0]
        facts = [value_at((at << 32) | int(mask)) for at, mask in enumerate(known) if mask]
        words = [WORDS["value"].get(f"{key}/{value}", value) for key, value in facts]
        text = row["answer"]["text"]
        assert text == "I don't know." or any(word in text for word in words)
        assert text.startswith("No, ") == (row["subtask"] == "it_is_not_so")
        assert text.startswith("Yes, ") == (row["subtask"] == "it_is_so")
        assert (text == "I don't know.") == (row["subtask"] == "not_noticed")
    assert len(kinds) == 4
    assert min(kinds.values()) > 20


def test_every_fact_has_all_its_wordings() -> None:
    for name, table in WORDS.items():
        if name != "value":
            assert set(KEYS) <= {key.split("/")[0] for key in table}, name
        for entry in table:
            key, _, value = entry.partition("/")
            assert key in KEYS
            assert not value or value in VOCABULARY[key].values
            assert value not in UNSAID


def test_nothing_is_stated_of_a_sketch_but_it_may_ask() -> None:
    images = people(12, outfits=2)
    for row in images:
        row["modality"] = "sketch" if row["cam_raw"] == "c2" else "rgb"
    drawn = pool_of(images)
    for family in ("CC_PICK", "CTCC_PICK", "LI", "DIALOG_ASK", "REFINE", "COT_EVID", "REFUSE"):
        assert {ref["modality"] for row in rows_of(family, drawn, 60) for ref in row["images"]} == {"rgb"}, family
    kinds = {(row["subtask"], row["images"][0]["modality"]) for row in rows_of("COMPOSED", drawn, 60)}
    assert kinds == {("sketch", "sketch"), ("other_outfit", "rgb")}
