"""What every reader promises: whatever a folder holds, each image is a row or a refusal, and nothing is raised."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sources_toy import ToyTree

from generators.raw_names import claims_image
from generators.raw_tree import FolderTree
from generators.sample.write import layouts
from schemas.discovery import find_all
from schemas.errors import BadRawData
from schemas.rows import Attribute, Caption, PersonImage, Reject
from schemas.source import RawTree, Source

SOURCES: dict[str, Source] = dict(find_all("generators.sources", "SOURCE"))
NAMES = sorted(SOURCES)
DRAWN = sorted(layouts())
# Label files that a form does not ask for, but that a reader opens when they are there.
EXTRA = (
    "market_attribute.mat", "list_val.txt", "exp/rand_perm_cam.mat", "exp/available_id.txt", "idx/test_vis.txt",
    "idx/test_nir.txt", "idx/train_visible_2.txt", "annotation/annotation.mat", "Ts-qwen.json", "Td-qwen.json",
    "Ts-shikra.json", "Td-shikra.json", "g_4x_attrs.json", "gene_attrs/g_4x_attrs.json",
    "gene_attrs/g_c_g_a_0_attrs.json", "cuhk-03.mat", "cuhk03_release/cuhk-03.mat",
)  # fmt: skip
DEEP = b"[" * 200_000
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "zeros": bytes(4_096),
    "a web page": b"<!DOCTYPE html><html>403</html>",
    "bad UTF-8": b'[{"id": 1, "file_path": "\xff\xfe.jpg"}]',
    "deep nesting": DEEP,
    "deep objects": b'{"a":' * 100_000,
    "a NaN": b'[{"id": NaN, "split": "train", "file_path": "a.jpg", "captions": ["A man."]}]',
    "an infinity": b'{"a.jpg": -Infinity}',
    "a key twice": b'[{"id": 1, "id": 2, "split": "train", "file_path": "a.jpg", "captions": ["A man."]}]',
    "a number": b"7",
    "a huge number": b'[{"id": ' + b"9" * 5_000 + b', "file_path": "a.jpg"}]',
    "half a surrogate": b'[{"id": 1, "split": "train", "file_path": "a.jpg", "captions": ["\\ud800"]}]',
    "the wrong kinds": b'[null, 1, "x", [], {"id": {}, "file_path": [], "captions": 1, "split": null}]',
    "blank lines": b"\r\n\r\n \r\n\t\n\r",
    "a line with no end": b"0000/" * 50_000,
    "MATLAB's head": b"MATLAB 5.0 MAT-file" + b" " * 105 + b"\x00\x01IM" + b"\x0f\x00\x00\x00\xff\xff\xff\x7f",
    "half a matrix": b"MATLAB 5.0 MAT-file" + b" " * 105 + b"\x00\x01IM" + b"\x0e\x00\x00\x00\x40\x00\x00\x00" + b"\6",
    "HDF5's head": b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 4,
}


def label_files(source: Source) -> list[str]:
    """Every label file that the source is known to open, by any of its forms."""
    wanted = [name for form in source.forms() for name in form if not name.endswith("/")]
    return sorted({*wanted, *EXTRA})


def everything(source: Source, tree: RawTree) -> list[PersonImage | Caption | Attribute | Reject]:
    """All rows of a source, its lists read as well, as ingest does it."""
    shown = source.unpack(tree) if source.unpack else tree
    rows: list[PersonImage | Caption | Attribute | Reject] = [*source.read(shown), *source.captions(shown)]
    rows.extend(source.attributes(shown))
    source.lists(shown)
    return rows


def verdicts(rows: list[PersonImage | Caption | Attribute | Reject], name: str) -> Iterator[str]:
    """The image paths that rows decide on: accepted, or refused as an image."""
    for row in rows:
        if isinstance(row, PersonImage):
            yield row.relpath
        elif isinstance(row, Reject) and row.table == "images" and claims_image(row.subject):
            yield row.subject.removeprefix(f"{name}/")


def check(name: str, content: Mapping[str, bytes]) -> list[PersonImage | Caption | Attribute | Reject]:
    """Every image is decided on once; every refusal is a sentence."""
    rows = everything(SOURCES[name], ToyTree(content))
    images = [path for path in content if claims_image(path)]
    decided = list(verdicts(rows, name))
    assert sorted(set(decided) & set(images)) == sorted(images)
    assert len([path for path in decided if path in set(images)]) == len(images)
    refused = [row for row in rows if isinstance(row, Reject)]
    assert all(row.detail.rstrip().endswith(".") and row.reason and "\n" not in row.detail for row in refused)
    assert all(row.source == name for row in refused)
    return rows


def test_every_reader_is_met() -> None:
    assert len(NAMES) >= 25
    assert len(DRAWN) >= 19


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_folder_and_a_folder_of_other_files_give_no_image_and_no_error(name: str) -> None:
    noise = dict.fromkeys(("Thumbs.db", "readme.txt", ".DS_Store", "query/desktop.ini", "a/b/c/d/e", "x.json"), b"x")
    for content in ({}, noise):
        rows = check(name, content)
        assert not [row for row in rows if not isinstance(row, Reject)]


@pytest.mark.parametrize("name", NAMES)
def test_the_images_of_every_other_dataset_are_refused_or_taken_one_by_one(name: str) -> None:
    names = {path for other in SOURCES.values() for path in other.examples}
    drawn = {shot.relpath for layout in layouts().values() for shot in layout.shots("tiny", 7)[:40]}
    check(name, dict.fromkeys(sorted(names | drawn), b""))


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("name", NAMES)
def test_label_files_that_cannot_be_trusted_end_in_refusals(name: str, what: str) -> None:
    source = SOURCES[name]
    images = dict.fromkeys(source.examples, b"x")
    check(name, images | dict.fromkeys(label_files(source), HOSTILE[what]))


@pytest.mark.parametrize("name", NAMES)
def test_label_files_that_cannot_be_opened_end_in_refusals(name: str) -> None:
    class Locked(ToyTree):
        def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
            raise BadRawData(f"The file {relpath!r} cannot be read (Permission denied).")

    source = SOURCES[name]
    tree = Locked(dict.fromkeys((*source.examples, *label_files(source)), b"x"))
    assert not [row for row in everything(source, tree) if isinstance(row, Caption | Attribute)] or name == "regdb"


def drawn_content(folder: Path) -> dict[str, bytes]:
    """The names of a drawn dataset, with the bytes of its label files only."""
    tree = FolderTree(folder)
    return {
        file.relpath: b"x" if claims_image(file.relpath) else tree.read(file.relpath) for file in tree.files()
    }  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_dataset_that_lost_any_of_its_label_files_is_read_as_far_as_it_goes(every_raw: Path, name: str) -> None:
    content = drawn_content(every_raw / layouts()[name].folder)
    whole = check(name, content)
    assert any(isinstance(row, PersonImage) for row in whole)
    for lost in [path for path in content if not claims_image(path)]:
        check(name, {path: data for path, data in content.items() if path != lost})


@pytest.mark.parametrize("name", DRAWN)
def test_blank_lines_and_other_line_ends_change_nothing(every_raw: Path, name: str) -> None:
    content = drawn_content(every_raw / layouts()[name].folder)
    lists = [path for path in content if path.endswith(".txt")]
    other = {path: b"\r\n" + content[path].rstrip(b"\n").replace(b"\n", b" \r\n\r\n") + b"\r\n\r\n" for path in lists}
    rows = [everything(SOURCES[name], ToyTree(found)) for found in (content, content | other)]
    accepted = [[row for row in found if isinstance(row, PersonImage)] for found in rows]
    assert accepted[0] == accepted[1]
    assert len(rows[0]) == len(rows[1])


@pytest.mark.parametrize("name", DRAWN)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_label_files_with_a_few_broken_bytes_never_raise(every_raw: Path, name: str, data: st.DataObject) -> None:
    content = drawn_content(every_raw / layouts()[name].folder)
    labels = [path for path in content if not claims_image(path) and content[path]]
    if not labels:
        return
    broken = bytearray(content[chosen := data.draw(st.sampled_from(labels))])
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(broken) - 1), st.integers(0, 255)), max_size=6)
    ):
        broken[place] = value
    check(name, content | {chosen: bytes(broken)})


@settings(max_examples=20, deadline=None)
@given(paths=st.lists(st.from_regex(r"\A[ -~\u00e0-\u00ff]{1,30}(/[ -~]{1,30}){0,3}\.(jpg|png|JPG|bmp)\Z"), max_size=8))
def test_any_paths_are_decided_on_once_by_every_reader(paths: list[str]) -> None:
    wanted = {path for path in paths if "//" not in path and not path.startswith("/")}
    for name in NAMES:
        check(name, dict.fromkeys(wanted, b"x"))


def test_the_hostile_json_is_what_it_says() -> None:
    assert len(HOSTILE) >= 18
    assert json.loads(HOSTILE["a key twice"]) == [
        {"id": 2, "split": "train", "file_path": "a.jpg", "captions": ["A man."]}
    ]
