"""PETA: 19,000 pedestrians cut from ten older datasets, with 105 yes/no labels, 35 of which are commonly used.

`images/00001.png` and `PETA.mat`. Its struct `peta` is addressed by position: a matrix of N x 109 numbers whose
columns 4 to 108 are the labels, their names, a choice of them, and five random partitions of 1-based row numbers.
The first partition is the split; the row's `variant` keeps all five. They put photos of one person in train and test
alike, and the file does not say whom a photo shows. It holds photos of VIPeR, CUHK and PRID: mind near-duplicates.

Source: Deng et al., ACM Multimedia 2014.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generators.label_flags import (
    LONG_LEGWEAR,
    SHORTS,
    FlagTable,
    Says,
    matrix_of,
    texts_of,
    yes_no,
)
from generators.mat_file import read_variable
from generators.pictures import Place, partitioned, pictures, refusal
from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FILE = "PETA.mat"
_NAME = re.compile(r"[0-9]{5}\.png")
_COLUMNS, _FIRST_LABEL = 109, 4
_ROLES = ("train", "val", "test")
_LIMIT = 64 << 20
_COLOURS = ["Black", "Blue", "Brown", "Green", "Grey", "Orange", "Pink", "Purple", "Red", "White", "Yellow"]
_NO_BAG = (
    Says("backpack", "no"),
    Says("shoulder_bag", "no"),
    Says("hand_bag", "no"),
    Says("carried_object", "none"),
)
_MEANINGS = {
    # Each age label is the interval below its number and above the one before.
    "personalLess30": (Says("age_group", "teenager|adult"),),
    "personalLess45": (Says("age_group", "adult"),),
    "personalLess60": (Says("age_group", "adult"),),
    "personalLarger60": (Says("age_group", "senior"),),
    "personalMale": (Says("gender_presentation", "masculine", "feminine"),),
    "carryingBackpack": yes_no("backpack"),
    # A messenger bag hangs from the shoulder; without one there may still be another shoulder bag.
    "carryingMessengerBag": (Says("shoulder_bag", "yes"),),
    "carryingPlasticBags": (Says("carried_object", "plastic_bag"),),
    "carryingOther": (Says("carried_object", "other"),),
    "carryingNothing": _NO_BAG,
    # A hat of unknown type is no value of `headwear`; its absence is one.
    "accessoryHat": (Says("headwear", "", "none"),),
    "accessoryMuffler": (Says("neckwear_mask", "scarf"),),
    "accessorySunglasses": (Says("glasses", "sunglasses"),),
    "hairLong": (Says("hair_length", "long"),),
    "upperBodyJacket": (Says("upper_type", "jacket"),),
    "upperBodyTshirt": (Says("upper_type", "t_shirt"),),
    "upperBodyShortSleeve": (Says("upper_sleeve", "short"),),
    "upperBodyLogo": (Says("upper_pattern", "logo_text"),),
    "upperBodyPlaid": (Says("upper_pattern", "plaid"),),
    "upperBodyThinStripes": (Says("upper_pattern", "striped"),),
    "lowerBodyJeans": (Says("lower_type", "jeans"), Says("lower_length", "long")),
    "lowerBodyTrousers": LONG_LEGWEAR,
    "lowerBodyShorts": SHORTS,
    "lowerBodyShortSkirt": (Says("lower_type", "skirt"), Says("lower_length", "short")),
    "footwearLeatherShoes": (Says("footwear_type", "leather"),),
    "footwearSandals": (Says("footwear_type", "sandals"),),
    "footwearSneaker": (Says("footwear_type", "sneakers"),),
}
# Beyond the 35: read where the file has them.
_EXTRA = {
    "personalLess15": (Says("age_group", "child|teenager"),),
    "hairShort": (Says("hair_length", "short"),),
    "hairBald": (Says("hair_length", "bald"),),
    "footwearBoots": (Says("footwear_type", "boots"),),
    **{f"upperBody{name}": (Says("upper_color_primary", name.lower()),) for name in _COLOURS},
    **{f"lowerBody{name}": (Says("lower_color_primary", name.lower()),) for name in _COLOURS},
}


@dataclass(slots=True)
class _Labels:
    """The label file: places by file name, the flags of all pictures, or the refusal of the file."""

    places: dict[str, Place] = field(default_factory=dict)
    table: FlagTable | None = None
    fault: Reject | None = None


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    files = []
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        if folder != "images":
            yield unknown_folder("peta", file.relpath, ("images",))
        elif not _NAME.fullmatch(name):
            yield bad_name("peta", file.relpath, "00001.png")
        else:
            files.append((file.relpath, name))
    yield from pictures("peta", files, _labels(tree).places)


def _labels(tree: RawTree) -> _Labels:
    try:
        return _parsed(read_variable(tree.read(_FILE, _LIMIT), "peta"))
    except (BadRawData, BadTable) as error:
        detail = f"The partitions and labels cannot be read from this file: {error}."
        return _Labels(fault=refusal("attributes", "peta", _FILE, "damaged", detail))


def _parsed(peta: Any) -> _Labels:
    """The labels in the struct of the file. Raises BadTable."""
    fields = list(peta.values()) if isinstance(peta, dict) else []
    numbers = fields[0] if len(fields) > 3 and isinstance(fields[0], np.ndarray) else np.empty(0)
    count = numbers.size // _COLUMNS
    if not count:
        raise BadTable("its struct peta does not hold a label matrix, names and partitions")
    names = texts_of(fields[1], "label names", _COLUMNS - _FIRST_LABEL)
    flags = matrix_of(numbers, count, _COLUMNS, "label matrix")[:, _FIRST_LABEL:]
    images = [f"{number:05d}.png" for number in range(1, count + 1)]
    places = partitioned(fields[3], _ROLES, count)
    return _Labels(dict(zip(images, places, strict=True)), FlagTable("peta", _FILE, names, images, flags))


def _attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    labels = _labels(tree)
    if labels.fault:
        yield labels.fault
    if labels.table is None:
        return
    present = {file.relpath for file in images_of(tree)}
    usable = [i for i, name in enumerate(labels.table.images) if f"images/{name}" in present]
    images = [f"peta/images/{labels.table.images[i]}" for i in usable]
    table = FlagTable("peta", _FILE, labels.table.columns, images, labels.table.labels[usable])
    yield from table.attributes(_MEANINGS | _EXTRA, optional=tuple(_EXTRA))


SOURCE = Source(
    title="PETA",
    setting="attributes",
    licence="peta-research-only",
    access_status="open",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("PETA", "peta"),
    folders=("images",),
    files=(_FILE,),
    reported=(
        Reported(what="train", images=9_500, tag="V"),
        Reported(what="val", images=1_900, tag="V"),
        Reported(what="test", images=7_600, tag="V"),
        Reported(what="all", images=19_000, tag="V"),
    ),
    read=_read,
    attributes=_attributes,
    examples={
        "images/00001.png": {
            "person_key": "peta:00001", "pid_raw": "00001", "pid_scope": "image", "cam_key": None, "modality": "rgb",
        },
        "images/19000.png": {"person_key": "peta:19000"},
    },
)  # fmt: skip
