"""What changed between two versions: by kind, with the reason, and the step of the number that it needs."""

import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner
from versions_toy import FAMILIES, toy

from flows.cli import app
from tasks.report.diff_page import write_diff_page
from tasks.versions.diff.comparing import compare, contracts, least_step, step_between
from tasks.versions.diff.difference import Difference, Section
from tasks.versions.diff.keyed import match
from tasks.versions.diff.ranges import KeyedFiles, in_ranges
from tasks.versions.diff.words import in_words
from tasks.versions.reader import VersionFolder

MORE = {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 9, "test": 2}}}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VersionFolder]:
    base = tmp_path_factory.mktemp("shelf")
    made = {
        "old": (toy(base / "a"), "0.1.0"),
        "same": (toy(base / "b"), "0.1.1"),
        "words": (toy(base / "c", words="A man in a red coat and brown boots."), "0.1.2"),
        "rows": (toy(base / "d", MORE), "0.2.0"),
        "splits": (toy(base / "e", tested=2), "1.0.0"),
    }
    return {k: VersionFolder(built.publish(base / "remote", version=v).folder) for k, (built, v) in made.items()}


def between(shelf: dict[str, VersionFolder], old: str, new: str) -> Difference:
    return compare(shelf[old], shelf[new])


def test_a_version_does_not_differ_from_a_rebuild_of_itself(shelf: dict[str, VersionFolder]) -> None:
    found = between(shelf, "old", "same")
    assert found.needs == "none"
    assert list(found.sections) == []
    assert list(found.drifts) == []
    assert found.new_bytes < found.shared_bytes


def test_changed_words_are_a_patch_with_old_and_new_and_the_cause(shelf: dict[str, VersionFolder]) -> None:
    found = between(shelf, "old", "words")
    assert (found.needs, found.why) == ("patch", "rows changed: captions 12 changed")
    change = found.section("captions").changed[0]
    assert change.id == "market1501/0000.jpg#0"
    assert (change.old, change.new) == ("A person in blue | grey.", "A man in a red coat and brown boots.")
    assert change.reason == "source"
    assert change.image_id == "market1501/0000.jpg"


def test_new_rows_are_minor_and_named(shelf: dict[str, VersionFolder]) -> None:
    found = between(shelf, "old", "rows")
    assert found.needs == "minor"
    assert found.section("SAME_YN").added == ["SAME_YN-train-0006", "SAME_YN-train-0007", "SAME_YN-train-0008"]
    assert between(shelf, "rows", "old").section("SAME_YN").removed == found.section("SAME_YN").added
    assert "recipe families SAME_YN rows train: 6 became 9" in found.causes


def test_a_person_who_changes_split_is_major(shelf: dict[str, VersionFolder]) -> None:
    found = between(shelf, "old", "splits")
    assert found.needs == "major"
    moved = found.section("persons").changed
    assert [(change.id, change.old, change.new) for change in moved[:1]] == [("market1501:1", "test, train", "train")]


def test_a_changed_column_is_major_and_a_stronger_promise_is_not(
    shelf: dict[str, VersionFolder], tmp_path: Path
) -> None:
    folder = tmp_path / "edited"
    (folder / "data").mkdir(parents=True)
    (folder / "contracts").mkdir()
    text = (shelf["old"].folder / "contracts/captions.odcs.yaml").read_text()
    (folder / "contracts/captions.odcs.yaml").write_text(text.replace("required: false", "required: true"))
    stronger = contracts(shelf["old"], VersionFolder(folder))
    assert {change.reason for change in stronger.changed} == {"stronger"}
    (folder / "contracts/captions.odcs.yaml").write_text(text.replace("physicalType: int32", "physicalType: string"))
    breaking = contracts(shelf["old"], VersionFolder(folder))
    assert {(change.id, change.reason) for change in breaking.changed} == {
        ("captions.caption_index", "breaking"),
        ("captions.n_words", "breaking"),
    }
    assert "images.sha256" in breaking.removed


