"""A person taken down from what was shared without pictures: the successor is as bound, and can be joined as before."""

import shutil
from pathlib import Path

import pytest
from sharing_toy import BOUND, Made, listing
from versions_toy import crop

from schemas.errors import DigestMismatch, WrongUse
from tasks.checking.report import check_folder
from tasks.steps.pull import pull
from tasks.steps.takedown import takedown
from tasks.versions.reader import VersionFolder
from tasks.versions.remotes.local import LocalRemote

PERSON = f"{BOUND}:1"
THEIRS = (2, 3)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    return Made(tmp_path)


def newest(made: Made, remote: str) -> VersionFolder:
    place = LocalRemote(made.base / remote)
    return VersionFolder(Path(place.open("toy", str(place.latest("toy"))).place))


def test_raw_data_joins_the_successor_to_the_bytes_of_the_whole_successor(made: Made) -> None:
    for number in THEIRS:
        (made.raw / f"{number:04d}.jpg").unlink()  # the person's raw pictures may be gone already
    old = {path.name for path in VersionFolder(made.shared.folder).files("images") if BOUND in path.name}
    takedown(made.base / "whole", PERSON, "asked")
    receipt = takedown(made.base / "shared", PERSON, "asked", raw=made.raw)
    shared, whole = newest(made, "shared"), newest(made, "whole")
    assert shared.manifest.withheld
    assert shared.manifest.withheld.digest == whole.digest
    assert (shared.manifest.version, shared.manifest.parents) == ("0.1.1", [made.shared.digest])
    joined = pull(made.base / "shared", "toy@latest", made.base / "joined", join=made.raw)
    assert listing(joined) == listing(whole.folder)
    named = {path for file in receipt.versions[0]["files"] for path in (file["old"], file["new"])}
    new = {path.name for path in shared.files("images") if BOUND in path.name}
    assert {Path(path).name for path in named if f"data/images/{BOUND}" in path} == old | new
    assert old.isdisjoint(new)


def test_the_successor_keeps_the_promises_of_the_whole_one_and_shows_no_bound_picture(made: Made) -> None:
    takedown(made.base / "whole", PERSON, "asked")
    takedown(made.base / "shared", PERSON, "asked", raw=made.raw)
    shared = newest(made, "shared")
    found, whole = (check_folder(each.folder, "deep") for each in (shared, newest(made, "whole")))
    assert not found.files
    assert found.contract == whole.contract
    assert [gate.passed for gate in found.gates] == [gate.passed for gate in whole.gates]
    assert "**Without pictures** of MARKET1501" in (shared.folder / "README.md").read_text()
    stored = b"".join(listing(made.base / "shared").values())
    assert stored.count(crop(0)) == 1  # the free source's


def test_without_raw_data_nothing_is_changed_and_other_raw_data_is_refused(made: Made) -> None:
    before = listing(made.base / "shared")
    with pytest.raises(WrongUse, match=r"toy@0\.1\.0 was shared without pictures: give the raw data with --raw"):
        takedown(made.base / "shared", PERSON, "asked")
    shutil.copyfile(made.raw / "0001.jpg", made.raw / "0005.jpg")
    with pytest.raises(DigestMismatch, match=f"{BOUND}/0005.jpg: other bytes"):
        takedown(made.base / "shared", PERSON, "asked", raw=made.raw)
    assert listing(made.base / "shared") == before
