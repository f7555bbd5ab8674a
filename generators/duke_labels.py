"""`duke_attribute.mat` (Lin et al., 2019): 23 labels per person of DukeMTMC-reID, withdrawn with its pictures.

Nothing of a withdrawn dataset reaches this reader unless an operator gave a reason (see `generators.duke_names`).
"""

from collections.abc import Iterator

from generators.person_labels import YES_NO, PersonLabels, colour_fields
from schemas.rows import Attribute, Reject
from schemas.source import RawTree

_NO_ROW = ("", "")
_LABELS = PersonLabels(
    name="duke_attribute",
    coded={
        "gender": ("gender_presentation", ("masculine", "feminine")),
        "backpack": ("backpack", YES_NO),
        "bag": ("shoulder_bag", YES_NO),
        "handbag": ("hand_bag", YES_NO),
        # A hat of unknown type is no value of `headwear`, and shoes that are no boots have no known type.
        "hat": ("headwear", ("none", "")),
        "boots": ("footwear_type", ("", "boots")),
        # How far down the upper garment reaches, and dark or light shoes: no key of the vocabulary says either.
        "top": ("", _NO_ROW),
        "shoes": ("", _NO_ROW),
    },
    colours=colour_fields("up", "upper", "black white red purple gray blue green brown")
    | colour_fields("down", "lower", "black white red gray blue green brown"),
)


def read_duke_attributes(source: str, tree: RawTree) -> Iterator[Attribute | Reject]:
    """The label rows of `duke_attribute.mat`, about the persons of `source`, which may be a derivative."""
    return _LABELS.read(source, tree)
