"""PA-100K: numbered pictures, and `annotation.mat` with three lists and a 0/1 matrix of 26 labels to each.

Awkward on purpose: a listed picture without a file, a file of no list, and people who are in two pictures (nobody says
so). At the official size it is a twentieth of the real one.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from generators.sample.crowds import Labels, crowd, flags, seen
from generators.sample.layout import Layout, Shot
from generators.sample.mat_files import mat_v5, names_cell

NAME = "pa100k"
_SIZES = {"tiny": (14, 5, 6), "demo": (600, 80, 120), "official": (4_000, 500, 500)}
_SPLITS = ("train", "val", "test")
_LABELS: Labels = {
    "Female": ("gender_presentation", ("feminine",)),
    "AgeOver60": ("age_group", ("senior",)),
    "Age18-60": ("age_group", ("adult",)),
    "AgeLess18": ("age_group", ("child", "teenager")),
    "Front": ("viewpoint", ("front",)),
    "Side": ("viewpoint", ("side",)),
    "Back": ("viewpoint", ("back",)),
    "Hat": ("headwear", ("cap", "hat", "beanie", "hood", "helmet")),
    "Glasses": ("glasses", ("glasses", "sunglasses")),
    "HandBag": ("hand_bag", ("yes",)),
    "ShoulderBag": ("shoulder_bag", ("yes",)),
    "Backpack": ("backpack", ("yes",)),
    "HoldObjectsInFront": ("action", ("holding",)),
    "ShortSleeve": ("upper_sleeve", ("short",)),
    "LongSleeve": ("upper_sleeve", ("long",)),
    "UpperStride": ("upper_pattern", ("striped",)),
    "UpperLogo": ("upper_pattern", ("logo_text",)),
    "UpperPlaid": ("upper_pattern", ("plaid",)),
    "UpperSplice": ("upper_pattern", ("spliced",)),
    "LowerStripe": ("lower_pattern", ("striped",)),
    "LowerPattern": ("lower_pattern", ("striped", "plaid", "dotted")),
    "LongCoat": ("upper_type", ("coat",)),
    "Trousers": ("lower_type", ("trousers", "jeans", "leggings", "sweatpants")),
    "Shorts": ("lower_type", ("shorts",)),
    "Skirt&Dress": ("lower_type", ("skirt", "dress")),
    "boots": ("footwear_type", ("boots",)),
}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size; the last one is of no list."""
    counts = _SIZES[size_name]
    splits = list(zip(_SPLITS, counts, strict=True))
    found = crowd(NAME, seed, splits, lambda number, camera: f"data/{number:06d}.jpg")
    extra = crowd(NAME, seed + 1, [("none", 1)], lambda number, camera: f"data/{sum(counts) + 2:06d}.jpg")
    return found if size_name == "official" else [*found, replace(extra[0], person=sum(counts) + 2)]


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The lists and the labels; the test list ends with a picture that is not there."""
    content: dict[str, Any] = {"attributes": names_cell(list(_LABELS))}
    for split in _SPLITS:
        mine = [shot for shot in found if shot.split == split]
        names = [shot.relpath.removeprefix("data/") for shot in mine]
        rows = [flags(_LABELS, seen(LAYOUT, seed, shot)) for shot in mine]
        if split == "test" and size_name != "official":
            names, rows = [*names, f"{sum(_SIZES[size_name]) + 1:06d}.jpg"], [*rows, [0] * len(_LABELS)]
        content |= {f"{split}_images_name": names_cell(names), f"{split}_label": np.array(rows, np.uint8)}
    (root / "annotation.mat").write_bytes(mat_v5(content))


LAYOUT = Layout(name=NAME, folder="PA-100K", shots=shots, write_labels=write_labels, really=100_000)
