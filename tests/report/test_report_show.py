"""The contact sheet of rows: what a person must see of a row, and what is refused."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from schemas.errors import UnknownName, WrongUse
from schemas.question import STRATEGIES
from tasks.checking.toy import toy_rows, write_toy
from tasks.report.balance import Balance
from tasks.report.family_pages import folder_beside, title_of, write_families
from tasks.report.samples import family_samples, samples_by_id, why_there
from tasks.report.show_page import choose_rows, write_people, write_rows
from tasks.versions.reader import VersionFolder

NEGATIVES = {"ref": "", "strategy": "embedding_topk", "rank": 12, "score": 0.5, "miner": "classical@1"}


@pytest.fixture
def version(tmp_path: Path) -> VersionFolder:
    rows = toy_rows()
    for row in rows["conversations"]:
        if row["family"] == "I2I_PICK1":
            row["negatives"] = [NEGATIVES | {"ref": row["images"][4]["image_id"]}]
        if row["family"] == "ATTR_QA":
            text = {"text_id": "t", "role": "option", "source": "human", "text": "A red <top>.", "lang": "en"}
            row["texts"] = [text]
            row["negatives"] = [NEGATIVES | {"ref": "t", "strategy": "contradicts_picture", "rank": None}]
    write_toy(tmp_path / "toy", rows)
    return VersionFolder(tmp_path / "toy")


def test_a_page_shows_pictures_words_reasons_and_origin_and_loads_nothing(version: VersionFolder, tmp_path: Path):
    page = write_rows(version, "i2i_pick1", None, 3, tmp_path / "new" / "rows.html").read_text(encoding="utf-8")
    assert page.count('class="sample"') == 3
    assert page.count("data:image/") == 15
    assert page.count("looks alike, rank 12 of classical@1") >= 3
    assert "Which of Images 2 to 5" in page
    assert "⟨5⟩" in page
    assert "wording i2i_pick1@1 no. 0" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:)""", page)


def test_a_wrong_text_goes_by_its_letter_and_markup_in_it_stays_text(version: VersionFolder, tmp_path: Path):
    page = write_rows(version, "ATTR_QA", 1, 1, tmp_path / "rows.html").read_text(encoding="utf-8")
    assert "Option A: not true of the picture" in page
    assert "<top>" not in page


def test_rows_are_dealt_to_all_families_and_do_not_change_with_the_number(version: VersionFolder):
    five = choose_rows(version, None, None, 5)
    assert len(five) == 5
    assert {one.family for one in samples_by_id(version, five)} == {"ATTR_QA", "ATTR_YN", "I2I_PICK1", "SAME_YN"}
    assert set(five) <= set(choose_rows(version, None, None, 9))
    assert {one.stage for one in samples_by_id(version, choose_rows(version, None, 2, 6))} == {2}


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_is_as_high_as_its_rows(ending: str, version: VersionFolder, tmp_path: Path):
    one, three = (
        Image.open(io.BytesIO(write_rows(version, None, 2, n, tmp_path / f"{n}.{ending}").read_bytes())) for n in (1, 3)
    )
    assert one.width == three.width == 900
    assert three.height > 2 * one.height


def test_what_is_not_there_is_refused_with_what_is(version: VersionFolder, tmp_path: Path):
    with pytest.raises(UnknownName, match="Did you mean 'SAME_YN'"):
        write_rows(version, "SAME", None, 1, tmp_path / "rows.html")
    with pytest.raises(WrongUse, match="no rows in stage 3; it has some in stage 1 and 2"):
        write_rows(version, None, 3, 1, tmp_path / "rows.html")
    with pytest.raises(WrongUse, match="no rows of SAME_YN in stage 1; it has some in stage 2"):
        write_rows(version, "same_yn", 1, 1, tmp_path / "rows.html")
    with pytest.raises(WrongUse, match="none of the endings"):
        write_rows(version, None, 1, 1, tmp_path / "rows.gif")


@pytest.mark.parametrize(("ending", "kind"), [("png", "PNG"), ("jpg", "JPEG")])
def test_a_sheet_of_people_is_of_the_kind_that_its_ending_says(
    ending: str, kind: str, version: VersionFolder, tmp_path: Path
):
    written = write_people(version, 3, tmp_path / "new" / f"people.{ending}").read_bytes()
    assert Image.open(io.BytesIO(written)).format == kind
    with pytest.raises(WrongUse, match=r"'people\.gif' has none of the endings \.jpg, \.jpeg, \.png"):
        write_people(version, 3, tmp_path / "people.gif")


def test_a_reason_names_rank_and_miner_only_when_there_are_any():
    assert why_there(NEGATIVES | {"rank": None, "strategy": "same_camera"}) == "somebody else, same camera"
    assert why_there(NEGATIVES | {"rank": None, "strategy": "distractor"}) == "a box that shows nobody"


def test_no_camera_is_named_where_the_dataset_tells_none():
    negative = NEGATIVES | {"rank": None, "strategy": "same_camera"}
    assert why_there(negative, camera_known=False) == "somebody else"
    assert why_there(negative | {"strategy": "distractor"}, camera_known=False) == "a box that shows nobody"


def test_every_strategy_of_a_negative_is_said_in_words_of_its_own():
    said = {name: why_there(NEGATIVES | {"rank": None, "strategy": name}) for name in STRATEGIES}
    assert len(set(said.values())) == len(STRATEGIES) == 12
    assert not any("_" in words or "topk" in words for words in said.values())


def test_a_page_per_family_leads_back_and_loads_nothing(version: VersionFolder, tmp_path: Path):
    report = tmp_path / "new" / "report.html"
    found = family_samples(version, 5)
    balance = {one.family: Balance([0.5, 0.5], "Yes 50%, No 50%") for one in found}
    pages = write_families("A toy", found, balance, report)
    assert [page.stem for page in pages] == [one.family for one in found]
    assert {page.stem for page in pages} == {"ATTR_QA", "ATTR_YN", "SAME_YN", "I2I_PICK1"}
    assert {page.parent for page in pages} == {folder_beside(report)}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        links = re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)([^"']+)""", text)
        assert "../report.html" in links
        assert all((page.parent / link).is_file() for link in links if link != "../report.html")
        assert text.count('class="sample"') == 5
        assert title_of(page.stem) in text


def test_a_family_of_another_release_has_a_page_without_a_title():
    assert title_of("NOT_YET") == ""
    assert title_of("SAME_YN")
