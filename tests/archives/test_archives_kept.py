"""The listing of an archive is kept for the next ingest, and is not believed when anything speaks against it."""

import os
import shutil
from array import array
from collections.abc import Iterable
from pathlib import Path

import pytest
from archives_toy import FORMS, GOOD, archive_of, packed

from generators.archives import checks
from generators.archives import tree as archives
from generators.archives.checks import Listing, Member
from generators.archives.tree import Archive
from generators.raw_files import RawFiles
from generators.raw_tree import FolderTree
from generators.sample.write import layouts
from schemas.source import RawFile
from tasks.packs.listings import KeptListings
from tasks.steps.ingest import ingest


def listing_of(path: Path, store: Path) -> Listing:
    return Archive(path, KeptListings(store, "ltcc")).listing


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of archives, each time one is listed."""
    found: list[str] = []
    usual = checks.listed

    def noted(archive: str, members: Iterable[Member], size: int, mtime_ns: int) -> Listing:
        found.append(archive)
        return usual(archive, members, size, mtime_ns)

    monkeypatch.setattr(archives, "listed", noted)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_an_unchanged_archive_is_listed_once_and_every_ingest_of_it_is_the_same(
    every_raw: Path, tmp_path: Path, listed: list[str], form: str
) -> None:
    folder = every_raw / layouts()["ltcc"].folder
    path = packed(folder, tmp_path / f"{folder.name}{form}", f"{folder.name}/")
    first = ingest(tmp_path / "store", "ltcc", path)
    assert listed == [path.name]
    again = ingest(tmp_path / "store", "ltcc", path)
    assert (again.digest, again.skipped, listed) == (first.digest, True, [path.name])
    shutil.rmtree(first.folder)
    (tmp_path / "store" / "cache" / "ltcc.json").unlink()
    anew = ingest(tmp_path / "store", "ltcc", path)  # reads every file by its kept place
    assert (anew.digest, anew.skipped, listed) == (first.digest, False, [path.name])
    assert anew.facts == first.facts


@pytest.mark.parametrize("form", FORMS)
def test_what_is_recalled_is_what_was_listed(tmp_path: Path, listed: list[str], form: str) -> None:
    path = archive_of(tmp_path / f"a{form}", {**GOOD, "train/\N{LATIN SMALL LETTER E WITH ACUTE}.jpg": b""})
    found, recalled = (listing_of(path, tmp_path) for _ in range(2))
    assert listed == [path.name]
    assert list(recalled.files) == list(found.files)
    assert (recalled.places, recalled.folders, recalled.refused) == (found.places, found.folders, found.refused)


def test_an_archive_without_files_is_recalled_too(tmp_path: Path, listed: list[str]) -> None:
    path = archive_of(tmp_path / "a.tar", {})
    assert [list(listing_of(path, tmp_path).files) for _ in range(2)] == [[], []]
    assert len(listed) == 1


def test_other_bytes_of_the_same_size_and_time_are_another_archive(tmp_path: Path, listed: list[str]) -> None:
    path = archive_of(tmp_path / "a.zip", GOOD)
    before = path.stat()
    listing_of(path, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"0002_c1s1", b"0003_c1s1"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert listing_of(path, tmp_path).files[0].relpath == "query/0003_c1s1_000451_00.jpg"
    assert len(listed) == 2


def test_a_moved_archive_is_the_same_dataset_and_a_damaged_cache_is_not_believed(
    tmp_path: Path, listed: list[str]
) -> None:
    path = archive_of(tmp_path / "a.tar.gz", GOOD)
    found = listing_of(path, tmp_path)
    (kept,) = (tmp_path / "cache").iterdir()
    for damage in (kept.read_bytes()[:-1], b"", b"{}", kept.read_bytes()[:40] + b"\0" + kept.read_bytes()[41:]):
        kept.write_bytes(damage)
        assert list(listing_of(path, tmp_path).files) == list(found.files)
    assert len(listed) == 5
    moved = path.rename(tmp_path / "b.tar.gz")
    assert list(listing_of(moved, tmp_path).files) == list(found.files)


def test_files_in_columns_are_the_files_of_the_folder(tmp_path: Path) -> None:
    for number, name in enumerate(("b/2.jpg", "a.b/1.jpg", "a/3.jpg", "a.jpg")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * number)
        os.utime(tmp_path / name, ns=(number, number))
    files = FolderTree(tmp_path).files()
    wanted = [RawFile("a.b/1.jpg", 1, 1), RawFile("a.jpg", 3, 3), RawFile("a/3.jpg", 2, 2), RawFile("b/2.jpg", 0, 0)]
    assert list(files) == list(files[:]) == [files[place] for place in range(len(files))] == wanted
    assert (files[-1], files[1:3]) == (wanted[-1], wanted[1:3])
    inside = RawFiles(list(files.paths()), files.sizes, 7).below("a/")
    assert list(inside) == [RawFile("3.jpg", 2, 7)]
    assert b"".join(files.traits()) != b"".join(RawFiles(list(files.paths()), files.sizes, 7).traits())


def test_many_files_are_found_by_their_paths_and_by_their_places() -> None:
    paths = sorted(f"{folder}/{number:05d}.jpg" for folder in ("a", "a.b", "b") for number in range(1_500))
    files = RawFiles(paths, array("q", range(len(paths))), 7)
    assert list(files.paths()) == [file.relpath for file in files] == paths
    assert [files.place(path) for path in paths[::97]] == list(range(0, len(paths), 97))
    assert [files.holds(name) for name in (paths[0], paths[-1], "a", "a/00000.jp", "z")] == [True, True, *[False] * 3]
    assert (files.place(""), files.place("c")) == (0, len(paths))
    assert [file.relpath for file in files[1_000:2_100:50]] == paths[1_000:2_100:50]
    assert [file.relpath for file in files[::-1]] == paths[::-1]
    assert [(file.relpath, file.size) for file in files.below("a/")] == [
        (path[2:], place) for place, path in enumerate(paths) if path.startswith("a/")
    ]
    assert (len(files.below("c/")), len(RawFiles([], array("q"), 0).below("a/"))) == (0, 0)
