"""DukeMTMC-reID: eight campus cameras, in the layout of Market-1501. Withdrawn: see `generators.duke_names`.

Source: Zheng et al., ICCV 2017, from Ristani et al., ECCV Workshops 2016.
"""

from functools import partial

from generators.duke_labels import read_duke_attributes
from generators.duke_names import DUKE_FOLDERS, read_duke
from schemas.source import Reported, Source

SOURCE = Source(
    title="DukeMTMC-reID",
    setting="standard",
    licence="dukemtmc-withdrawn",
    access_status="withdrawn",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("DukeMTMC-reID", "dukemtmc-reid", "DukeMTMC"),
    folders=DUKE_FOLDERS,
    variants={"attributes": ("duke_attribute.mat",)},
    reported=(
        Reported(what="train", images=16_522, persons=702, tag="V2"),
        Reported(what="query", images=2_228, persons=702, tag="V2"),
        Reported(what="gallery", images=17_661, persons=1_110, tag="V2"),
    ),
    read=partial(read_duke, "dukemtmc", None),
    attributes=partial(read_duke_attributes, "dukemtmc"),
    examples={
        "bounding_box_train/0001_c2_f0046182.jpg": {
            "person_key": "dukemtmc:0001", "cam_raw": "c2", "cam_key": "dukemtmc:c2", "frame": 46182,
            "split": "train", "source_split": "train", "overlap_source": None, "overlap_key": None,
        },
        "query/0005_c8_f0046985.jpg": {"cam_key": "dukemtmc:c8", "split": "test", "source_split": "query"},
        "bounding_box_test/7138_c1_f0000001.jpg": {"person_key": "dukemtmc:7138", "source_split": "gallery"},
    },
)  # fmt: skip
