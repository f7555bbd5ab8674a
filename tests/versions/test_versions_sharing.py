"""What is shared holds no picture that may not be passed on, and raw data makes it whole again, byte for byte."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sharing_toy import BOUND, Made, listing
from versions_toy import IMAGES_EACH, crop, toy

from schemas.errors import BadRawData, BadTable, DigestMismatch, WrongUse
from schemas.manifest import Manifest
from tasks.checking.report import check_folder
from tasks.steps.publish import publish
from tasks.versions.reader import VersionFolder
from tasks.versions.selecting import Selection


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def withheld(manifest: Manifest) -> list[str]:
    assert manifest.withheld
    return [entry.path for entry in manifest.withheld.packs]


def test_no_picture_of_a_bound_source_is_shared_and_all_its_rows_are(made: Made) -> None:
    shared, whole = VersionFolder(made.shared.folder), VersionFolder(made.whole.folder)
    here, there = (b"".join(listing(version.folder).values()) for version in (shared, whole))
    assert all(2 * here.count(crop(n)) == there.count(crop(n)) for n in range(IMAGES_EACH))  # the other source's stay
    rows, full = shared.table("images"), whole.table("images")
    assert rows.drop(["image"]) == full.drop(["image"])
    empty = [row["source"] for row in rows.to_pylist() if not row["image"]["bytes"]]
    assert empty == [BOUND] * IMAGES_EACH
    assert (made.shared.withheld, made.whole.withheld) == ((BOUND,), ())
    assert shared.manifest.withheld
    assert shared.manifest.withheld.digest == whole.digest != shared.digest
    assert withheld(shared.manifest) == [e.path for e in whole.manifest.files if e.path.startswith("data/images/mar")]


def test_the_card_of_what_is_shared_says_how_to_join(made: Made) -> None:
    card = (made.shared.folder / "README.md").read_text()
    assert "**Without pictures** of MARKET1501" in card
    assert "--join RAW" in card
    assert "its pictures are not in this version" in card
    assert "Without pictures" not in (made.whole.folder / "README.md").read_text()


def test_what_is_shared_keeps_its_promises(made: Made) -> None:
    report = check_folder(made.shared.folder, "structure")
    assert not report.files
    assert report.contract == check_folder(made.whole.folder, "structure").contract


def test_raw_data_makes_it_the_whole_version_byte_for_byte(made: Made) -> None:
    folder = made.pull("joined", join=made.raw)
    assert listing(folder) == listing(made.whole.folder)
    assert VersionFolder(folder).digest == made.whole.digest
    assert made.pull("joined", join=made.raw, frozen=True) == folder


def test_the_raw_data_may_lie_in_an_archive_or_one_folder_up(made: Made) -> None:
    archive = made.base / "market1501.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(made.raw.rglob("*")):
            file.write(path, path.relative_to(made.raw.parent).as_posix() + ("/" if path.is_dir() else ""))
    for number, raw in enumerate((archive, made.raw.parent)):
        folder = made.pull(f"joined-{number}", join=raw)
        assert VersionFolder(folder).digest == made.whole.digest


def test_a_part_can_be_joined_too(made: Made) -> None:
    folder = made.pull("part", join=made.raw, selection=Selection(stages=(1,)))
    assert VersionFolder(folder).digest == made.whole.digest
    assert VersionFolder(folder).image_bytes([f"{BOUND}/0003.jpg"]) == [crop(3)]
    other = made.pull("other", join=made.base / "nothing", selection=Selection(sources=("sysu_mm01",)))
    assert VersionFolder(other).digest == made.whole.digest


def _lose(path: Path) -> None:
    path.unlink()


def _change(path: Path) -> None:
    path.write_bytes(crop(77))


@pytest.mark.parametrize(("harm", "words"), [(_lose, "0002.jpg"), (_change, "other bytes than those")])
def test_a_missing_or_other_raw_picture_is_named_and_nothing_is_left(
    harm: Callable[[Path], None], words: str, made: Made
) -> None:
    harm(made.raw / "0002.jpg")
    with pytest.raises(DigestMismatch, match=f"(?s)1 picture of .* {BOUND}/0002.jpg: .*{words}"):
        made.pull("joined", join=made.raw)
    assert not (made.base / "joined").exists()


def test_raw_data_that_is_not_there_is_refused(made: Made) -> None:
    with pytest.raises(BadRawData, match=r"Market-1501 cannot be joined from .*nothing.*--join"):
        made.pull("joined", join=made.base / "nothing")


def test_a_picture_that_was_left_out_is_missed_by_name(made: Made) -> None:
    folder = made.pull("thin")
    with pytest.raises(BadTable, match=r"market1501/0003\.jpg.*--join"):
        VersionFolder(folder).image_bytes(["sysu_mm01/0001.jpg", f"{BOUND}/0003.jpg"])
    with pytest.raises(WrongUse, match="new folder"):
        made.pull("thin", join=made.raw)


def test_sharing_twice_changes_nothing_and_free_sources_are_shared_whole(made: Made, tmp_path: Path) -> None:
    assert made.publish("shared", True) == made.shared
    free = toy(tmp_path / "store")
    parts = (free.store, free.recipe, free.staged, free.validated, free.ingests)
    assert publish(*parts, tmp_path / "a", True).digest == publish(*parts, tmp_path / "b").digest