@pytest.mark.parametrize(
    ("follows", "came", "needs"), [(False, [], "minor"), (True, [], "patch"), (True, ["b"], "minor")]
)
def test_rows_that_only_went_are_a_patch_when_a_takedown_made_the_version(
    follows: bool, came: list[str], needs: str
) -> None:
    assert least_step([Section("images", came, ["a"])], follows)[0] == needs


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [("1.2.3", "1.2.4", "patch"), ("1.2.3", "1.3.0", "minor"), ("1.2.3", "2.0.0", "major"), ("1.2.3", "1.2.3", "none")],
)
def test_the_step_between_two_numbers(old: str, new: str, step: str) -> None:
    assert step_between(old, new) == step


@given(
    st.dictionaries(st.text("abc", min_size=1), st.none() | st.integers(0, 2)),
    st.dictionaries(st.text("abc", min_size=1), st.none() | st.integers(0, 2)),
)
def test_matching_finds_what_dictionaries_say(old: dict[str, int | None], new: dict[str, int | None]) -> None:
    found = match(_table(old), _table(new), "key")
    assert found.added == sorted(new.keys() - old.keys())
    assert found.removed == sorted(old.keys() - new.keys())
    changed = found.new.column("key").take(pa.array(found.where(["value"]))).to_pylist()
    assert sorted(changed) == sorted(key for key in old.keys() & new.keys() if old[key] != new[key])


def _table(rows: dict[str, int | None]) -> pa.Table:
    return pa.table({"key": pa.array(rows.keys(), pa.string()), "value": pa.array(rows.values(), pa.int64())})


def test_the_words_and_the_page_show_both_sides(shelf: dict[str, VersionFolder], tmp_path: Path) -> None:
    found = between(shelf, "old", "words")
    said = in_words(found, show=1)
    assert "captions: 12 changed" in said
    assert "was A person in blue" in said
    assert "and 11 more changed" in said
    page = write_diff_page(found, shelf["old"], shelf["words"], tmp_path / "page.html").read_text()
    assert "A man in a red coat" in page
    assert page.count("data:image/jpeg;base64,") == 12
    assert "http" not in page


def test_the_command_takes_folders_and_references(shelf: dict[str, VersionFolder], tmp_path: Path) -> None:
    remote = shelf["old"].folder.parents[1]
    run = CliRunner().invoke(app, ["diff", "toy@0.1.0", str(shelf["rows"].folder), "--from", str(remote), "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["needs"] == "minor"
    lost = CliRunner().invoke(app, ["diff", "toy@0.1.0", "toy@0.2.0"])
    assert lost.exit_code == 2
    assert "--from" in lost.output


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(0, 2), max_size=12), max_size=3),
    st.lists(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(0, 2), max_size=12), max_size=3),
    st.integers(1, 9),
)
def test_ranges_of_files_hold_every_row_once_and_both_sides_of_a_key(
    old: list[dict[str, int]], new: list[dict[str, int]], rows: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        sides = [KeyedFiles(_files(Path(place) / name, side), _SCHEMA) for name, side in (("a", old), ("b", new))]
        pieces = list(in_ranges(*sides, rows=rows))
    seen: set[str] = set()
    for before, after in pieces:
        here = {*before.column("key").to_pylist(), *after.column("key").to_pylist()}
        assert here.isdisjoint(seen)
        assert not seen or not here or max(seen) < min(here)
        seen |= here
    for number, side in enumerate((old, new)):
        found = pa.concat_tables([piece[number] for piece in pieces])
        wanted = sorted(pair for part in side for pair in part.items())
        assert sorted(zip(*(found.column(name).to_pylist() for name in ("key", "value")), strict=True)) == wanted


_SCHEMA = pa.schema([("key", pa.string()), ("value", pa.int64())])


def _files(folder: Path, parts: list[dict[str, int]]) -> list[Path]:
    folder.mkdir()
    for number, part in enumerate(parts):
        table = _table({key: part[key] for key in sorted(part)})
        pq.write_table(table.cast(_SCHEMA), folder / f"{number}.parquet", row_group_size=3)
    return sorted(folder.iterdir())


def test_a_large_family_is_compared_in_ranges_with_the_same_result(
    shelf: dict[str, VersionFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [between(shelf, "old", name).as_json() for name in ("words", "rows", "splits")]
    monkeypatch.setattr("tasks.versions.diff.ranges.ROWS", 1)
    assert [between(shelf, "old", name).as_json() for name in ("words", "rows", "splits")] == whole
