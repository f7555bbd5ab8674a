"""Celeb-reID-light: street photos without cameras; every photo of a person shows other clothes."""

from generators.sample.layout import Layout, Shot
from generators.sample.streets import StreetSize, street_labels, street_shots

NAME = "celeb_reid_light"
_SIZES = {
    "tiny": StreetSize(5, 4, 20, 8, 8, 1),
    "demo": StreetSize(50, 30, 500, 90, 120, 1),
    "official": StreetSize(490, 100, 9_021, 887, 934, 1),
}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    return street_shots(NAME, _SIZES[size_name], seed)


LAYOUT = Layout(name=NAME, folder="Celeb-reID-light", shots=shots, write_labels=street_labels)
