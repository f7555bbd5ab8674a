"""A published toy version, damaged in one way at a time: the check that should notice it does, in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import BadTable, UnknownVersion
from tasks.checking.report import check_folder
from tasks.checking.toy import Row, Rows, toy_rows

Publish = Callable[[Rows], Path]
Damage = Callable[[Rows], object]


def cell(table: str, column: str, value: Any, number: int = 0) -> Damage:
    return lambda rows: rows[table][number].update({column: value})


def row_of(rows: Rows, start: str) -> Row:
    return next(row for row in rows["conversations"] if row["sample_id"].startswith(start))


def answer(start: str, **values: Any) -> Damage:
    return lambda rows: row_of(rows, start)["answer"].update(values)


def turn(start: str, number: int, **values: Any) -> Damage:
    return lambda rows: row_of(rows, start)["turns"][number].update(values)


def shown(start: str, **values: Any) -> Damage:
    return lambda rows: row_of(rows, start)["images"][0].update(values)


def drop(table: str, number: int) -> Damage:
    return lambda rows: rows[table].pop(number)


def twice(table: str) -> Damage:
    return lambda rows: rows[table].append(dict(rows[table][0]))


def picture(**values: Any) -> Damage:
    return lambda rows: rows["images"][0]["image"].update(values)


def both(first: Damage, second: Damage) -> Damage:
    def damage(rows: Rows) -> None:
        first(rows)
        second(rows)

    return damage


DAMAGES: dict[str, tuple[str, Damage]] = {
    "two rows of one key": ("contract captions", twice("captions")),
    "a split that does not exist": ("contract person_images", cell("person_images", "split", "training")),
    "a width of nothing": ("contract images", cell("images", "width", 0)),
    "a digest that is no digest": ("contract images", cell("images", "sha256", "abc")),
    "an attribute outside the vocabulary": ("contract attributes", cell("attributes", "key", "mood")),
    "a family in small letters": ("contract conversations", cell("conversations", "family", "same")),
    "a stage that no reader opens": ("files", cell("conversations", "stage", 4)),
    "a reject of no table": ("contract rejects", cell("rejects", "table", "pictures")),
    "a junk rule that nobody knows": ("contract protocols", cell("protocols", "junk_rule", "sometimes")),
    "a member of an unknown protocol": (
        "contract protocol_members",
        cell("protocol_members", "protocol_id", "other"),
    ),
    "a caption of an image that is gone": ("contract captions", cell("captions", "image_id", "toy/gone.jpg")),
    "a person image that is gone": ("gate referential_integrity", drop("person_images", 3)),
    "a caption under another person": ("gate referential_integrity", cell("captions", "person_key", "toy:0003")),
    "a row that states another camera": ("gate referential_integrity", shown("same", cam_key="toy:c9")),
    "a gallery image that is gone": (
        "gate referential_integrity",
        cell("protocol_members", "member_ids", ["toy/gone.jpg"]),
    ),
    "a path with a folder": ("gate image_bytes", picture(path="raw/0001.jpg")),
    "bytes cut short": ("gate image_bytes", picture(bytes=b"\xff\xd8\xff")),
    "an HTML page for a picture": ("gate image_bytes", picture(bytes=b"<html>not found</html>")),
    "a train row moved to test": ("gate identity_leak", cell("conversations", "split", "test")),
    "a train person linked to a test person": ("gate identity_leak", cell("identity_links", "person_b", "toy:0006")),
    "a train picture in the gallery": (
        "gate identity_leak",
        cell("protocol_members", "member_ids", ["toy/train/0000_c1_000100.jpg"]),
    ),
    "an answer outside the grammar": ("gate answer_grammar", answer("same", text="Maybe")),
    "gold against its text": ("gate answer_grammar", answer("same", gold_bool=False)),
    "an image that is not shown": (
        "gate answer_grammar",
        both(answer("pick", text="Image 9", gold_index=9), turn("pick", 1, text="Image 9")),
    ),
    "a marker in an answer": ("gate answer_grammar", turn("colour", 1, text="[[image:1]]")),
    "a prompt without its image": ("gate answer_grammar", turn("colour", 0, text="What colour is the top?")),
    "a slot left open": ("gate answer_grammar", turn("colour", 0, text="Image 1 [[image:1]]: what {part}?")),
    "two users in a row": ("gate answer_grammar", turn("colour", 1, role="user")),
    "a colour of no vocabulary": (
        "gate answer_grammar",
        both(answer("colour", text="mauve"), turn("colour", 1, text="mauve")),
    ),
    "a caption with an open slot": ("gate caption_quality", cell("captions", "text", "A person in [colour] shoes.")),
    "a caption of two words": ("gate caption_quality", cell("captions", "text", "A person.")),
    "a colour seen in infrared": ("gate caption_quality", cell("person_images", "modality", "near_infrared")),
    "a withdrawn source": ("gate licence", cell("person_images", "access_status", "withdrawn")),
}


def test_there_are_enough_ways_to_damage_a_version() -> None:
    assert len(DAMAGES) == 33


def test_an_undamaged_version_keeps_its_promises_in_one_line(toy_version: Path) -> None:
    report = check_folder(toy_version)
    assert report.ok
    assert report.lines == ["toy@0.1.0 keeps its promises: every file is as published, 27 of 27 gates passed."]


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damage_is_named_by_the_check_that_should(what: str, publish_rows: Publish) -> None:
    expected, damage = DAMAGES[what]
    rows = toy_rows()
    damage(rows)
    report = check_folder(publish_rows(rows))
    assert not report.ok
    found = [line for line in report.lines if line.startswith(f"FAILED {expected}")]
    assert len(found) == 1, report.lines
    assert "Remedy: " in found[0]


def test_a_warning_is_told_and_does_not_block(publish_rows: Publish) -> None:
    rows = toy_rows()
    rows["protocols"][0]["expected_query"] = 3368
    report = check_folder(publish_rows(rows))
    assert report.ok
    assert any(line.startswith("WARNING gate official_counts: 1 id (toy)") for line in report.lines)


def test_every_changed_missing_and_extra_file_is_named(toy_version: Path) -> None:
    captions = next((toy_version / "data" / "captions").iterdir())
    captions.write_bytes(captions.read_bytes()[:-1] + b"x")
    next((toy_version / "data" / "rejects").iterdir()).unlink()
    (toy_version / "data" / "notes.txt").write_text("hello")
    lines = "\n".join(check_folder(toy_version).lines)
    assert "FAILED files: the file 'data/captions/toy-0000.parquet' has sha256" in lines
    assert "FAILED files: the file 'data/rejects/toy-0000.parquet' is missing" in lines
    assert "FAILED files: the file 'data/notes.txt' is not part of the published version" in lines


def test_a_file_that_is_no_table_leaves_the_gates_unjudged_and_does_not_raise(toy_version: Path) -> None:
    next((toy_version / "data" / "captions").iterdir()).write_bytes(b"not parquet")
    report = check_folder(toy_version)
    assert not report.ok
    assert any(line.startswith("FAILED contract captions: captions/toy-0000.parquet is not") for line in report.lines)
    assert all("not judged" in entry.summary for entry in report.gates)


def test_a_column_of_another_type_and_a_stray_column_are_named(toy_version: Path) -> None:
    path = next((toy_version / "data" / "rejects").iterdir())
    table = pq.read_table(path, partitioning=None)
    widened = table.set_column(0, "reject_id", pa.array([1])).append_column("extra", pa.array(["x"]))
    pq.write_table(widened, path)
    lines = "\n".join(check_folder(toy_version).lines)
    assert "the column reject_id is int64, promised is string" in lines
    assert "the column extra is not promised" in lines


def test_a_required_table_that_is_missing_is_named(toy_version: Path) -> None:
    for path in (toy_version / "data" / "images").iterdir():
        path.unlink()
    lines = check_folder(toy_version).lines
    assert any(line.startswith("FAILED contract images: the table images is not there") for line in lines)


def test_the_report_for_machines_says_the_same(publish_rows: Publish) -> None:
    rows = toy_rows()
    rows["images"][0]["width"] = 0
    report = check_folder(publish_rows(rows))
    told = json.loads(report.to_json())
    assert told["ok"] is False
    assert told["contract"][0]["failing"] == ["toy/train/0000_c1_000100.jpg"]
    assert len(told["gates"]) == 27


def test_a_folder_that_is_no_version_is_refused(tmp_path: Path, toy_version: Path) -> None:
    with pytest.raises(UnknownVersion, match="not a version"):
        check_folder(tmp_path)
    (toy_version / "manifest.json").write_text("{}")
    with pytest.raises(BadTable, match="manifest"):
        check_folder(toy_version)
    (toy_version / "manifest.json").unlink()
    with pytest.raises(UnknownVersion, match=r"manifest\.json"):
        check_folder(toy_version)
