"""The official counts that sources report are those of the literature, add up, and carry their certainty."""

import pytest

from schemas.discovery import find_all
from schemas.source import Reported, Source

SOURCES: dict[str, Source] = dict(find_all("generators.sources", "SOURCE"))

# (source, what): images, persons, captions, tag. What is unknown is None.
OFFICIAL: dict[tuple[str, str], tuple[int | None, int | None, int | None, str]] = {
    ("market1501", "train"): (12_936, 751, None, "C"),
    ("market1501", "query"): (3_368, 750, None, "C"),
    ("market1501", "gallery"): (19_732, 750, None, "C"),
    ("market1501", "gallery/normal"): (13_115, 750, None, "C"),
    ("market1501", "distractor"): (2_798, None, None, "C"),
    ("market1501", "junk"): (3_819, None, None, "C"),
    ("msmt17", "query"): (11_659, 3_060, None, "C"),
    ("msmt17", "gallery"): (82_161, 3_060, None, "C"),
    ("msmt17", "all"): (126_441, 4_101, None, "C"),
    ("cuhk03", "labeled/train"): (7_368, 767, None, "C"),
    ("cuhk03", "labeled/gallery"): (5_328, 700, None, "C"),
    ("cuhk03", "detected/train"): (7_365, 767, None, "C"),
    ("cuhk03", "detected/gallery"): (5_332, 700, None, "C"),
    ("dukemtmc", "train"): (16_522, 702, None, "V2"),
    ("dukemtmc", "gallery"): (17_661, 1_110, None, "V2"),
    ("ltcc", "train"): (9_576, 77, None, "V2"),
    ("ltcc", "query"): (493, 75, None, "V2"),
    ("ltcc", "gallery"): (7_050, 75, None, "V2"),
    ("prcc", "train/rgb"): (17_896, 150, None, "V"),
    ("prcc", "val/rgb"): (5_002, 150, None, "V"),
    ("prcc", "test/rgb"): (10_800, 71, None, "V"),
    ("vc_clothes", "all"): (19_060, 512, None, "V2"),
    ("celeb_reid", "all"): (34_186, 1_052, None, "V"),
    ("celeb_reid_light", "all"): (10_842, 590, None, "V"),
    ("deepchange", "all"): (178_407, 1_121, None, "V"),
    ("sysu_mm01", "rgb"): (30_071, None, None, "C"),
    ("sysu_mm01", "near_infrared"): (15_792, None, None, "C"),
    ("sysu_mm01", "test/near_infrared"): (3_803, 96, None, "C"),
    ("regdb", "train/thermal"): (2_060, 206, None, "V"),
    ("llcm", "test/rgb"): (8_680, 351, None, "V"),
    ("llcm", "test/near_infrared"): (7_166, 351, None, "V"),
    ("llcm", "all"): (46_767, 1_064, None, "V"),
    ("cuhk_pedes", "train"): (34_054, 11_003, 68_126, "V"),
    ("cuhk_pedes", "all"): (40_206, 13_003, 80_440, "V2"),
    ("icfg_pedes", "all"): (54_522, 4_102, 54_522, "V2"),
    ("rstpreid", "all"): (20_505, 4_101, 41_010, "V"),
    ("ufine6926", "all"): (26_206, 6_926, 52_412, "V"),
    ("orbench", "all"): (None, 1_000, None, "V"),
    ("pa100k", "all"): (100_000, None, None, "V2"),
    ("peta", "all"): (19_000, None, None, "V"),
    ("rap", "trainval"): (33_268, None, None, "V"),
    ("synth_pedes", "all"): (4_791_711, 312_321, 12_138_157, "V2"),
    ("mals", "all"): (1_510_330, None, 1_510_330, "V"),
}
# Parts that make a whole: images, and captions where both have them.
WHOLES = {
    ("market1501", "gallery"): ("gallery/normal", "distractor", "junk"),
    ("msmt17", "all"): ("train", "val", "query", "gallery"),
    ("ltcc", "all"): ("train", "query", "gallery"),
    ("prcc", "rgb"): ("train/rgb", "val/rgb", "test/rgb"),
    ("prcc", "test/rgb"): ("test/rgb/A", "test/rgb/B", "test/rgb/C"),
    ("vc_clothes", "all"): ("train", "query", "gallery"),
    ("celeb_reid", "all"): ("train", "query", "gallery"),
    ("celeb_reid_light", "all"): ("train", "query", "gallery"),
    ("deepchange", "all"): ("train", "val_query", "val_gallery", "query", "gallery"),
    ("llcm", "all"): ("train/rgb", "train/near_infrared", "test/rgb", "test/near_infrared"),
    ("regdb", "all"): ("train/rgb", "train/thermal", "test/rgb", "test/thermal"),
    ("cuhk_pedes", "all"): ("train", "val", "test"),
    ("icfg_pedes", "all"): ("train", "test"),
    ("rstpreid", "all"): ("train", "val", "test"),
    ("ufine6926", "all"): ("train", "test"),
    ("pa100k", "all"): ("train", "val", "test"),
    ("peta", "all"): ("train", "val", "test"),
}


def _figures(source: str, what: str) -> list[Reported]:
    return [figure for figure in SOURCES[source].reported if figure.what == what]


@pytest.mark.parametrize(("source", "what"), OFFICIAL)
def test_a_source_reports_the_official_count_with_its_certainty(source: str, what: str) -> None:
    images, persons, captions, tag = OFFICIAL[source, what]
    figure = next(figure for figure in _figures(source, what) if figure.images == images)
    assert (figure.persons, figure.captions, figure.tag) == (persons, captions, tag)


@pytest.mark.parametrize(("source", "whole"), WHOLES)
@pytest.mark.parametrize("unit", ["images", "captions"])
def test_the_parts_of_a_dataset_add_up_to_the_whole(source: str, whole: str, unit: str) -> None:
    total = next((n for figure in _figures(source, whole) if (n := getattr(figure, unit)) is not None), None)
    parts = [
        next((n for figure in _figures(source, part) if (n := getattr(figure, unit)) is not None), None)
        for part in WHOLES[source, whole]
    ]
    if total is not None and None not in parts:
        assert sum(filter(None, parts)) == total
    else:
        assert unit == "captions", "every one of these has image counts"


def test_every_source_is_held_to_a_count_but_those_known_from_memory_only() -> None:
    assert {name for name, _ in OFFICIAL} | {"occluded_duke", "luperson_mllm"} == set(SOURCES)
