"""Statistics per source: who fails is named, official counts are asserted only where the folder has official size."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from schemas.discovery import find
from schemas.gate import ToyStaged, Verdict
from schemas.tables import PERSON_IMAGES
from tasks.checking.toy import Row, Rows, toy_rows, toy_staged
from tasks.contracts.load import gate_rules, load_contracts
from tasks.packs.counts import reported
from tasks.versions.reader import VersionFolder

RULES = gate_rules(load_contracts())
MARKET = find("generators.sources", "SOURCE", "market1501")
PARTS = {"train": (12_936, 751), "query": (3_368, 750), "gallery": (19_732, 750)}


def judged(gate: str, staged: Any) -> Verdict:
    found: Verdict = find("tasks.gates", "GATE", gate).check(staged, RULES[gate].parameters)
    return found


def market(less: int = 0) -> ToyStaged:
    """Market-1501 as big as its authors say: only what counts look at, `less` train images short."""
    shots = toy_rows()["person_images"]
    rows = {name: [shots[0][name]] for name in shots[0]}
    columns: dict[str, list[Any]] = {field.name: [] for field in PERSON_IMAGES.schema}
    for part, (images, persons) in PARTS.items():
        for number in range(images - (less if part == "train" else 0)):
            role, key = _role(part, number, persons)
            row: Row = {name: values[0] for name, values in rows.items()}
            row |= {"image_id": f"market1501/{part}/{number}", "source": "market1501", "source_split": part}
            row |= {"split": "train" if part == "train" else "test", "role_flag": role, "person_key": key}
            row |= {"modality": "rgb", "cam_raw": "c1", "variant": None}
            for name, values in columns.items():
                values.append(row.get(name))
    return ToyStaged({"person_images": pa.table(columns, PERSON_IMAGES.schema)})


def _role(part: str, number: int, persons: int) -> tuple[str, str | None]:
    """Of the gallery, the first 13,115 are persons, then come 2,798 distractors and 3,819 junk images."""
    if part == "gallery" and number >= 13_115:
        return ("distractor" if number < 13_115 + 2_798 else "junk"), None
    return "normal", f"market1501:{'a' if part == 'train' else 'b'}{number % persons:04d}"


@pytest.fixture(scope="module")
def official() -> ToyStaged:
    return market()


def test_a_folder_of_official_size_with_the_official_counts_passes(official: ToyStaged) -> None:
    verdict = judged("source_counts", official)
    assert verdict.passed, verdict.summary


def test_a_folder_of_official_size_that_lacks_one_picture_is_told_which_count_is_off() -> None:
    verdict = judged("source_counts", market(less=1))
    assert verdict.failing == ("market1501",)
    assert verdict.summary == "market1501: 12,935 train images, 12,936 are official"


def test_a_partial_copy_is_not_held_against_official_counts() -> None:
    assert judged("source_counts", market(less=12_000)).passed


def test_figures_that_nobody_is_sure_of_are_not_asserted(official: ToyStaged) -> None:
    gate = find("tasks.gates", "GATE", "source_counts")
    parameters = {**RULES["source_counts"].parameters, "tags": []}
    assert gate.check(market(less=1), parameters).passed
    assert "M" not in RULES["source_counts"].parameters["tags"]


def test_a_source_without_persons_enough_is_named_and_others_are_not() -> None:
    rows: Rows = toy_rows()
    second = [row | {"source": "other", "image_id": f"other/{row['relpath']}"} for row in rows["person_images"]]
    for row in second:
        row["person_key"] = "other:0001"
    verdict = judged("source_counts", toy_staged({"person_images": [*rows["person_images"], *second]}))
    assert verdict.failing == ("other",)
    assert verdict.summary == "other: 1 persons, at least 2 are expected"


def test_a_camera_that_shows_one_person_is_named() -> None:
    gate = find("tasks.gates", "GATE", "camera_persons")
    verdict = judged("camera_persons", gate.bad())
    assert verdict.failing == ("toy/toy:c2",)
    assert "toy: camera toy:c2 shows 1 persons in 80 images" in verdict.summary


def test_a_source_without_cameras_or_persons_has_nothing_to_judge() -> None:
    rows = [row | {"cam_key": None} for row in toy_rows()["person_images"]]
    assert judged("camera_persons", toy_staged({"person_images": rows})).summary == "nothing to judge"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (lambda number: 2 + number % 3, "3.0 words on average, promised are 5 to 90"),
        (lambda number: 100 + number % 9, "words on average, promised are 5 to 90"),
        (lambda number: 30, "100% of 240 have 30 words"),
    ],
    ids=["stubs", "essays", "all cut at one length"],
)
def test_captions_of_odd_length_are_named_by_source_and_writer(words: Any, told: str) -> None:
    rows = toy_rows(60)["captions"]
    for number, row in enumerate(rows):
        row["n_words"] = words(number)
    verdict = judged("caption_lengths", toy_staged({"captions": rows}))
    assert verdict.failing == ("toy/grammar",)
    assert told in verdict.summary


def test_a_one_sided_source_is_named_beside_a_balanced_one() -> None:
    rows = toy_rows(240)
    asked = [row for row in rows["conversations"] if row["answer"]["kind"] == "yesno"]
    yes = [row for row in asked if row["answer"]["text"] == "Yes"]
    other = [{**row, "sample_id": f"o-{row['sample_id']}", "images": _of_other(row)} for row in yes]
    verdict = judged("source_balance", toy_staged({"conversations": [*asked, *other]}))
    assert verdict.failing == ("other/test", "other/train")
    assert "other, test: Yes in 100% of" in verdict.summary


def _of_other(row: Row) -> list[Row]:
    return [image | {"source": "other"} for image in row["images"]]


@pytest.mark.slow
def test_the_gate_counts_a_version_as_its_build_did(first_build: Any) -> None:
    _, _, published = first_build
    version = VersionFolder(published.folder)
    persons, captions = version.table("person_images"), version.table("captions", ["image_id", "caption_source"])
    found = {entry.name: entry.reported for entry in version.manifest.sources}
    here = persons.filter(pc.equal(persons.column("source"), "market1501"))
    human = captions.filter(pc.equal(captions.column("caption_source"), "human"))
    assert reported(MARKET, here, human) == found["market1501"]
    cuhk = persons.filter(pc.equal(persons.column("source"), "cuhk_pedes"))
    source = find("generators.sources", "SOURCE", "cuhk_pedes")
    assert reported(source, cuhk, human) == found["cuhk_pedes"]
