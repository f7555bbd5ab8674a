"""The protocols on raw folders of the official size whose pictures are names only: nothing is drawn."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.discovery import find
from schemas.protocol import EVERY_TRIAL
from schemas.rows import PersonImage
from schemas.source import RawFile
from schemas.tables import CAPTIONS, PERSON_IMAGES
from tasks.packs.columns import table_of

PROTOCOLS = {
    "market1501_single_query": (1, 15_913),
    "ltcc_standard": (1, 7_050),
    "ltcc_cloth_changing": (1, 7_050),
    "sysu_mm01_all_search_single_shot": (10, 301),
}


@dataclass
class Names:
    """A raw folder that lists pictures nobody drew, and has its label files."""

    root: Path
    names: list[str]
    label: str = "names"

    def files(self):
        real = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()]
        return [RawFile(name, 1, 0) for name in sorted({*self.names, *real})]

    def read(self, relpath, limit=0):
        return (self.root / relpath).read_bytes()


@pytest.fixture(scope="module", params=["market1501", "ltcc", "sysu_mm01"])
def tables(request, tmp_path_factory):
    layout = find("generators.sample.layouts", "LAYOUT", request.param)
    root = tmp_path_factory.mktemp(request.param)
    shots = layout.shots("official", 7)
    for folder in {shot.relpath.partition("/")[0] for shot in shots}:
        (root / folder).mkdir()
    layout.write_labels(root, "official", 7, shots)
    source = find("generators.sources", "SOURCE", request.param)
    tree = Names(root, [shot.relpath for shot in shots])
    person_images = [row for row in source.read(tree) if isinstance(row, PersonImage)]
    constant = {
        "label_train": None, "license_id": "x", "access_status": "x", "release_allowed": False, "reader_version": "x",
    }  # fmt: skip
    return request.param, table_of(PERSON_IMAGES, person_images, constant=constant)


def test_the_members_of_a_dataset_of_official_size_have_the_official_counts(tables):
    source, person_images = tables
    found = 0
    for name, (trials, n_gallery) in PROTOCOLS.items():
        protocol = find("tasks.protocols", "PROTOCOL", name)
        if protocol.source != source:
            continue
        found += 1
        members = list(protocol.members(person_images, CAPTIONS.schema.empty_table()))
        query = [member for member in members if member.role == "query"]
        assert len(query) == protocol.expected["query"]
        assert protocol.expected["gallery"] == n_gallery
        for trial in range(trials):
            there = [m for m in members if m.role == "gallery" and m.trial in (EVERY_TRIAL, trial)]
            assert len(there) == n_gallery
            assert len({m.ids for m in there}) == n_gallery
        people = dict(zip(person_images["image_id"].to_pylist(), person_images["person_key"].to_pylist(), strict=True))
        assert len({people[m.ids[0]] for m in query}) == protocol.expected["persons"]
    assert found >= 1
