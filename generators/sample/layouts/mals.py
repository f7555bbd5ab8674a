"""MALS: pictures in parts, and two lists of a caption and 27 labels each, in which 0 is the first alternative.

Awkward on purpose: presence is 0 and absence 1, -1 is unknown; one list names its pictures without their first folder
and one record is about a picture that is not there. At the official size it is a small part of the real one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generators.sample.crowds import Labels, Values, crowd, flags, seen
from generators.sample.layout import Layout, Shot
from generators.sample.records import captions, write_records

NAME = "mals"
_SIZES = {"tiny": 16, "demo": 500, "official": 5_000}
_UPPER = ("black", "white", "red", "purple", "yellow", "blue", "green", "grey")
_LOWER = ("black", "white", "purple", "yellow", "blue", "green", "pink", "grey", "brown")
# In the order of the list: what the first alternative, written as 0, is.
_LABELS: Labels = {
    "woman": ("gender_presentation", ("feminine",)),
    "under 18": ("age_group", ("child", "teenager")),
    "short hair": ("hair_length", ("short",)),
    "hat": ("headwear", ("cap", "hat", "beanie", "hood", "helmet")),
    "backpack": ("backpack", ("yes",)),
    "handbag": ("hand_bag", ("yes",)),
    "bag": ("shoulder_bag", ("yes",)),
    "long sleeve": ("upper_sleeve", ("long",)),
    "long lower": ("lower_length", ("long",)),
    "dress or skirt": ("lower_type", ("dress", "skirt")),
    **{f"upper {colour}": ("upper_color_primary", (colour,)) for colour in _UPPER},
    **{f"lower {colour}": ("lower_color_primary", (colour,)) for colour in _LOWER},
}

# The second alternative, where it is not simply everything else.
_SECOND = {"short hair": ("long",), "long lower": ("short",)}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""

    def name(number: int, camera: int) -> str:
        return f"gene_crop/{('4x', 'c_g_a_0', 'i_g_a_1')[number % 3]}/{number}.jpg"

    return crowd(NAME, seed, [("train", _SIZES[size_name])], name)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The lists: one of the first part, whose pictures are named without their first folder, one of the others."""
    first = [_record(seed, shot) for shot in found if "/4x/" in shot.relpath]
    for record in first:
        record["image"] = record["image"].removeprefix("gene_crop/")
    write_records(root / "g_4x_attrs.json", first)
    others = [_record(seed, shot) for shot in found if "/4x/" not in shot.relpath]
    if size_name != "official":
        others.append({**others[0], "image": "gene_crop/c_g_a_0/999999.jpg", "image_id": "c_g_a_0_999999"})
    write_records(root / "g_c_g_a_0_attrs.json", others)


def _record(seed: int, shot: Shot) -> dict[str, Any]:
    part, number = shot.relpath.removesuffix(".jpg").split("/")[1:]
    return {
        "image": shot.relpath,
        "caption": captions(LAYOUT, NAME, seed, shot, 1)[0],
        "image_id": f"{part}_{number}",
        "label": _label(seen(LAYOUT, seed, shot), shot.take),
    }


def _label(values: Values, take: int) -> list[int]:
    """0, 1 or -1 per label: unknown where a value is neither alternative, and here and there for no reason."""
    found = []
    for place, (name, present) in enumerate(zip(_LABELS, flags(_LABELS, values), strict=True)):
        value = values.get(_LABELS[name][0])
        known = present or (value is not None and value in _SECOND.get(name, (value,)))
        found.append(1 - present if known and take % 9 != place % 9 else -1)
    return found


LAYOUT = Layout(name=NAME, folder="MALS", shots=shots, write_labels=write_labels, really=1_510_330)
