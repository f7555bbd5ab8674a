"""The protocols on what the readers make of drawn raw folders: both rooms mean the same by their columns."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.discovery import find, find_all, names
from schemas.protocol import EVERY_TRIAL
from schemas.rows import Caption, PersonImage
from schemas.source import RawFile
from schemas.tables import CAPTIONS, PERSON_IMAGES
from tasks.packs.columns import table_of

CONSTANT = {
    "label_train": None, "license_id": "x", "access_status": "x", "release_allowed": False, "reader_version": "x",
}  # fmt: skip
SOURCES = sorted({protocol.source for _, protocol in find_all("tasks.protocols", "PROTOCOL")})


@dataclass
class Names:
    """A raw folder that lists pictures nobody drew, each with its name for content, and has its label files."""

    root: Path
    names: list[str]
    label: str = "names"

    def files(self):
        real = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()]
        return [RawFile(name, 1, 0) for name in sorted({*self.names, *real})]

    def read(self, relpath, limit=0):
        path = self.root / relpath
        return path.read_bytes() if path.is_file() else relpath.encode()


@pytest.fixture(scope="module", params=SOURCES)
def drawn(request, tmp_path_factory):
    layout = find("generators.sample.layouts", "LAYOUT", request.param)
    root = tmp_path_factory.mktemp(request.param)
    shots = layout.shots("tiny", 7)
    for folder in {shot.relpath.rpartition("/")[0] for shot in shots}:
        (root / folder).mkdir(parents=True, exist_ok=True)
    layout.write_labels(root, "tiny", 7, shots)
    return request.param, Names(root, [shot.relpath for shot in shots])


def tables(source, tree):
    declared = find("generators.sources", "SOURCE", source)
    images = [row for row in declared.read(tree) if isinstance(row, PersonImage)]
    captions = [row for row in declared.captions(tree) if isinstance(row, Caption)]
    words = {"n_words": lambda caption: len(caption.text.split())}
    return table_of(PERSON_IMAGES, images, constant=CONSTANT), table_of(CAPTIONS, captions, derived=words)


def test_there_is_a_drawn_folder_for_every_source_that_has_protocols():
    assert len(SOURCES) >= 17
    assert set(SOURCES) <= set(names("generators.sample.layouts"))


def test_every_protocol_finds_queries_and_a_gallery_with_right_images_in_a_drawn_folder(drawn):
    source, tree = drawn
    person_images, captions = tables(source, tree)
    lists = getattr(importlib.import_module(f"generators.sources.{source}"), "read_lists", lambda tree: {})(tree)
    rows = person_images.select(["image_id", "person_key", "role_flag"]).to_pylist()
    whose = {row["image_id"]: row["person_key"] for row in rows}
    whose |= {row["caption_id"]: row["person_key"] for row in captions.to_pylist()}
    found = 0
    for name, protocol in find_all("tasks.protocols", "PROTOCOL"):
        if protocol.source != source or (protocol.list_name and protocol.list_name not in lists):
            continue
        found += 1
        if protocol.list_name:
            members = list(protocol.members_of_list(person_images, lists[protocol.list_name]))
        else:
            members = list(protocol.members(person_images, captions))
        query, gallery = (
            {whose[m.ids[0]] for m in members if m.role == role and m.trial in (EVERY_TRIAL, 0)}
            for role in ("query", "gallery")
        )
        assert query, name
        assert None not in query, name
        assert query & gallery, name
    assert found >= 1
