"""The closed attribute vocabulary: what may be said of a person, and when it may be asked.

Every key also admits `unknown` (nobody annotated it) and `not_visible` (annotated as hidden). Several values that
are all acceptable are joined by `|` in vocabulary order: Market-1501's "dress" flag becomes `skirt|dress`.
"""

from dataclasses import dataclass

UNKNOWN = "unknown"
NOT_VISIBLE = "not_visible"

_COLOURS = "black white grey red orange yellow green blue dark_blue purple pink brown beige multicolour"
_PATTERNS = "plain striped plaid logo_text graphic spliced dotted camouflage other"
COLOURS = tuple(_COLOURS.split())
PATTERNS = tuple(_PATTERNS.split())
MODALITIES = ("rgb", "near_infrared", "thermal", "sketch", "colour_drawing", "text_only")


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute: its values, and whether it survives a change of clothes, shows in infrared, or is sensitive."""

    values: tuple[str, ...]
    survives_clothes_change: bool = False
    in_infrared: bool = True
    sensitive: bool = False
    multi: bool = False


_YES = ("no", "yes")


def _of(values: str, **traits: bool) -> Key:
    return Key(tuple(values.split()), **traits)


VOCABULARY: dict[str, Key] = {
    "gender_presentation": _of("masculine feminine", survives_clothes_change=True, sensitive=True),
    "age_group": _of("child teenager adult senior", survives_clothes_change=True, sensitive=True),
    "build": _of("slim average heavy", survives_clothes_change=True, sensitive=True),
    "height_relative": _of("short medium tall", survives_clothes_change=True),
    "hair_length": _of("bald short medium long tied covered", survives_clothes_change=True),
    "hair_color": _of("black brown blond grey white red dyed dark", survives_clothes_change=True, in_infrared=False),
    "facial_hair": _of("none beard moustache", survives_clothes_change=True, sensitive=True),
    "glasses": _of("none glasses sunglasses", survives_clothes_change=True),
    "headwear": _of("none cap hat beanie hood helmet headscarf other"),
    "neckwear_mask": _of("none scarf tie mask headphones"),
    "upper_type": _of(
        "t_shirt shirt polo blouse sweater hoodie jacket coat down_jacket suit_jacket vest dress_top uniform other"
    ),
    "upper_outer_open": _of("open closed none"),
    "upper_sleeve": _of("sleeveless short long"),
    "upper_color_primary": Key(COLOURS, in_infrared=False),
    "upper_color_secondary": Key(COLOURS, in_infrared=False),
    "upper_pattern": Key(PATTERNS),
    "lower_type": _of("trousers jeans leggings sweatpants shorts skirt dress suit_trousers other"),
    "lower_length": _of("short knee long"),
    "lower_color_primary": Key(COLOURS, in_infrared=False),
    "lower_pattern": Key(PATTERNS),
    "footwear_type": _of("sneakers casual leather boots sandals heels barefoot other"),
    "footwear_color": Key(COLOURS, in_infrared=False),
    "backpack": Key(_YES),
    "backpack_color": Key(COLOURS, in_infrared=False),
    "shoulder_bag": Key(_YES),
    "shoulder_bag_color": Key(COLOURS, in_infrared=False),
    "hand_bag": Key(_YES),
    "hand_bag_color": Key(COLOURS, in_infrared=False),
    "carried_object": _of(
        "none suitcase box plastic_bag paper_bag umbrella phone book child stroller bicycle other", multi=True
    ),
    "action": _of("standing walking running riding sitting phoning pushing pulling holding", multi=True),
    "viewpoint": _of("front front_side side back_side back"),
    "occlusion": _of("none head torso legs by_person by_object frame_cut", multi=True),
    "modality": Key(MODALITIES),
    "image_quality": _of("good low_light blurred low_resolution"),
}


def is_valid(key: str, value: str) -> bool:
    """Whether a value (or alternatives joined by `|`, in vocabulary order) belongs to a key."""
    if key not in VOCABULARY:
        return False
    if value in (UNKNOWN, NOT_VISIBLE):
        return True
    allowed = VOCABULARY[key].values
    parts = value.split("|")
    return all(part in allowed for part in parts) and parts == sorted(set(parts), key=allowed.index)


def spoken(value: str) -> str:
    """A vocabulary value as words: `dark_blue` is "dark blue", `skirt|dress` is "skirt or dress"."""
    return value.replace("|", " or ").replace("_", " ")
