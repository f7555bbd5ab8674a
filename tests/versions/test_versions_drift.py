"""Drift of sources, cameras and caption lengths between two versions, and the warning when a contract says stop."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from signing import sign

from tasks.checking.compatibility import drifted
from tasks.checking.toy import Row, Rows, toy_rows, write_toy
from tasks.contracts.load import load_contracts
from tasks.versions.diff.difference import Difference, Drift
from tasks.versions.diff.drift import drifts
from tasks.versions.reader import VersionFolder


def version(folder: Path, rows: Rows) -> VersionFolder:
    write_toy(folder, rows)
    sign(folder)
    return VersionFolder(folder)


def moved(tmp_path: Path, change: Callable[[Rows], object]) -> list[Drift]:
    rows = toy_rows()
    change(rows)
    return drifts(version(tmp_path / "old", toy_rows()), version(tmp_path / "new", rows))


def _longer(rows: Rows) -> None:
    for caption in rows["captions"]:
        caption["n_words"] = 41


def _one_camera(rows: Rows) -> None:
    for shot in rows["person_images"]:
        shot["cam_key"] = "toy:c1"


def _other_source(rows: Rows) -> None:
    for shot in rows["person_images"][:20]:
        shot.update(source="other", cam_key=f"other:{shot['cam_raw']}")


def _yes_about_one_source(rows: Rows) -> None:
    """Two sources, as many rows each; in one of them Yes takes over, in the other No, so that the whole stays."""
    for row in rows["conversations"]:
        answered = row["answer"]["text"] in {"Yes", "No"}
        if answered:
            row["answer"]["text"] = "Yes" if row["images"][0]["source"] == "toy" else "No"


def _two_sources(rows: Rows) -> Rows:
    """Half of the questions of each answer are about pictures of another source."""
    for answer in ("Yes", "No"):
        asked = [row for row in rows["conversations"] if (row["family"], row["answer"]["text"]) == ("SAME_YN", answer)]
        assert len(asked) >= 240
        for row in asked[::2]:
            row["images"] = [{**picture, "source": "other"} for picture in row["images"]]
    return rows


def test_answers_that_move_about_one_source_are_seen_though_all_sources_together_stay(tmp_path: Path) -> None:
    before, after = _two_sources(toy_rows(600)), _two_sources(toy_rows(600))
    _yes_about_one_source(after)
    found = {d.what: d for d in drifts(version(tmp_path / "old", before), version(tmp_path / "new", after))}
    assert "answers of SAME_YN" not in found or found["answers of SAME_YN"].distance < 0.05
    about = [found["answers of SAME_YN about toy"], found["answers of SAME_YN about other"]]
    assert all(drift.distance > 0.4 for drift in about)
    assert [drift.source for drift in about] == ["toy", "other"]
    assert [finding.table for finding in warnings(about)] == ["conversations"] * 2
    few = [replace(drift, rows=119) for drift in about]
    assert warnings(few) == []
    assert len(warnings([replace(drift, rows=119, source="") for drift in about])) == 2


def test_values_of_images_persons_and_outfits_are_told_by_source(tmp_path: Path) -> None:
    def about(value: str) -> Rows:
        rows = toy_rows()
        made = dict(rows["attributes"][0], key="headwear", value=value)
        names = ({"image_id": "toy/1.jpg"}, {"person_key": "toy:1"}, {"clothes_key": "other:1/2"}, {})
        nobody = {"image_id": None, "person_key": None, "clothes_key": None}
        rows["attributes"] = [dict(made, attribute_id=f"{n:032x}", **{**nobody, **it}) for n, it in enumerate(names)]
        return rows

    found = drifts(version(tmp_path / "old", about("cap")), version(tmp_path / "new", about("hood")))
    assert {(drift.what, drift.rows) for drift in found} == {
        ("attribute headwear", 4),
        ("attribute headwear about toy", 2),
        ("attribute headwear about other", 1),
        ("attribute headwear about no source", 1),
    }


@pytest.mark.parametrize(
    ("change", "what", "table", "words"),
    [
        (_longer, "caption words of toy", "captions", "40 or more 0% to 100%"),
        (_one_camera, "cameras of toy", "person_images", "toy:c1 47% to 100%"),
        (_other_source, "images of all sources", "person_images", "other 0% to 59%"),
    ],
    ids=["longer captions", "one camera", "another source"],
)
def test_a_distribution_that_moves_is_named_and_warned_of(
    tmp_path: Path, change: Callable[[Rows], object], what: str, table: str, words: str
) -> None:
    found = {drift.what: drift for drift in moved(tmp_path, change)}
    assert found[what].distance > 0.25
    assert all(was != now for drift in found.values() for was, now in drift.moved.values())
    told = warnings([found[what]])
    assert [finding.table for finding in told] == [table]
    assert words in told[0].summary


def test_what_stays_within_the_contract_is_not_warned_of(tmp_path: Path) -> None:
    def one_more(rows: Rows) -> None:
        shot: Row = rows["person_images"][0]
        shot["cam_key"] = "toy:c2"

    found = moved(tmp_path, one_more)
    assert [drift.what for drift in found] == ["cameras of toy"]
    assert warnings(found) == []


def warnings(found: Sequence[Drift]) -> list:
    about = Difference("toy@1.2.3", "toy@1.3.0", "a", "b", "minor", "because", [], list(found), [], 0, 0)
    return list(drifted(about, load_contracts()))
