"""Datasets in archives: the same paths, bytes, rows and digests as their folders give, wherever in the archive."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from archives_toy import FORMS, GOOD, archive_of, packed, tar_entry, tar_of

from generators.archives.tree import Archive, ArchiveTree
from generators.cuhk03_cells import CELLS_FILE, unpack_cells
from generators.cuhk03_splits import CONFIGS
from generators.raw_places import find_tree
from generators.raw_tree import FolderTree
from generators.sample.mat_files import write_cells
from generators.sample.write import layouts
from schemas.discovery import find_all
from schemas.errors import BadRawData
from schemas.keys import file_sha256
from schemas.source import RawTree, Source
from tasks.steps.ingest import ingest

SOURCES: dict[str, Source] = dict(find_all("generators.sources", "SOURCE"))
DRAWN = sorted(layouts())


@pytest.fixture(scope="module")
def drawn(every_raw: Path) -> Path:
    return every_raw


def everything(tree: RawTree) -> dict[str, bytes]:
    return {file.relpath: tree.read(file.relpath) for file in tree.files()}


def tables(store: Path, facts_of: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted((store / facts_of).glob("*.parquet"))}


@pytest.mark.parametrize("name", DRAWN)
def test_every_dataset_reads_the_same_from_every_kind_of_archive(drawn: Path, tmp_path: Path, name: str) -> None:
    folder = drawn / layouts()[name].folder
    wanted, source = everything(FolderTree(folder)), SOURCES[name]
    rows = list(source.read(FolderTree(folder)))
    for form, inside in zip(FORMS, ("", f"{folder.name}/", f"data/./{folder.name}/"), strict=True):
        path = packed(folder, tmp_path / f"{folder.name}{form}", inside)
        tree = find_tree(name, source, path)
        assert [file.relpath for file in tree.files()] == list(wanted)
        assert everything(tree) == wanted
        assert tree.label == folder.name
        assert list(source.read(tree)) == rows


def test_every_layout_that_can_be_drawn_was_packed() -> None:
    assert len(DRAWN) >= 19


@pytest.mark.parametrize(
    ("name", "form"), [("cuhk03", ".zip"), ("cuhk03", ".tar.gz"), ("ltcc", ".tar"), ("regdb", ".tgz")]
)
def test_ingest_gives_the_same_digests_from_an_archive_as_from_the_folder(
    drawn: Path, tmp_path: Path, name: str, form: str
) -> None:
    folder = drawn / layouts()[name].folder
    (tmp_path / "raw").mkdir()
    shutil.copyfile(drawn / "SAMPLE.json", tmp_path / "raw" / "SAMPLE.json")
    packed(folder, tmp_path / "raw" / f"{folder.name}{form}", f"{folder.name}/")
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "raw").rglob("*"))
    one = ingest(tmp_path / "store1", name, drawn)
    two = ingest(tmp_path / "store2", name, tmp_path / "raw")
    assert one.facts == two.facts
    assert one.folder.relative_to(tmp_path / "store1") == two.folder.relative_to(tmp_path / "store2")
    assert tables(one.folder, Path()) == tables(two.folder, Path()) != {}
    assert ingest(tmp_path / "store2", name, tmp_path / "raw").facts == two.facts
    assert sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "raw").rglob("*")) == before


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """CUHK03 as it is given out: one HDF5 file, one person with one image in each pair and variant."""
    root = tmp_path / "cells" / "cuhk03"
    (root / "cuhk03_release").mkdir(parents=True)
    shades = np.arange(16 * 8 * 3, dtype=np.uint8).reshape(16, 8, 3)
    pairs = [{(1, 1): shades + pair} for pair in range(5)]
    write_cells(root / "cuhk03_release" / CELLS_FILE, {"labeled": pairs, "detected": pairs})
    (root / CONFIGS["labeled"]).write_bytes(b"x")
    return root


@pytest.mark.parametrize("form", FORMS)
def test_the_cells_of_cuhk03_are_read_from_an_archive_by_a_copy_that_goes_away(
    cells: Path, tmp_path: Path, form: str
) -> None:
    path = packed(cells, tmp_path / f"cuhk03{form}", "cuhk03/")
    tree = find_tree("cuhk03", SOURCES["cuhk03"], path)
    assert isinstance(tree, ArchiveTree)
    shown, plain = unpack_cells(tree), unpack_cells(FolderTree(cells))
    assert everything(shown) == everything(plain)
    assert sum(f"{CELLS_FILE}/" in file.relpath for file in shown.files()) == 10
    copies = tree.place(f"cuhk03_release/{CELLS_FILE}").parent
    assert list(copies.iterdir()) == [tree.place(f"cuhk03_release/{CELLS_FILE}")]
    del shown, tree
    assert not copies.exists()


def test_a_folder_of_archives_is_searched_by_the_usual_names_and_folders_go_first(drawn: Path, tmp_path: Path) -> None:
    source, folder = SOURCES["market1501"], drawn / "Market-1501-v15.09.15"
    packed(folder, tmp_path / "market-1501.TAR.GZ")
    assert find_tree("market1501", source, tmp_path).root.name == "market-1501.TAR.GZ"
    packed(folder, tmp_path / "Market-1501-v15.09.15.zip", "Market-1501-v15.09.15/")
    assert find_tree("market1501", source, tmp_path).root.parent.name == "Market-1501-v15.09.15.zip"
    packed(folder, tmp_path / "mine.tar")
    assert find_tree("market1501", source, tmp_path, "mine.tar").root.name == "mine.tar"
    shutil.copytree(folder, tmp_path / "market1501")
    assert isinstance(find_tree("market1501", source, tmp_path), FolderTree)


def test_an_archive_that_lacks_something_or_holds_another_dataset_says_so(drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "market"
    shutil.copytree(drawn / "Market-1501-v15.09.15", folder)
    shutil.rmtree(folder / "query")
    path = packed(folder, tmp_path / "market1501.zip", "market/")
    with pytest.raises(BadRawData, match=r"archive 'market1501.zip' lacks query/ of Market-1501\."):
        find_tree("market1501", SOURCES["market1501"], path)
    with pytest.raises(BadRawData, match=r"RegDB needs Visible/, .* the archive 'market1501.zip' holds market/\."):
        find_tree("regdb", SOURCES["regdb"], path)
    with pytest.raises(BadRawData, match="does not exist"):
        find_tree("regdb", SOURCES["regdb"], tmp_path / "nowhere.zip")


def test_own_labels_are_found_in_an_archive_and_beside_it(drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "LTCC_ReID"
    shutil.copytree(drawn / "LTCC_ReID", folder)
    name = sorted((folder / "query").iterdir())[0].name
    line = json.dumps({"image": f"query/{name}", "text": "A man"})
    (folder / "captions.jsonl").write_text(line)
    (tmp_path / "packed").mkdir()
    path = packed(folder, tmp_path / "packed" / "ltcc.zip", "LTCC_ReID/")
    (tmp_path / "packed" / "LTCC_ReID.captions.jsonl").write_text(line)
    step = ingest(tmp_path / "store", "ltcc", path)
    assert step.facts["counts"]["captions"] == 2


def test_names_that_are_not_utf8_are_left_out_alone_as_in_a_folder(tmp_path: Path) -> None:
    strange = os.fsdecode(b"query/\xff.jpg")
    entries = [(tar_entry(name), data) for name, data in (GOOD | {strange: b"x"}).items()]
    tree = ArchiveTree(Archive(tar_of(tmp_path / "raw.tar", entries, tarfile.GNU_FORMAT)))
    for name, data in (GOOD | {strange: b"x"}).items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert tree.refused == FolderTree(tmp_path / "raw").refused != []
    assert everything(tree) == everything(FolderTree(tmp_path / "raw"))


def test_many_threads_read_one_archive_at_a_time(tmp_path: Path) -> None:
    content = {f"query/{n}.jpg": os.urandom(5_000) for n in range(50)}
    for form in FORMS:
        tree = ArchiveTree(Archive(archive_of(tmp_path / f"raw{form}", content)))
        wrong: list[str] = []
        threads = [threading.Thread(target=_read_all, args=(tree, content, wrong)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def _read_all(tree: ArchiveTree, content: dict[str, bytes], wrong: list[str]) -> None:
    wrong.extend(name for name, data in content.items() if tree.read(name) != data)


@pytest.mark.parametrize("form", FORMS)
def test_a_large_archive_is_listed_and_read_in_little_memory(tmp_path: Path, form: str) -> None:
    block = os.urandom(1 << 20)
    path = archive_of(tmp_path / f"raw{form}", {f"query/{n:03d}.jpg": block for n in range(32)})
    code = (
        "import re, sys; from pathlib import Path; from generators.archives.tree import Archive, ArchiveTree\n"
        "def peak():\n"  # of this program alone: ru_maxrss begins with that of the process that started it
        "    return int(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])\n"
        "before = peak()\n"
        "tree = ArchiveTree(Archive(Path(sys.argv[1])))\n"
        "read = sum(len(tree.read(file.relpath)) for file in tree.files())\n"
        "print(read, peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
    read, grown = map(int, done.stdout.split())
    assert read == 32 * len(block)
    assert grown < 16 << 10, "KiB, of 32 MiB that were read"
