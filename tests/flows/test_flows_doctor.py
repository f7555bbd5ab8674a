"""`reidforge doctor` on every drawn layout, whole and in pieces, in archives, at official counts, on nothing known."""

import json
import shutil
import zipfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.recipes import find_recipe
from generators.raw_files import RawFiles
from generators.raw_places import find_tree
from generators.raw_tree import FolderTree
from generators.recognition import candidates
from generators.sample.write import layouts
from schemas.discovery import find_all
from schemas.source import SAMPLE_MARK, Source
from tasks.steps import doctor as doctoring
from tasks.steps.doctor import examine

RUN = CliRunner()
SOURCES: dict[str, Source] = dict(find_all("generators.sources", "SOURCE"))
DRAWN = sorted(layouts())
# Datasets whose names and folders are the same; only the folder's name and the counts tell them apart.
TWINS = [{"celeb_reid", "celeb_reid_light"}, {"dukemtmc", "occluded_duke"}]


def _twins(name: str) -> set[str]:
    return next((group for group in TWINS if name in group), {name})


def asked(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = RUN.invoke(app, ["doctor", *arguments, "--json"])
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def unmarked(every_raw: Path, tmp_path: Path) -> Path:
    """Three drawn datasets as if they were real ones: without the mark of the sample."""
    for name in ("Market-1501-v15.09.15", "DukeMTMC-reID", "RegDB"):
        shutil.copytree(every_raw / name, tmp_path / "real" / name)
    return tmp_path / "real"


@pytest.mark.parametrize("name", DRAWN)
def test_a_layout_is_recognised_under_its_own_and_under_another_folder_name(
    every_raw: Path, tmp_path: Path, name: str
) -> None:
    folder = every_raw / layouts()[name].folder
    best = candidates(FolderTree(folder))[0]
    assert (best.name, best.base, best.lost, best.named, best.by_root) == (name, "", (), 1.0, True)
    shutil.copytree(folder, tmp_path / "downloads" / "my copy")
    moved = examine(tmp_path / "downloads")
    assert [found.place for found in moved.findings] == [str(tmp_path / "downloads" / "my copy")]
    assert {moved.findings[0].source, *moved.findings[0].also} == _twins(name)


def test_a_folder_of_datasets_gives_each_of_them_once(every_raw: Path) -> None:
    found = examine(every_raw).findings
    assert sorted(one.source for one in found) == DRAWN
    assert all(one.drawn and one.access_status == "synthetic" and not one.figures for one in found)


# Two of them are nothing but one folder of pictures: without it nothing is left to know them by.
@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"luperson_mllm", "mals"}))
def test_each_missing_piece_is_named_and_the_dataset_is_still_known(every_raw: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / layouts()[name].folder
    shutil.copytree(every_raw / folder.name, folder)
    form = next(form for form in SOURCES[name].forms() if all((folder / piece).exists() for piece in form))
    if name == "cuhk03":  # half of it is another complete form, and images without any protocol are none
        shutil.rmtree(folder / "images_detected")
    lost = form[-1]
    shutil.rmtree(folder / lost) if lost.endswith("/") else (folder / lost).unlink()
    code, result = asked(str(folder))
    assert code == 1
    assert [found["source"] for found in result["findings"]] == [name]
    assert lost in result["findings"][0]["lost"]
    assert "complete the folder" in result["findings"][0]["next"]


def test_an_archive_is_examined_like_its_folder_and_a_bad_one_is_named(every_raw: Path, tmp_path: Path) -> None:
    folder = every_raw / "LTCC_ReID"
    with zipfile.ZipFile(tmp_path / "ltcc.zip", "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, f"data/LTCC_ReID/{path.relative_to(folder)}")
    (tmp_path / SAMPLE_MARK).write_text("{}")
    inside, outside = examine(tmp_path / "ltcc.zip").findings[0], examine(folder).findings[0]
    assert (inside.source, inside.found, inside.rejects) == ("ltcc", outside.found, outside.rejects)
    assert find_tree("ltcc", SOURCES["ltcc"], Path(inside.raw)).has("query/")
    (tmp_path / "prcc.zip").write_bytes(b"half a downloa")
    code, result = asked(str(tmp_path))
    assert (code, [found["source"] for found in result["findings"]]) == (1, ["ltcc"])
    assert "'prcc.zip' is not read" in result["refused_archives"][0]
    assert RUN.invoke(app, ["doctor", str(tmp_path / "prcc.zip")]).exit_code == 2


class Names:
    """A dataset of which only the names are known: pictures of one byte; implements StoredTree."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self.root = self.given = self.beside = root
        self.label, self.refused = root.name, ()
        self._files = RawFiles(sorted(names), array("q", [1] * len(names)), 0)
        self._names = set(names)
        self._folders = {name[: at + 1] for name in names for at, letter in enumerate(name) if letter == "/"}

    def files(self) -> RawFiles:
        return self._files

    listed = files

    def has(self, name: str) -> bool:
        return name in self._folders or name in self._names

    def below(self, base: str) -> "Names":
        return Names(self.root, [name.removeprefix(base) for name in self._files.paths() if name.startswith(base)])

    def is_drawn(self) -> bool:
        return False

    def forget(self) -> None:
        """Nothing to let go of."""

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        return b"x"


def market_names() -> list[str]:
    """As many names as Market-1501 has, by split, person and role."""
    parts = [
        ("bounding_box_train", 12_936, [f"{pid:04d}" for pid in range(2, 1504, 2)]),
        ("query", 3_368, [f"{pid:04d}" for pid in range(1, 1500, 2)]),
        ("bounding_box_test", 13_115, [f"{pid:04d}" for pid in range(1, 1500, 2)]),
        ("bounding_box_test", 2_798, ["0000"]),
        ("bounding_box_test", 3_819, ["-1"]),
    ]
    return [
        f"{folder}/{pids[number % len(pids)]}_c{number % 6 + 1}s1_{number:06d}_01.jpg"
        for folder, count, pids in parts
        for number in range(count)
    ]


def test_the_official_counts_of_market_are_met_to_the_last_image_or_the_gap_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = market_names()
    monkeypatch.setattr(doctoring, "_opened", lambda path: Names(tmp_path, names))
    (found,) = examine(tmp_path).findings
    assert (found.source, found.complete, found.short, found.rejects) == ("market1501", True, [], [])
    assert len(found.figures) == 10, "gt_bbox is optional and not there"
    lost = [name for name in names if name.startswith("query/")][:12]
    monkeypatch.setattr(doctoring, "_opened", lambda path: Names(tmp_path, sorted(set(names) - set(lost))))
    done = RUN.invoke(app, ["doctor", str(tmp_path)])
    assert done.exit_code == 1
    assert "query images                      3,356 of      3,368  [C]   12 missing" in done.stdout
    assert "official counts that are not met: 1 (" in done.stdout


def test_figures_from_memory_are_shown_and_not_asserted(unmarked: Path) -> None:
    (found,) = examine(unmarked / "RegDB").findings
    tags = {line["what"]: line["tag"] for line in found.figures}
    assert tags["all images"] == "M"
    assert "all images" not in {line["what"] for line in found.short}
    assert {line["tag"] for line in found.short} <= {"C", "V", "V2"}


def test_a_withdrawn_dataset_is_known_and_no_command_is_offered(unmarked: Path) -> None:
    done = RUN.invoke(app, ["doctor", str(unmarked / "DukeMTMC-reID")])
    assert "WITHDRAWN by its authors" in done.stdout
    assert "next        nothing: it is not read unless a recipe says who uses it and why" in done.stdout


def test_what_is_refused_is_told_with_reasons_and_a_deep_look_finds_more(unmarked: Path) -> None:
    query = unmarked / "Market-1501-v15.09.15" / "query"
    (query / "portrait.jpg").write_bytes(b"x")
    (query / "0002_c1s1_000900_01.jpg").write_bytes(b"")
    (query / "0002_c1s1_000901_01.jpg").symlink_to("/etc/hostname")
    (query / "0002_c1s1_000902_01.jpg").write_bytes(b"no picture at all")
    before = sorted((path, path.lstat().st_mtime_ns) for path in unmarked.rglob("*"))
    shallow, deep = (examine(unmarked / "Market-1501-v15.09.15", deep).findings[0] for deep in (False, True))
    assert {refused.reason for refused in shallow.rejects} == {"bad_name", "empty", "symlink"}
    assert {refused.reason for refused in deep.rejects} == {"bad_name", "empty", "not_an_image", "symlink", "truncated"}
    assert deep.found["images"] < shallow.found["images"]
    assert sorted((path, path.lstat().st_mtime_ns) for path in unmarked.rglob("*")) == before


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_command_that_is_told_next_names_a_recipe_that_exists(name: str) -> None:
    recipe = find_recipe(name)
    assert [choice.name for choice in recipe.sources] == [name]
    assert recipe.families


def test_something_unknown_is_described_with_the_nearest_layouts(tmp_path: Path, every_raw: Path) -> None:
    (tmp_path / "flat").mkdir()
    for number in range(5):
        (tmp_path / "flat" / f"0002_c1s1_{number:06d}_00.jpg").write_bytes(b"x")
    (tmp_path / "flat" / "notes.txt").write_text("x")
    code, result = asked(str(tmp_path / "flat"))
    assert (code, result["findings"]) == (2, [])
    assert result["seen"] == {
        "folders": {".": 6}, "extensions": {"jpg": 5, "txt": 1}, "shapes": {"####_c#s#_######_##.jpg": 5},
    }  # fmt: skip
    assert result["nearest"][0] == ["market1501", ["bounding_box_train/", "bounding_box_test/", "query/"]]
    (tmp_path / "empty").mkdir()
    code, result = asked(str(tmp_path / "empty"))
    assert (code, len(result["nearest"])) == (2, 3)
    part = RUN.invoke(app, ["doctor", str(every_raw / "LTCC_ReID" / "query")])
    assert part.exit_code == 2
    assert "It is a part of LTCC" in part.stdout


@pytest.mark.parametrize("name", ["nowhere", "file.txt", "raw.7z"])
def test_what_is_no_folder_and_no_archive_is_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    if name != "nowhere":
        (tmp_path / name).write_bytes(b"x")
    done = RUN.invoke(app, ["doctor", str(tmp_path / name)])
    assert done.exit_code == 2
    assert name in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_is_the_best_guess_for_its_own_examples_and_required_names(tmp_path: Path, name: str) -> None:
    form = SOURCES[name].forms()[0]
    folders = [f"{piece}notes" for piece in form if piece.endswith("/")]
    files = [piece for piece in form if not piece.endswith("/")]
    root = tmp_path / SOURCES[name].root_names[0]
    best = candidates(Names(root, sorted({*SOURCES[name].examples, *folders, *files})))[0]
    assert (best.name, best.base, best.lost, best.recognised) == (name, "", (), True)
