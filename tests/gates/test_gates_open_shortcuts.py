"""The blind solver on sets, ranks, partitions and free answers: shortcuts planted into a version without any."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.answers import image_set, marker, partition, rank
from schemas.gate import ToyStaged, Verdict
from schemas.keys import pick
from schemas.tables import TABLES
from tasks.checking.toy import Row, Rows, toy_row, toy_rows
from tasks.contracts.load import gate_rules, load_contracts
from tasks.gates.blind_solver import GATE
from tasks.versions.writer import canonical, from_rows

RULES = gate_rules(load_contracts())["blind_solver"].parameters
PERSONS = 400
COLOURS = ("red", "blue", "green", "black")
QUESTIONS = ("What colour is the top?", "Is there a bag?", "What is worn on the head?")
WORN = (("jacket", "coat", "shirt", "hoodie"), ("skirt", "dress", "kilt", "sarong"), ("backpack", "handbag", "satchel"))
Plant = Callable[[Row], object]


def clean_rows() -> Rows:
    rows = toy_rows(PERSONS)
    picks = [row for row in rows["conversations"] if row["family"] == "I2I_PICK1"]
    people = [row for row in rows["conversations"] if row["family"] == "ATTR_QA"]
    made = [one for row in picks for one in (_set(row), *_rank(row), _partition(row))]
    made += [one for row in people for one in (_record(row), _caption(row), _question(row), _rated(row))]
    return {"images": rows["images"], "conversations": made}


def _told(row: Row, family: str, kind: str, text: str, **gold: Any) -> Row:
    answer = {"kind": kind, "text": text, "n_options": row["answer"].get("n_options")} | gold
    turns = [row["turns"][0].copy(), {"role": "assistant", "text": text}]
    images = [image.copy() for image in row["images"]]
    fresh = {"images": images, "template": row["template"].copy(), "answer": answer, "turns": turns}
    return {**row, **fresh, "sample_id": f"{family.lower()}-{row['sample_id']}", "family": family}


def _set(row: Row) -> Row:
    """Nobody fits in a quarter of the rows."""
    some = pick((True, True, True, True, False), "some", row["sample_id"])
    found = [gold] if (gold := row["answer"]["gold_index"]) and some else []
    return _told(row, "I2I_SET", "set", image_set(found), gold_set=found)


def _rank(row: Row) -> list[Row]:
    gold = row["answer"]["gold_index"]
    order = [gold, *(place for place in range(2, 6) if place != gold)]
    return [_told(row, "I2I_RANK", "rank", rank(order), gold_rank=order)] if gold else []


def _partition(row: Row) -> Row:
    """Two pictures of one person and three of others, anywhere, by one camera; all alone where there is no match."""
    order = sorted(range(1, 6), key=lambda place: pick(range(1_000_000), "order", row["sample_id"], place))
    gold = row["answer"]["gold_index"]
    groups = [[1, gold] if gold else [1], *([place] for place in range(2, 6) if place != gold)]
    moved = [[order.index(place) + 1 for place in group] for group in groups]
    told = _told(row, "PARTITION", "partition", partition(moved))
    told["images"] = [told["images"][place - 1] | {"cam_key": "toy:c1", "frame": None} for place in order]
    return told


def _one_picture(row: Row, family: str, kind: str, words: str, answer: str) -> Row:
    shown = [{**row["images"][0], "split": row["split"]}]
    return toy_row(f"{family.lower()}-{row['sample_id']}", family, shown, f"Image 1 {marker(1)} {words}", answer, kind)


def _record(row: Row) -> Row:
    colour = pick(COLOURS, "record", row["sample_id"])
    return _one_picture(row, "ATTR_JSON", "json", "As JSON, please.", f'{{"upper_color_primary": "{colour}"}}')


def _caption(row: Row) -> Row:
    colour = pick(COLOURS, "caption", row["sample_id"])
    return _one_picture(row, "CAP_SHORT", "caption", "Describe the person.", f"A person in a {colour} jacket.")


def _question(row: Row) -> Row:
    asked = pick(QUESTIONS, "asked", row["sample_id"])
    return _one_picture(row, "DIALOG_ASK", "question", "What do you ask?", asked)


def _rated(row: Row) -> Row:
    """No headwear, then things of some kinds and colours, and which of them is wrong; the prompt says them all."""
    drawn = [(pick(COLOURS, kinds[0], row["sample_id"]), pick(kinds, row["sample_id"])) for kinds in WORN]
    parts = ["no headwear", *(f"a {worn} {kind}" for worn, kind in drawn)]
    words = f"One can see {', '.join(parts[:-1])} and {parts[-1]}. Rate each part."
    wrong = pick(range(len(parts)), "wrong", row["sample_id"])
    return _one_picture(row, "CAP_FIX", "caption", words, _verdicts(parts, wrong))


def _verdicts(parts: list[str], wrong: int) -> str:
    said = ("contradicted" if place == wrong else "supported" for place in range(len(parts)))
    return "; ".join(f"{part}: {verdict}" for part, verdict in zip(parts, said, strict=True))


def judge(rows: Rows) -> Verdict:
    tables = {name: canonical(TABLES[name], from_rows(TABLES[name], listed)) for name, listed in rows.items()}
    return GATE.check(ToyStaged(tables), RULES)


def fitting(row: Row) -> list[int]:
    """The members of a set, the first of a rank, or the two of a partition who belong together."""
    answer = row["answer"]
    if answer["kind"] == "partition":
        groups = [[int(number) for number in group.split(", ")] for group in answer["text"].split(" | ")]
        return max(groups, key=len) if max(map(len, groups)) > 1 else []
    return list(answer.get("gold_set") or answer.get("gold_rank") or [])[:1]


def moved(*places: int) -> Plant:
    """Those who fit stand at these places."""

    def plant(row: Row) -> None:
        images, found = row["images"], fitting(row)
        fit = [images[place - 1] for place in found]
        rest = [image for number, image in enumerate(images, 1) if number not in found]
        row["images"] = [rest.pop(0) if n not in places else fit.pop(0) for n in range(1, 6)] if fit else images
        kind = row["answer"]["kind"]
        others = [[place] for place in range(1, 6) if place not in places]
        said = {
            "set": {"gold_set": list(places), "text": image_set(places)},
            "rank": {"gold_rank": [3, 2, 4, 5], "text": "3 > 2 > 4 > 5"},
            "partition": {"text": partition([list(places), *others])},
        }
        row["answer"] |= said[kind] if found else {}

    return plant


def fit(**values: Any) -> Plant:
    return lambda row: [row["images"][place - 1].update(values) for place in fitting(row)]


def filmed_together(row: Row) -> None:
    together = fitting(row) + [1] * (row["answer"]["kind"] == "set")
    for number, image in enumerate(row["images"], 1):
        image["cam_key"] = "toy:c1" if number in together else f"toy:c{number + 1}"


def filmed_at_once(row: Row) -> None:
    for number, image in enumerate(row["images"], 1):
        image |= {"cam_key": "toy:c1", "frame": 101 if number in fitting(row) else 500 * number}


def worded(code: Callable[[Row], int]) -> Plant:
    return lambda row: row["template"].update(paraphrase_no=code(row))


def prompted(word: Callable[[Row], str]) -> Plant:
    return lambda row: row["turns"][0].update(text=f"{row['turns'][0]['text']} {word(row)}")


def contradicted(place: Callable[[list[str]], int]) -> Plant:
    """Which part is wrong follows from the parts."""

    def plant(row: Row) -> None:
        parts = [part.split(": ")[0] for part in row["answer"]["text"].split("; ")]
        row["answer"]["text"] = row["turns"][1]["text"] = _verdicts(parts, place(parts))

    return plant


def colour(row: Row) -> int:
    return next(number for number, name in enumerate(COLOURS) if name in row["answer"]["text"])


def tall(row: Row) -> None:
    row["images"][0]["height"] = 16 * 2 ** colour(row)


PLANTS: dict[str, tuple[str, Plant]] = {
    "place of the member": ("I2I_SET", moved(3)),
    "size of the member": ("I2I_SET", fit(width=9, height=18)),
    "camera of the member": ("I2I_SET", filmed_together),
    "a word for an empty set": ("I2I_SET", prompted(lambda row: "" if fitting(row) else "Perhaps nobody")),
    "place of the best": ("I2I_RANK", moved(3)),
    "source of the best": ("I2I_RANK", fit(source="elsewhere")),
    "place of the pair": ("PARTITION", moved(2, 4)),
    "camera of the pair": ("PARTITION", filmed_together),
    "frames of the pair": ("PARTITION", filmed_at_once),
    "wording of a value": ("ATTR_JSON", worded(colour)),
    "size of the picture of a value": ("ATTR_JSON", tall),
    "a word of the prompt for a value": ("CAP_SHORT", prompted(lambda row: "abcd"[colour(row)] * 3)),
    "place of a wrong part": ("CAP_FIX", contradicted(lambda parts: 2)),
    "words of a wrong part": ("CAP_FIX", contradicted(lambda parts: 1 if "red" in parts[1] else 2)),
    "wording of a question": ("DIALOG_ASK", worded(lambda row: QUESTIONS.index(row["answer"]["text"]))),
}


def test_a_version_without_shortcuts_passes_and_every_kind_of_answer_is_judged() -> None:
    verdict = judge(clean_rows())
    assert verdict.passed, verdict.summary
    assert verdict.summary.count("±") >= 8
    for how in ("likeliest member", "first place", "likeliest pair", "number of groups", "stated values", "nearest"):
        assert how in verdict.summary
    assert "CAP_FIX" in verdict.summary.split("by the likeliest wrong part")[0].rsplit(";", 1)[1]
    assert "too few" not in verdict.summary


def test_what_is_told_by_the_prompt_is_not_judged() -> None:
    rows = clean_rows()
    rows["conversations"] = [row for row in rows["conversations"] if row["family"] == "DIALOG_ASK"]
    for row in rows["conversations"]:
        row["family"] = "REFUSE"
        PLANTS["wording of a question"][1](row)
    assert judge(rows).summary == "nothing to judge"


def test_fifteen_shortcuts_are_planted() -> None:
    assert len(PLANTS) == 15


@pytest.mark.parametrize("name", PLANTS)
def test_the_solver_finds_a_planted_shortcut_on_persons_it_has_not_met(name: str) -> None:
    family, plant = PLANTS[name]
    rows = clean_rows()
    rows["conversations"] = [row for row in rows["conversations"] if row["family"] == family]
    for row in rows["conversations"]:
        plant(row)
    verdict = judge(rows)
    assert not verdict.passed, verdict.summary
    assert verdict.failing == (family,)
