"""RAP: pedestrians of one indoor mall, version 1 (41,585 pictures) and version 2 (84,928), richly labelled.

`RAP_dataset/CAM01_2014-02-15_20140215161032-20140215162620_tarid0_frame218_line1.png` and
`RAP_annotation/RAP_annotation.mat`. In version 1 the struct `RAP_annotation` is addressed by position: 0 five
partitions (trainval, test) of 1-based row numbers, 1 the 0/1 matrix of 92 labels, 3 their names, 5 the image names.
Version 2 names its fields: `name`, `attribute`, `data` (152 labels), `partition_attribute` (train, val, test); it
spells some labels otherwise. The first partition is the split; the row's `variant` keeps the version and all five.
They put photos of one person in train and test alike, and whom a photo shows is not said.

Source: Li et al., arXiv 1603.07054 (version 1) and IEEE TIP 2019 (version 2).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generators.label_flags import GENDER_OF_FEMALE, FlagTable, Says, matrix_of, texts_of, yes_no
from generators.mat_file import read_variable
from generators.pictures import Place, lone_picture, partitioned, refusal
from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FILE = "RAP_annotation/RAP_annotation.mat"
_FOLDER = "RAP_dataset"
_NAME = re.compile(r"(?:CAM(?P<cam>[0-9]{2}))?[A-Za-z0-9_.-]+\.(?:png|jpg)")
_LIMIT = 128 << 20
_LONG = "trousers|sweatpants|suit_trousers"
_COLOURS = {
    "Black": "black", "White": "white", "Gray": "grey", "Red": "red", "Green": "green", "Blue": "blue",
    "Yellow": "yellow", "Brown": "brown", "Purple": "purple", "Pink": "pink", "Orange": "orange",
    "Mixture": "multicolour",
}  # fmt: skip
_COMMON = {
    "AgeLess16": (Says("age_group", "child|teenager"),),
    "Age17-30": (Says("age_group", "teenager|adult"),),
    "Age31-45": (Says("age_group", "adult"),),
    "BodyFat": (Says("build", "heavy"),),
    "BodyNormal": (Says("build", "average"),),
    "BodyThin": (Says("build", "slim"),),
    "hs-BaldHead": (Says("hair_length", "bald"),),
    "hs-LongHair": (Says("hair_length", "long"),),
    # Dark hair that is not called black may be any other colour.
    "hs-BlackHair": (Says("hair_color", "black"),),
    "hs-Hat": (Says("headwear", "", "none"),),
    "hs-Glasses": (Says("glasses", "glasses|sunglasses", "none"),),
    "ub-Shirt": (Says("upper_type", "shirt"),),
    "ub-Sweater": (Says("upper_type", "sweater"),),
    "ub-Vest": (Says("upper_type", "vest"),),
    "ub-TShirt": (Says("upper_type", "t_shirt"),),
    # Padded against the cold.
    "ub-Cotton": (Says("upper_type", "coat|down_jacket"),),
    "ub-Jacket": (Says("upper_type", "jacket"),),
    "ub-SuitUp": (Says("upper_type", "suit_jacket"),),
    "ub-ShortSleeve": (Says("upper_sleeve", "short"),),
    "lb-LongTrousers": (Says("lower_type", _LONG), Says("lower_length", "long")),
    "lb-Skirt": (Says("lower_type", "skirt"),),
    "lb-ShortSkirt": (Says("lower_type", "skirt"), Says("lower_length", "short")),
    "lb-Dress": (Says("lower_type", "dress"),),
    "lb-Jeans": (Says("lower_type", "jeans"), Says("lower_length", "long")),
    "lb-TightTrousers": (Says("lower_type", "leggings"), Says("lower_length", "long")),
    "shoes-Leather": (Says("footwear_type", "leather"),),
    "shoes-Boots": (Says("footwear_type", "boots"),),
    "shoes-Casual": (Says("footwear_type", "casual"),),
    "action-Calling": (Says("action", "phoning"),),
    "action-Holding": (Says("action", "holding"),),
    "action-Pulling": (Says("action", "pulling"),),
}
_V1 = _COMMON | {
    "Female": GENDER_OF_FEMALE,
    "hs-Muffler": (Says("neckwear_mask", "scarf"),),
    "shoes-Sport": (Says("footwear_type", "sneakers"),),
    "attach-Backpack": yes_no("backpack"),
    "attach-SingleShoulderBag": yes_no("shoulder_bag"),
    "attach-HandBag": yes_no("hand_bag"),
    "attach-Box": (Says("carried_object", "box"),),
    "attach-PlasticBag": (Says("carried_object", "plastic_bag"),),
    "attach-PaperBag": (Says("carried_object", "paper_bag"),),
    "attach-HandTrunk": (Says("carried_object", "suitcase"),),
    "attach-Other": (Says("carried_object", "other"),),
    "action-Pusing": (Says("action", "pushing"),),
}
_V2 = _COMMON | {
    "Femal": GENDER_OF_FEMALE,
    "Age46-60": (Says("age_group", "adult"),),
    "shoes-Sports": (Says("footwear_type", "sneakers"),),
    "attachment-Backpack": yes_no("backpack"),
    "attachment-ShoulderBag": yes_no("shoulder_bag"),
    "attachment-HandBag": yes_no("hand_bag"),
    "attachment-Box": (Says("carried_object", "box"),),
    "attachment-PlasticBag": (Says("carried_object", "plastic_bag"),),
    "attachment-PaperBag": (Says("carried_object", "paper_bag"),),
    "attachment-HandTrunk": (Says("carried_object", "suitcase"),),
    "attachment-Other": (Says("carried_object", "other"),),
    "action-Pushing": (Says("action", "pushing"),),
}
# Beyond the usual choice, and alternative spellings: read where the file has them.
_EXTRA = {
    "faceFront": (Says("viewpoint", "front"),),
    "faceBack": (Says("viewpoint", "back"),),
    "faceLeft": (Says("viewpoint", "side"),),
    "faceRight": (Says("viewpoint", "side"),),
    "occlusion-Person": (Says("occlusion", "by_person"),),
    "occlusion-Environment": (Says("occlusion", "by_object"),),
    **{f"up-{name}": (Says("upper_color_primary", colour),) for name, colour in _COLOURS.items()},
    **{f"low-{name}": (Says("lower_color_primary", colour),) for name, colour in _COLOURS.items()},
    **{f"shoes-{name}": (Says("footwear_color", colour),) for name, colour in _COLOURS.items()},
    **{f"ub-Color{name}": (Says("upper_color_primary", colour),) for name, colour in _COLOURS.items()},
    **{f"lb-Color{name}": (Says("lower_color_primary", colour),) for name, colour in _COLOURS.items()},
}


@dataclass(slots=True)
class _Labels:
    """The label file: places by file name, the flags of all pictures, what they mean, and what was refused."""

    places: dict[str, Place] = field(default_factory=dict)
    table: FlagTable | None = None
    meanings: Mapping[str, tuple[Says, ...]] = field(default_factory=dict)
    fault: Reject | None = None


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    places, seen = _labels(tree).places, set()
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        found = _NAME.fullmatch(name)
        if folder != _FOLDER:
            yield unknown_folder("rap", file.relpath, (_FOLDER,))
        elif found is None:
            yield bad_name(
                "rap", file.relpath, "CAM01_2014-02-15_20140215161032-20140215162620_tarid0_frame218_line1.png"
            )
        else:
            yield _row(file.relpath, name, places.get(name), found["cam"])
            seen.add(name)
    for name in sorted(set(places) - seen):
        detail = "The label file lists this image, but there is no such file."
        yield refusal("person_images", "rap", f"rap/{_FOLDER}/{name}", "missing_file", detail)


def _row(relpath: str, name: str, place: Place | None, camera: str | None) -> PersonImage:
    if camera is None:
        return lone_picture("rap", relpath, name, place)
    key = f"rap:cam{camera}"
    return lone_picture("rap", relpath, name, place, cam_raw=f"CAM{camera}", cam_key=key, place_key=key)


def _labels(tree: RawTree) -> _Labels:
    try:
        annotation = read_variable(tree.read(_FILE, _LIMIT), "RAP_annotation")
        fields = annotation if isinstance(annotation, dict) else {}
        return _version2(fields) if "partition_attribute" in fields else _version1(fields)
    except (BadRawData, BadTable) as error:
        detail = f"The partitions and labels cannot be read from this file: {error}."
        return _Labels(fault=refusal("attributes", "rap", _FILE, "damaged", detail))


def _version1(annotation: Mapping[str, Any]) -> _Labels:
    fields = list(annotation.values())
    if len(fields) < 6:
        raise BadTable("its struct holds less than the six fields of version 1 and none of version 2's names")
    return _parsed(fields[5], fields[3], fields[1], fields[0], "V1", ("trainval", "test"))


def _version2(annotation: Mapping[str, Any]) -> _Labels:
    get = annotation.get
    roles = ("train_index", "val_index", "test_index")
    return _parsed(get("name"), get("attribute"), get("data"), get("partition_attribute"), "V2", roles)


def _parsed(names: Any, labels: Any, data: Any, partitions: Any, version: str, roles: tuple[str, ...]) -> _Labels:
    """The labels of either version, given the four fields in the same order. Raises BadTable."""
    images = texts_of(names, "image names")
    width = data.size // len(images) if isinstance(data, np.ndarray) else 0
    columns = texts_of(labels, "label names", max(width, 1))
    flags = matrix_of(data, len(images), width, "label matrix")
    places = partitioned(partitions, roles, len(images), before=f"{version} ")
    table = FlagTable("rap", _FILE, columns, images, flags)
    if len(set(images)) < len(images):
        raise BadTable("it names an image twice")
    return _Labels(dict(zip(images, places, strict=True)), table, _V1 if version == "V1" else _V2)


def _attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    labels = _labels(tree)
    if labels.fault:
        yield labels.fault
    if labels.table is None:
        return
    present = {file.relpath for file in images_of(tree)}
    usable = [i for i, name in enumerate(labels.table.images) if f"{_FOLDER}/{name}" in present]
    images = [f"rap/{_FOLDER}/{labels.table.images[i]}" for i in usable]
    table = FlagTable("rap", _FILE, labels.table.columns, images, labels.table.labels[usable])
    yield from table.attributes({**labels.meanings, **_EXTRA}, optional=tuple(_EXTRA))


SOURCE = Source(
    title="RAP",
    setting="attributes",
    licence="rap-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("RAP", "RAP_v2", "RAP2", "rap"),
    folders=(_FOLDER,),
    files=(_FILE,),
    optional=("trainval", "train_index", "val_index", "test_index"),
    reported=(
        # Each list is named as only one version names it: `trainval` (beside 8,317 test pictures) is version 1.
        Reported(what="trainval", images=33_268, tag="V"),
        Reported(what="train_index", images=50_957, tag="V"),
        Reported(what="val_index", images=16_986, tag="V"),
        Reported(what="test_index", images=16_985, tag="V"),
    ),
    read=_read,
    attributes=_attributes,
    examples={
        "RAP_dataset/CAM01_2014-02-15_20140215161032-20140215162620_tarid0_frame218_line1.png": {
            "pid_scope": "image", "cam_raw": "CAM01", "cam_key": "rap:cam01", "place_key": "rap:cam01",
            "person_key": "rap:CAM01_2014-02-15_20140215161032-20140215162620_tarid0_frame218_line1",
        },
        "RAP_dataset/CAM31-2014-03-04-20140304114414-20140304115020-tarid153-frame6178-line2.png": {
            "cam_key": "rap:cam31", "modality": "rgb",
        },
    },
)  # fmt: skip
