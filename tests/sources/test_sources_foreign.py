"""Sources that are read by names alone, fed the names of every other dataset, of nobody's files, and of nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import read_toy

from generators.raw_names import claims_image
from generators.sample.write import layouts
from schemas.discovery import find
from schemas.source import Source

NAMES = (
    "celeb_reid", "celeb_reid_light", "cuhk03", "deepchange", "dukemtmc", "msmt17", "occluded_duke", "prcc",
    "vc_clothes",
)  # fmt: skip
SOURCES: dict[str, Source] = {name: find("generators.sources", "SOURCE", name) for name in NAMES}
# Datasets that share the grammar of their names.
ALIKE = [{"celeb_reid", "celeb_reid_light"}, {"dukemtmc", "occluded_duke"}]


def _alike(one: str, other: str) -> bool:
    return one == other or any({one, other} <= group for group in ALIKE)


@pytest.mark.parametrize("name", SOURCES)
def test_the_images_of_every_other_dataset_are_refused_one_by_one(name: str) -> None:
    met = 0
    for other, layout in layouts().items():
        paths = [shot.relpath for shot in layout.shots("tiny", 7) if claims_image(shot.relpath)]
        images, refused = read_toy(SOURCES[name], *paths)
        assert len(images) + len(refused) == len(set(paths))
        assert bool(images) == (_alike(name, other) and bool(paths))
        met += 1
    assert met >= 12


@pytest.mark.parametrize("name", SOURCES)
def test_files_that_are_no_images_are_passed_over_and_an_empty_folder_gives_nothing(name: str) -> None:
    noise = ("Thumbs.db", "readme.txt", ".DS_Store", "train/desktop.ini", "query/.nomedia", "rgb/train/x")
    assert read_toy(SOURCES[name]) == read_toy(SOURCES[name], *noise) == ({}, [])


@given(paths=st.lists(st.from_regex(r"\A[ -~\u00e0-\u00ff]{1,30}(/[ -~]{1,30}){0,3}\.(jpg|png|JPG|bmp)\Z"), max_size=8))
def test_any_paths_give_one_row_or_one_refusal_each(paths: list[str]) -> None:
    wanted = {path for path in paths if "//" not in path and not path.startswith("/")}
    for source in SOURCES.values():
        images, refused = read_toy(source, *wanted)
        assert len(images) + len(refused) == len(wanted)
        assert all(row.detail.endswith(".") for row in refused)
