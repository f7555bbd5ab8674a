"""Sources that are read by names alone, fed the names of every other dataset: none is taken for its own."""

import pytest
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
