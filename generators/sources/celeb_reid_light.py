"""Celeb-reID-light: Celeb-reID's smaller sibling, in which nobody wears the same clothes on two photos.

The layout is that of `celeb_reid`; persons of both sets have two keys, which only their pictures can link.

Source: Huang et al., IJCNN 2019.
"""

from functools import partial

from generators.celeb_names import CELEB_FOLDERS, read_celeb
from schemas.source import Reported, Source

SOURCE = Source(
    title="Celeb-reID-light",
    setting="cloth-changing",
    licence="celeb-reid-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("Celeb-reID-light", "Celeb_reID_light", "celeb_reid_light"),
    folders=CELEB_FOLDERS,
    reported=(
        Reported(what="train", images=9_021, persons=490, tag="V"),
        Reported(what="query", images=887, persons=100, tag="V"),
        Reported(what="gallery", images=934, tag="V"),
        Reported(what="all", images=10_842, persons=590, tag="V"),
    ),
    read=partial(read_celeb, "celeb_reid_light"),
    examples={
        "train/7_1_0.jpg": {"person_key": "celeb_reid_light:7", "cam_key": None, "split": "train", "frame": 1},
        "gallery/491_2_0.jpg": {"person_key": "celeb_reid_light:491", "split": "test", "clothes_key": None},
    },
)  # fmt: skip
