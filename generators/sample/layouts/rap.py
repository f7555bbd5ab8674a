"""RAP, version 1: PNG pictures whose names tell camera and time, and `RAP_annotation.mat` with 92 labels by place.

Awkward on purpose: the struct's fields have no telling names, one person would be fat and thin at once, the last
listed picture is not there, and the partitions contradict each other. At the official size it is a tenth of the real.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from generators.sample.crowds import Labels, crowd, flags, partitions, seen
from generators.sample.layout import Layout, Shot
from generators.sample.mat_files import column_cell, mat_v5, names_cell

NAME = "rap"
_SIZES = {"tiny": (16, 5), "demo": (400, 100), "official": (3_327, 832)}
_PARTS = ("trainval", "test")
_LABEL_COUNT = 92
_COLOURS = {"Black": "black", "White": "white", "Gray": "grey", "Red": "red", "Green": "green", "Blue": "blue",
            "Yellow": "yellow", "Brown": "brown", "Purple": "purple", "Pink": "pink", "Orange": "orange"}  # fmt: skip
_LABELS: Labels = {
    "Female": ("gender_presentation", ("feminine",)),
    "AgeLess16": ("age_group", ("child",)),
    "Age17-30": ("age_group", ("teenager",)),
    "Age31-45": ("age_group", ("adult",)),
    "BodyFat": ("build", ("heavy",)),
    "BodyNormal": ("build", ("average",)),
    "BodyThin": ("build", ("slim",)),
    "Customer": ("gender_presentation", ("feminine", "masculine")),
    "Clerk": ("gender_presentation", ()),
    "hs-BaldHead": ("hair_length", ("bald",)),
    "hs-LongHair": ("hair_length", ("long",)),
    "hs-BlackHair": ("hair_color", ("black",)),
    "hs-Hat": ("headwear", ("cap", "hat", "beanie", "hood", "helmet")),
    "hs-Glasses": ("glasses", ("glasses", "sunglasses")),
    "hs-Muffler": ("neckwear_mask", ("scarf",)),
    "ub-Shirt": ("upper_type", ("shirt",)),
    "ub-Sweater": ("upper_type", ("sweater",)),
    "ub-Vest": ("upper_type", ("vest",)),
    "ub-TShirt": ("upper_type", ("t_shirt",)),
    "ub-Cotton": ("upper_type", ("coat",)),
    "ub-Jacket": ("upper_type", ("jacket",)),
    "ub-SuitUp": ("upper_type", ("suit_jacket",)),
    "ub-Tight": ("upper_type", ()),
    "ub-ShortSleeve": ("upper_sleeve", ("short",)),
    "lb-LongTrousers": ("lower_type", ("trousers", "sweatpants")),
    "lb-Skirt": ("lower_type", ("skirt",)),
    "lb-ShortSkirt": ("lower_type", ()),
    "lb-Dress": ("lower_type", ("dress",)),
    "lb-Jeans": ("lower_type", ("jeans",)),
    "lb-TightTrousers": ("lower_type", ("leggings",)),
    "shoes-Leather": ("footwear_type", ("leather",)),
    "shoes-Sport": ("footwear_type", ("sneakers",)),
    "shoes-Boots": ("footwear_type", ("boots",)),
    "shoes-Cloth": ("footwear_type", ()),
    "shoes-Casual": ("footwear_type", ("casual",)),
    "attach-Backpack": ("backpack", ("yes",)),
    "attach-SingleShoulderBag": ("shoulder_bag", ("yes",)),
    "attach-HandBag": ("hand_bag", ("yes",)),
    **{f"attach-{word}": ("carried_object", ()) for word in ("Box", "PlasticBag", "PaperBag", "HandTrunk", "Other")},
    **{
        f"action-{word}": ("action", ())
        for word in ("Calling", "Talking", "Gathering", "Holding", "Pusing", "Pulling", "CarrybyArm", "CarrybyHand")
    },
    "faceFront": ("viewpoint", ("front",)),
    "faceBack": ("viewpoint", ("back",)),
    **{f"up-{word}": ("upper_color_primary", (colour,)) for word, colour in _COLOURS.items()},
    **{f"low-{word}": ("lower_color_primary", (colour,)) for word, colour in _COLOURS.items()},
    **{f"shoes-{word}": ("footwear_color", (colour,)) for word, colour in _COLOURS.items()},
}


def _name(number: int, camera: int) -> str:
    day = "2014-02-15_20140215161032-20140215162620"
    return f"RAP_dataset/CAM{camera:02d}_{day}_tarid{number}_frame{218 + 7 * number}_line1.png"


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    return crowd(NAME, seed, list(zip(("train", "test"), _SIZES[size_name], strict=True)), _name)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The label file, whose fields count by their place: partitions, labels, a choice, names, a note, images."""
    names = [*_LABELS]
    names += [f"neverLookedFor{number}" for number in range(1, _LABEL_COUNT - len(names) + 1)]
    rows = [[*flags(_LABELS, seen(LAYOUT, seed, shot)), *[0] * (len(names) - len(_LABELS))] for shot in found]
    images = [shot.relpath.removeprefix("RAP_dataset/") for shot in found]
    sizes = dict(zip(_PARTS, _SIZES[size_name], strict=True))
    if size_name != "official":
        rows[0][names.index("BodyFat")] = rows[0][names.index("BodyThin")] = 1
        rows, images = [*rows, [0] * len(names)], [*images, _name(len(images) + 1, 1).removeprefix("RAP_dataset/")]
    parts = [
        {part: np.array([numbers], np.float64) for part, numbers in one.items()}
        for one in partitions(seed, NAME, found, sizes)
    ]
    annotation = {
        "partition": column_cell(parts),
        "label": np.array(rows, np.float64),
        "selected": np.arange(1, 52, dtype=np.float64)[:, None],
        "attribute": names_cell(names),
        "note": np.zeros((1, 1)),
        "imagesname": names_cell(images),
    }
    (root / "RAP_annotation").mkdir(exist_ok=True)
    (root / "RAP_annotation" / "RAP_annotation.mat").write_bytes(mat_v5({"RAP_annotation": annotation}))


LAYOUT = Layout(name=NAME, folder="RAP", shots=shots, write_labels=write_labels, really=41_585)
