"""Celeb-reID: street photos without cameras or outfit labels; people change clothes every few photos."""

from generators.sample.layout import Layout, Shot
from generators.sample.streets import StreetSize, street_labels, street_shots

NAME = "celeb_reid"
_SIZES = {
    "tiny": StreetSize(5, 4, 25, 8, 20, 3),
    "demo": StreetSize(60, 40, 900, 120, 480, 3),
    "official": StreetSize(632, 420, 20_208, 2_972, 11_006, 3),
}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    return street_shots(NAME, _SIZES[size_name], seed)


LAYOUT = Layout(name=NAME, folder="Celeb-reID", shots=shots, write_labels=street_labels)
