"""Gates about which pictures a row may show: own ones, ones that a wrong answer fits, ones that stand out."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from schemas.discovery import find
from schemas.gate import Gate, Verdict
from schemas.keys import hash_ids
from tasks.checking.toy import Row, Rows, toy_rows, toy_staged
from tasks.contracts.load import gate_rules, load_contracts

RULES = gate_rules(load_contracts())


def judge(name: str, rows: Rows, **more: Any) -> Verdict:
    gate: Gate = find("tasks.gates", "GATE", name)
    return gate.check(toy_staged(rows), {**RULES[name].parameters, **more})


def hashed(rows: Rows) -> Rows:
    for number, image in enumerate(rows["images"]):
        image["phash"] = int(hash_ids([f"look {number}"])[0])
    return rows


def described(row: Row, family: str, about: Row, said: str = "A person.", role: str = "query_caption") -> Row:
    row["family"] = family
    row["texts"] = [{"text_id": f"{about['image_id']}#0", "role": role, "source": "human", "text": said, "lang": "en"}]
    return row


def yes_row(rows: Rows) -> Row:
    return next(row for row in rows["conversations"] if row["sample_id"].endswith("-Yes") and row["stage"] == 2)


def test_a_near_duplicate_of_the_captions_picture_is_its_own_picture() -> None:
    rows = hashed(toy_rows())
    about, shown = yes_row(rows)["images"]
    described(yes_row(rows), "T2I_YN", about)["images"] = [shown]
    assert judge("own_pictures", rows).passed
    looks = {image["image_id"]: image for image in rows["images"]}
    looks[shown["image_id"]]["phash"] = looks[about["image_id"]]["phash"] ^ 0b101
    assert judge("own_pictures", rows).failing == (yes_row(rows)["sample_id"],)


def test_a_family_that_asks_about_the_captions_picture_may_show_it() -> None:
    rows = hashed(toy_rows())
    described(yes_row(rows), "CAP_FIX", yes_row(rows)["images"][0])
    assert judge("own_pictures", rows).passed


def test_a_clothes_template_that_is_the_match_is_refused() -> None:
    rows = hashed(toy_rows())
    row = next(row for row in rows["conversations"] if row["family"] == "I2I_PICK1")
    for image in row["images"][1:]:
        image["role"] = "gallery"
    row["images"][0] |= {"role": "clothes_template"}
    assert judge("own_pictures", rows).passed
    row["images"][0] |= {"image_id": row["images"][2]["image_id"]}
    assert judge("own_pictures", rows).failing == (row["sample_id"],)


def test_a_wrong_option_that_the_picture_fits_is_ambiguous_and_the_right_one_is_not() -> None:
    rows = toy_rows()
    row = yes_row(rows)
    worn = next(one["value"] for one in rows["attributes"] if one["person_key"] == row["images"][0]["person_key"])
    coat = {"attribute_id": "coat", "level": "person", "person_key": row["images"][0]["person_key"]}
    rows["attributes"].append(coat | {"key": "upper_type", "value": "coat", "attribute_source": "human"})
    for right, ambiguous in ((1, False), (2, True)):
        described(row, "I2T_PICK", row["images"][0], f"A person in a {worn} coat.", "option")
        row["texts"].append(row["texts"][0] | {"text": "A person in a white skirt and a yellow shirt."})
        row["answer"] = {"kind": "pick1", "text": f"Option {' AB'[right]}", "gold_index": right, "n_options": 2}
        assert judge("ambiguity", rows).passed is not ambiguous


def test_descriptions_that_say_nothing_to_compare_are_left_to_the_miner() -> None:
    rows = toy_rows()
    described(yes_row(rows), "T2I_YN", yes_row(rows)["images"][0])["answer"] = {"kind": "yesno", "text": "No"}
    verdict = judge("ambiguity", rows)
    assert verdict.passed
    assert "of 0 wrong answers" in verdict.summary


def test_right_candidates_that_are_blurred_are_found_in_sets_too() -> None:
    rows = toy_rows(160)
    for row in [row for row in rows["conversations"] if row["family"] == "I2I_PICK1"]:
        row["answer"] |= {
            "kind": "set",
            "gold_set": [row["answer"]["gold_index"]] if row["answer"]["gold_index"] else [],
        }
        row["family"] = "I2I_SET"
    assert judge("picture_statistics", rows).passed
    golds = {row["images"][number - 1]["image_id"] for row in rows["conversations"] for number in _golds(row)}
    for image in rows["images"]:
        if image["image_id"] in golds:
            image["image"]["bytes"] = blurred(image["image"]["bytes"])
    verdict = judge("picture_statistics", rows)
    assert not verdict.passed
    assert "sharpness" in verdict.summary
    assert judge("picture_statistics", rows, sharpness_images=0).passed


def _golds(row: Row) -> list[int]:
    return list(row["answer"].get("gold_set") or ())


def blurred(encoded: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(encoded)).filter(ImageFilter.GaussianBlur(2)).save(out, "JPEG", quality=95)
    return out.getvalue()


def test_a_picture_that_is_no_jpeg_has_no_sharpness_and_does_not_raise() -> None:
    rows = toy_rows(160)
    out = io.BytesIO()
    Image.fromarray(np.zeros((16, 8, 3), dtype=np.uint8)).save(out, "PNG")
    for image in rows["images"]:
        image["image"]["bytes"] = out.getvalue()
    assert judge("picture_statistics", rows).passed
