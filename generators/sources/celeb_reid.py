"""Celeb-reID: celebrities photographed in the street over years; no camera labels, no outfit labels.

`query/12_3_0.jpg` is person 12, photo 3 (`generators.celeb_names`). Its smaller sibling, in which every photo of a
person shows other clothes, has counts of its own and is the source `celeb_reid_light`.

Source: Huang et al., IJCNN 2019 and IEEE TCSVT 2020.
"""

from functools import partial

from generators.celeb_names import CELEB_FOLDERS, read_celeb
from schemas.source import Reported, Source

SOURCE = Source(
    title="Celeb-reID",
    setting="cloth-changing",
    licence="celeb-reid-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("Celeb-reID", "Celeb_reID", "celeb_reid"),
    folders=CELEB_FOLDERS,
    reported=(
        Reported(what="train", images=20_208, persons=632, tag="V"),
        Reported(what="query", images=2_972, persons=420, tag="V"),
        Reported(what="gallery", images=11_006, tag="V"),
        Reported(what="all", images=34_186, persons=1_052, tag="V"),
    ),
    read=partial(read_celeb, "celeb_reid"),
    examples={
        "train/12_3_0.jpg": {
            "person_key": "celeb_reid:12", "cam_key": None, "cam_raw": None, "place_key": None, "clothes_key": None,
            "frame": 3, "split": "train",
        },
        "query/633_1_0.jpg": {"person_key": "celeb_reid:633", "split": "test", "source_split": "query"},
        "gallery/633_10_0.jpg": {"person_key": "celeb_reid:633", "frame": 10, "source_split": "gallery"},
    },
)  # fmt: skip
