"""The protocols on raw folders of the official size whose pictures are names only: nothing is drawn."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.discovery import find, find_all
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
        path = self.root / relpath
        return path.read_bytes() if path.is_file() else relpath.encode()


MORE = ["celeb_reid_light", "llcm", "msmt17", "prcc", "regdb", "vc_clothes"]


@pytest.fixture(
    scope="module",
    params=["market1501", "ltcc", "sysu_mm01", *(pytest.param(source, marks=pytest.mark.slow) for source in MORE)],
)
def tables(request, tmp_path_factory):
    layout = find("generators.sample.layouts", "LAYOUT", request.param)
    root = tmp_path_factory.mktemp(request.param)
    shots = layout.shots("official", 7)
    for folder in {shot.relpath.rpartition("/")[0] for shot in shots}:
        (root / folder).mkdir(parents=True, exist_ok=True)
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
    people = dict(zip(person_images["image_id"].to_pylist(), person_images["person_key"].to_pylist(), strict=True))
    found = 0
    for name, protocol in find_all("tasks.protocols", "PROTOCOL"):
        if protocol.source != source or protocol.list_name:
            continue
        found += 1
        trials, n_gallery = PROTOCOLS.get(name, (protocol.n_trials, protocol.expected.get("gallery")))
        assert protocol.n_trials == trials
        assert protocol.expected.get("gallery") == n_gallery
        members = list(protocol.members(person_images, CAPTIONS.schema.empty_table()))
        for trial in range(trials):
            sides = [
                [m.ids for m in members if m.role == role and m.trial in (EVERY_TRIAL, trial)]
                for role in ("query", "gallery")
            ]
            assert len(sides[0]) == protocol.expected.get("query", len(sides[0])) > 0
            assert len(set(sides[1])) == len(sides[1]) == (n_gallery or len(sides[1])) > 0
            persons = len({people[ids[0]] for ids in sides[0]})
            assert persons == protocol.expected.get("persons", persons)
    assert found >= 1
