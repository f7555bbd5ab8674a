"""PA-100K: 100,000 outdoor pedestrians with 26 yes/no labels each, and nobody's number.

`data/000001.jpg` (or `release_data/`, as it was first packed) with `annotation.mat` beside or in `annotation/`: the
lists `train_images_name`, `val_images_name`, `test_images_name` and a 0/1 matrix to each. 1 means yes. Labels are
found by the name in `attributes`, because papers permute the columns; `UpperStride` means stripes.

Source: Liu et al., ICCV 2017 (HydraPlus-Net).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from generators.label_flags import (
    GENDER_OF_FEMALE,
    LONG_LEGWEAR,
    SHORTS,
    SKIRT_OR_DRESS,
    FlagTable,
    Says,
    matrix_of,
    texts_of,
    yes_no,
)
from generators.mat_file import read_variable
from generators.pictures import Place, pictures, places_of, refusal
from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_MATS = ("annotation.mat", "annotation/annotation.mat", "data/annotation.mat", "release_data/annotation.mat")
_FOLDERS = ("data", "release_data", "release_data/release_data")
_NAME = re.compile(r"[0-9]{6}\.jpg")
_SPLITS = ("train", "val", "test")
_LIMIT = 64 << 20
_MEANINGS = {
    "Female": GENDER_OF_FEMALE,
    "AgeOver60": (Says("age_group", "senior"),),
    "Age18-60": (Says("age_group", "adult"),),
    "AgeLess18": (Says("age_group", "child|teenager"),),
    "Front": (Says("viewpoint", "front"),),
    "Side": (Says("viewpoint", "side"),),
    "Back": (Says("viewpoint", "back"),),
    # A hat of unknown type is no value of `headwear`; its absence is one.
    "Hat": (Says("headwear", "", "none"),),
    "Glasses": (Says("glasses", "glasses|sunglasses", "none"),),
    "HandBag": yes_no("hand_bag"),
    "ShoulderBag": yes_no("shoulder_bag"),
    "Backpack": yes_no("backpack"),
    "HoldObjectsInFront": (Says("action", "holding"),),
    "ShortSleeve": (Says("upper_sleeve", "short"),),
    "LongSleeve": (Says("upper_sleeve", "long"),),
    "UpperStride": (Says("upper_pattern", "striped"),),
    "UpperLogo": (Says("upper_pattern", "logo_text"),),
    "UpperPlaid": (Says("upper_pattern", "plaid"),),
    "UpperSplice": (Says("upper_pattern", "spliced"),),
    "LowerStripe": (Says("lower_pattern", "striped"),),
    # Some pattern of an unnamed kind: no value of `lower_pattern`.
    "LowerPattern": (),
    "LongCoat": (Says("upper_type", "coat"),),
    "Trousers": LONG_LEGWEAR,
    "Shorts": SHORTS,
    "Skirt&Dress": SKIRT_OR_DRESS,
    "boots": (Says("footwear_type", "boots"),),
}


@dataclass(slots=True)
class _Labels:
    """The label file: the place of each picture by file name, one flag table a list, and what was refused."""

    places: dict[str, Place] = field(default_factory=dict)
    tables: list[tuple[str, list[str], FlagTable]] = field(default_factory=list)
    faults: list[Reject] = field(default_factory=list)


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    files = []
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        if folder not in _FOLDERS:
            yield unknown_folder("pa100k", file.relpath, _FOLDERS[:2])
        elif not _NAME.fullmatch(name):
            yield bad_name("pa100k", file.relpath, "000001.jpg")
        else:
            files.append((file.relpath, name))
    yield from pictures("pa100k", files, _labels(tree).places)


def _labels(tree: RawTree) -> _Labels:
    """The label file of a dataset, empty but for a refusal when there is none that can be read."""
    present = {file.relpath for file in tree.files()}
    where = next((name for name in _MATS if name in present), _MATS[0])
    found = _Labels()
    try:
        data = tree.read(where, _LIMIT)
        columns = texts_of(read_variable(data, "attributes"), "attributes", len(_MEANINGS))
        lists = {split: texts_of(read_variable(data, f"{split}_images_name"), f"{split} images") for split in _SPLITS}
        for split, names in lists.items():
            flags = matrix_of(read_variable(data, f"{split}_label"), len(names), len(columns), f"{split}_label")
            found.tables.append((split, names, FlagTable("pa100k", where, columns, names, flags)))
    except (BadRawData, BadTable) as error:
        detail = f"The lists and labels cannot be read from this file: {error}."
        return _Labels(faults=[refusal("attributes", "pa100k", where, "damaged", detail)])
    found.places, found.faults = places_of(lists, "pa100k", where)
    return found


def _attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    labels = _labels(tree)
    yield from labels.faults
    ids: dict[str, str] = {}
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        if folder in _FOLDERS:
            ids.setdefault(name, f"pa100k/{file.relpath}")
    for split, names, table in labels.tables:
        usable = [i for i, name in enumerate(names) if name in ids and labels.places[name].split == split]
        images = [ids[names[i]] for i in usable]
        part = FlagTable("pa100k", f"{table.where}#{split}_label", table.columns, images, table.labels[usable])
        yield from part.attributes(_MEANINGS)


SOURCE = Source(
    title="PA-100K",
    setting="attributes",
    licence="pa100k-research-only",
    access_status="open",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("PA-100K", "PA100K", "PA100k", "pa100k"),
    folders=("data",),
    files=("annotation.mat",),
    other_forms=(
        ("data/", "annotation/annotation.mat"),
        ("release_data/", "annotation.mat"),
        ("release_data/", "annotation/annotation.mat"),
    ),
    variants={"folder data": ("data/",), "folder release_data": ("release_data/",)},
    reported=(
        Reported(what="train", images=80_000, tag="V2"),
        Reported(what="val", images=10_000, tag="V2"),
        Reported(what="test", images=10_000, tag="V2"),
        Reported(what="all", images=100_000, tag="V2"),
    ),
    read=_read,
    attributes=_attributes,
    examples={
        "data/000001.jpg": {
            "person_key": "pa100k:000001", "pid_raw": "000001", "pid_scope": "image", "cam_key": None,
            "modality": "rgb",
        },
        "release_data/100000.jpg": {"person_key": "pa100k:100000"},
        "release_data/release_data/090001.jpg": {"person_key": "pa100k:090001"},
    },
)  # fmt: skip
