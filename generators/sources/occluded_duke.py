"""Occluded-Duke: images of DukeMTMC-reID sorted anew, so that every query is occluded; withdrawn with them.

A name is the name of the same image there, which links the persons of both. See `generators.duke_names`.

Source: Miao et al., ICCV 2019.
"""

from functools import partial

from generators.duke_labels import read_duke_attributes
from generators.duke_names import DUKE_FOLDERS, read_duke
from schemas.source import Reported, Source

SOURCE = Source(
    title="Occluded-Duke",
    setting="standard",
    licence="dukemtmc-withdrawn",
    access_status="withdrawn",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("Occluded_Duke", "Occluded-DukeMTMC", "Occluded-Duke"),
    folders=DUKE_FOLDERS,
    variants={"attributes": ("duke_attribute.mat",)},
    reported=(
        Reported(what="train", images=15_618, tag="M"),
        Reported(what="query", images=2_210, tag="M"),
        Reported(what="gallery", images=17_661, tag="M"),
    ),
    read=partial(read_duke, "occluded_duke", "dukemtmc"),
    attributes=partial(read_duke_attributes, "occluded_duke"),
    examples={
        "query/0005_c2_f0046985.jpg": {
            "person_key": "occluded_duke:0005", "cam_key": "occluded_duke:c2", "split": "test",
            "overlap_source": "dukemtmc", "overlap_key": "0005_c2_f0046985.jpg",
        },
        "bounding_box_train/0001_c8_f0046182.jpg": {"split": "train", "frame": 46182},
    },
)  # fmt: skip
