"""PETA: numbered PNG pictures of many sizes, and `PETA.mat` with 105 labels, addressed by place, and five partitions.

Awkward on purpose: four columns of numbers stand before the labels, the partitions contradict each other, and half of
the labels are about things that were never looked for. At the official size it is a tenth of the real one.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from generators.sample.crowds import Labels, crowd, flags, partitions, seen
from generators.sample.layout import Layout, Shot
from generators.sample.mat_files import column_cell, mat_v5, names_cell

NAME = "peta"
_SIZES = {"tiny": (10, 2, 8), "demo": (250, 50, 200), "official": (950, 190, 760)}
_SPLITS = ("train", "val", "test")
_BEFORE, _LABEL_COUNT, _USED = 4, 105, 35
_COLOURS = ("black", "blue", "brown", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow")
_LABELS: Labels = {
    "personalLess30": ("age_group", ("child", "teenager")),
    "personalLess45": ("age_group", ("adult",)),
    "personalLess60": ("age_group", ()),
    "personalLarger60": ("age_group", ("senior",)),
    "carryingBackpack": ("backpack", ("yes",)),
    "carryingOther": ("carried_object", ("other",)),
    "lowerBodyCasual": ("lower_type", ("jeans", "shorts", "sweatpants", "leggings")),
    "upperBodyCasual": ("upper_type", ("t_shirt", "hoodie", "sweater", "polo")),
    "lowerBodyFormal": ("lower_type", ("suit_trousers",)),
    "upperBodyFormal": ("upper_type", ("suit_jacket",)),
    "accessoryHat": ("headwear", ("cap", "hat", "beanie", "hood", "helmet")),
    "upperBodyJacket": ("upper_type", ("jacket",)),
    "lowerBodyJeans": ("lower_type", ("jeans",)),
    "footwearLeatherShoes": ("footwear_type", ("leather",)),
    "upperBodyLogo": ("upper_pattern", ("logo_text",)),
    "hairLong": ("hair_length", ("long",)),
    "personalMale": ("gender_presentation", ("masculine",)),
    "carryingMessengerBag": ("shoulder_bag", ("yes",)),
    "accessoryMuffler": ("neckwear_mask", ("scarf",)),
    "accessoryNothing": ("headwear", ()),
    "carryingNothing": ("carried_object", ("none",)),
    "upperBodyPlaid": ("upper_pattern", ("plaid",)),
    "carryingPlasticBags": ("carried_object", ("plastic_bag",)),
    "footwearSandals": ("footwear_type", ("sandals",)),
    "footwearShoes": ("footwear_type", ("casual",)),
    "lowerBodyShorts": ("lower_type", ("shorts",)),
    "upperBodyShortSleeve": ("upper_sleeve", ("short",)),
    "lowerBodyShortSkirt": ("lower_type", ()),
    "footwearSneaker": ("footwear_type", ("sneakers",)),
    "upperBodyThinStripes": ("upper_pattern", ("striped",)),
    "accessorySunglasses": ("glasses", ("sunglasses",)),
    "lowerBodyTrousers": ("lower_type", ("trousers", "sweatpants")),
    "upperBodyTshirt": ("upper_type", ("t_shirt",)),
    "upperBodyOther": ("upper_type", ("coat", "hoodie")),
    "upperBodyVNeck": ("upper_type", ()),
    "hairShort": ("hair_length", ("short",)),
    "hairBald": ("hair_length", ("bald",)),
    "footwearBoots": ("footwear_type", ("boots",)),
    **{f"upperBody{colour.title()}": ("upper_color_primary", (colour,)) for colour in _COLOURS},
    **{f"lowerBody{colour.title()}": ("lower_color_primary", (colour,)) for colour in _COLOURS},
}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    splits = list(zip(_SPLITS, _SIZES[size_name], strict=True))
    return crowd(NAME, seed, splits, lambda number, camera: f"images/{number:05d}.png")


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The label file: matrix, names, the commonly used ones, partitions, in this order."""
    rest = _LABEL_COUNT - len(_LABELS)
    rows = [
        [*(row + place for place in range(_BEFORE)), *flags(_LABELS, seen(LAYOUT, seed, shot)), *[0] * rest]
        for row, shot in enumerate(found, start=1)
    ]
    names = [*_LABELS, *(f"neverLookedFor{number}" for number in range(1, rest + 1))]
    sizes = dict(zip(_SPLITS, _SIZES[size_name], strict=True))
    parts = [
        {part: np.array([numbers], np.float64).T for part, numbers in one.items()}
        for one in partitions(seed, NAME, found, sizes)
    ]
    peta = {
        "data": np.array(rows, np.float64),
        "attribute": names_cell(names),
        "selected_attribute": np.arange(1, _USED + 1, dtype=np.float64)[:, None],
        "partitions": column_cell(parts),
    }
    (root / "PETA.mat").write_bytes(mat_v5({"peta": peta}))


LAYOUT = Layout(name=NAME, folder="PETA", shots=shots, write_labels=write_labels, really=19_000)
