"""The blind solver against shortcuts planted one at a time into a version without any."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.answers import marker
from schemas.gate import ToyStaged, Verdict
from schemas.keys import pick
from schemas.tables import TABLES
from tasks.checking.lettered import lettered_options
from tasks.checking.toy import Row, Rows, toy_row, toy_rows
from tasks.contracts.load import gate_rules, load_contracts
from tasks.gates.blind_solver import GATE
from tasks.versions.writer import canonical, from_rows

RULES = gate_rules(load_contracts())["blind_solver"].parameters
PERSONS = 280
KEYS = ("hat", "bag", "coat", "scarf")
Plant = Callable[[Row], object]


def clean_rows() -> Rows:
    rows = toy_rows(PERSONS)
    people = [row for row in rows["conversations"] if row["family"] == "ATTR_QA"]
    rows["conversations"] = [row for row in rows["conversations"] if row["family"] in ("SAME_YN", "I2I_PICK1")]
    rows["conversations"] += [made for row in people for made in (_letters(row), *_has(row))]
    return {name: rows[name] for name in ("images", "conversations")}


def _letters(person: Row) -> Row:
    """One of four notes fits; notes are of three lengths, whichever fits."""
    gold = pick((1, 2, 3, 4), "gold", person["sample_id"])
    words = [
        pick(("a red top", "a long blue coat", "green trousers and shoes"), "note", person["sample_id"], place)
        for place in range(4)
    ]
    said = " ".join(f"{letter}: {note}." for letter, note in zip("ABCD", words, strict=True))
    answer = f"Option {'ABCD'[gold - 1]}"
    shown = [_shot(person)]
    text = f"Image 1 {marker(1)} Which note fits? {said}"
    name = f"letters-{person['sample_id']}"
    return toy_row(name, "I2T_PICK", shown, text, answer, kind="pick1", gold_index=gold, n_options=4)


def _has(person: Row) -> list[Row]:
    """One attribute each for two pictures of a person, one answered yes and one no, whatever the attribute."""
    keys = [pick(KEYS, "key", person["sample_id"], place) for place in range(2)]
    return [
        toy_row(
            f"has-{person['sample_id']}-{place}",
            "ATTR_YN",
            [_shot(person)],
            f"Image 1 {marker(1)}: is there a {key}?",
            "No" if place else "Yes",
            gold_bool=not place,
        )
        for place, key in enumerate(keys)
    ]


def _shot(row: Row) -> Row:
    return {**row["images"][0], "split": row["split"]}


def judge(rows: Rows) -> Verdict:
    tables = {name: canonical(TABLES[name], from_rows(TABLES[name], listed)) for name, listed in rows.items()}
    return GATE.check(ToyStaged(tables), RULES)


def right(row: Row) -> bool:
    return row["answer"].get("gold_bool") is True


def prompt(change: Callable[[str, Row], str]) -> Plant:
    def plant(row: Row) -> None:
        row["turns"][0]["text"] = change(row["turns"][0]["text"], row)

    return plant


def second(**values: Any) -> Plant:
    return lambda row: right(row) and row["images"][1].update(values)


def gold(**values: Any) -> Plant:
    return lambda row: row["answer"]["gold_index"] and row["images"][row["answer"]["gold_index"] - 1].update(values)


def same_camera(row: Row) -> None:
    first = row["images"][0]["cam_key"]
    row["images"][1]["cam_key"] = first if right(row) else f"{first}-other"


def small_file(row: Row) -> None:
    row["images"][1]["image_id"] = SMALL if right(row) else LARGE


def gold_third(row: Row) -> None:
    images, at = row["images"], row["answer"]["gold_index"]
    if at:
        images[2], images[at - 1] = images[at - 1], images[2]
        row["answer"] |= {"gold_index": 3, "text": "Image 3"}


def gold_by_letter(row: Row) -> None:
    row["answer"] |= {"gold_index": 2, "text": "Option B"}


def gold_option(change: Callable[[str], str]) -> Plant:
    def plant(row: Row) -> None:
        old = lettered_options(row["turns"][0]["text"])[row["answer"]["gold_index"] - 1]
        letter = row["answer"]["text"][-1]
        row["turns"][0]["text"] = row["turns"][0]["text"].replace(f"{letter}: {old}", f"{letter}: {change(old)}", 1)

    return plant


def by_key(text: str, row: Row) -> str:
    keys = KEYS[:2] if right(row) else KEYS[2:]
    return text.rsplit(" ", 1)[0] + f" {pick(keys, 'key', row['sample_id'])}?"


SMALL, LARGE = "toy/train/0000_c1_000100.jpg", "toy/train/0001_c1_000100.jpg"
PLANTS: dict[str, tuple[str, Plant]] = {
    "place of the gold picture": ("I2I_PICK1", gold_third),
    "place of the gold option": ("I2T_PICK", gold_by_letter),
    "length of the gold option": ("I2T_PICK", gold_option(lambda text: f"{text} with some more words to it")),
    "negation in a wrong option": ("I2T_PICK", gold_option(lambda _: "not a top")),
    "negation in the prompt": ("SAME_YN", prompt(lambda text, row: text if right(row) else f"{text} Or not?")),
    "camera": ("SAME_YN", same_camera),
    "size of the picture": ("SAME_YN", second(width=9, height=18)),
    "size of the gold candidate": ("I2I_PICK1", gold(width=9, height=18)),
    "source": ("SAME_YN", second(source="elsewhere")),
    "modality": ("SAME_YN", second(modality="near_infrared")),
    "frame gap": ("SAME_YN", lambda row: row["images"][1].update(frame=101 if right(row) else 999)),
    "length of a caption": ("ATTR_YN", prompt(lambda text, row: text + " a a a a a a a" * right(row))),
    "number of the wording": ("SAME_YN", lambda row: row["template"].update(paraphrase_no=7 if right(row) else 9)),
    "size of the file": ("SAME_YN", small_file),
    "answer by attribute": ("ATTR_YN", prompt(by_key)),
}


def test_a_version_without_shortcuts_passes_and_every_family_is_judged() -> None:
    verdict = judge(clean_rows())
    assert verdict.passed, verdict.summary
    assert verdict.summary.count("±") == 5
    assert "too few" not in verdict.summary


def test_fifteen_shortcuts_are_planted() -> None:
    assert len(PLANTS) == 15


@pytest.mark.parametrize("name", PLANTS)
def test_the_solver_finds_a_planted_shortcut_on_persons_it_has_not_met(name: str) -> None:
    family, plant = PLANTS[name]
    rows = clean_rows()
    rows["conversations"] = [row for row in rows["conversations"] if row["family"] == family]
    for image in rows["images"]:
        image["n_bytes"] = 900 if image["image_id"] == SMALL else 1_800
    for row in rows["conversations"]:
        plant(row)
    verdict = judge(rows)
    assert not verdict.passed, verdict.summary
    assert verdict.failing == (family,)
    assert GATE.severity == "error"
