"""`market_attribute.mat` (Lin et al., 2019): 27 labels per person of Market-1501, as rows of the closed vocabulary."""

from collections.abc import Iterator

from generators.person_labels import YES_NO, PersonLabels, colour_fields
from schemas.rows import Attribute, Reject
from schemas.source import RawTree

_LABELS = PersonLabels(
    name="market_attribute",
    coded={
        "gender": ("gender_presentation", ("masculine", "feminine")),
        "age": ("age_group", ("child", "teenager", "adult", "senior")),
        "hair": ("hair_length", ("short", "long")),
        "up": ("upper_sleeve", ("long", "short")),
        "down": ("lower_length", ("long", "short")),
        # "pants" covers trousers, jeans and shorts alike: only "dress" narrows the type of the lower garment.
        "clothes": ("lower_type", ("skirt|dress", "")),
        "backpack": ("backpack", YES_NO),
        "bag": ("shoulder_bag", YES_NO),
        "handbag": ("hand_bag", YES_NO),
        # A hat of unknown type is no value of `headwear`; its absence is one.
        "hat": ("headwear", ("none", "")),
    },
    colours=colour_fields("up", "upper", "black white red purple yellow gray blue green")
    | colour_fields("down", "lower", "black white pink purple yellow gray blue green brown"),
)


def read_market_attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    """The label rows of `market_attribute.mat` wherever it stands in the dataset; nothing when there is none."""
    return _LABELS.read("market1501", tree)
