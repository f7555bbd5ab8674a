"""The synthetic people: a body that never changes, and outfits that do.

Body cues (width, shoulders, head, legs, hair, skin, gait) are spread further than in life, so that a small model can
learn to match persons across outfits and into infrared. Attribute values are those of `schemas.vocabulary`.

>>> person = draw_person(7, "ltcc", 12)
>>> outfit = draw_outfit(7, "ltcc", 12, 1, wardrobe=WARDROBE)
"""

from dataclasses import dataclass
from functools import lru_cache

from generators.sample import inks
from generators.sample.draws import Draws
from generators.sample.inks import Ink

TWIN_SHARE = 0.16  # persons whose outfit looks like a neighbour's
HABIT_SHARE = 0.5  # persons who carry the same bag whatever they wear
_UPPER_TYPES = {
    "masculine": ("t_shirt", "shirt", "polo", "sweater", "hoodie", "jacket", "coat"),
    "feminine": ("t_shirt", "blouse", "shirt", "sweater", "hoodie", "jacket", "coat"),
}
_LOWER_TYPES = {
    "masculine": ("trousers", "jeans", "shorts", "sweatpants"),
    "feminine": ("trousers", "jeans", "shorts", "skirt", "dress", "leggings"),
}
_SHORT_SLEEVED = {"t_shirt": 1.0, "polo": 0.8, "blouse": 0.5, "shirt": 0.35}
_LOWER_LENGTH = {"shorts": ("short", "knee"), "skirt": ("short", "knee"), "dress": ("short", "knee")}


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """The colours that the persons of one source wear, all equally likely."""

    upper: tuple[str, ...]
    lower: tuple[str, ...]


WARDROBE = Wardrobe(
    upper=("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"),
    lower=("black", "white", "grey", "red", "green", "blue", "brown", "beige"),
)


@dataclass(frozen=True, slots=True)
class Body:
    """Proportions as shares of body height, or factors around 1; constant for life."""

    height: float
    width: float
    shoulders: float
    hips: float
    waist: float
    head: float
    head_shape: float
    neck: float
    legs: float
    limbs: float
    stance: float
    arms_out: float
    stride: float
    lean: float


@dataclass(frozen=True, slots=True)
class Person:
    """One synthetic person: words for the attribute tables, numbers for the renderer."""

    gender: str
    age: str
    build: str
    hair_length: str
    hair_color: str
    facial_hair: str
    glasses: str
    body: Body
    skin: Ink
    hair: Ink
    hair_volume: float
    hair_style: int

    def attributes(self) -> dict[str, str]:
        """The vocabulary values that survive a change of clothes."""
        height = self.body.height
        return {
            "gender_presentation": self.gender,
            "age_group": self.age,
            "build": self.build,
            "height_relative": "short" if height < 0.94 else "tall" if height > 1.06 else "medium",
            "hair_length": self.hair_length,
            "hair_color": self.hair_color,
            "facial_hair": self.facial_hair,
            "glasses": self.glasses,
        }


@dataclass(frozen=True, slots=True)
class Outfit:
    """What one person wears on one day."""

    upper_type: str
    upper_sleeve: str
    upper_color: str
    upper_second: str
    upper_pattern: str
    lower_type: str
    lower_length: str
    lower_color: str
    lower_pattern: str
    footwear_type: str
    footwear_color: str
    bag: str
    bag_color: str
    headwear: str
    upper: Ink
    second: Ink
    lower: Ink
    shoes: Ink
    bag_ink: Ink
    hat: Ink

    def attributes(self) -> dict[str, str]:
        """The vocabulary values of the clothes and of what is carried."""
        values = {
            "upper_type": self.upper_type,
            "upper_sleeve": self.upper_sleeve,
            "upper_color_primary": self.upper_color,
            "upper_pattern": self.upper_pattern,
            "lower_type": self.lower_type,
            "lower_length": self.lower_length,
            "lower_color_primary": self.lower_color,
            "lower_pattern": self.lower_pattern,
            "footwear_type": self.footwear_type,
            "footwear_color": self.footwear_color,
            "headwear": self.headwear,
            **{name: "yes" if self.bag == name else "no" for name in ("backpack", "shoulder_bag", "hand_bag")},
        }
        if self.upper_pattern in ("striped", "plaid", "spliced", "dotted"):
            values["upper_color_secondary"] = self.upper_second
        if self.bag != "none":
            values[f"{self.bag}_color"] = self.bag_color
        return values


@lru_cache(maxsize=4096)
def draw_person(seed: int, source: str, number: int) -> Person:
    """The person of this number in a source; no two sources share one."""
    draws = Draws(seed, source, "person", number)
    gender = draws.pick(("masculine", "feminine"))
    age = draws.weighted((("child", 0.06), ("teenager", 0.16), ("adult", 0.64), ("senior", 0.14)))
    build = draws.pick(("slim", "average", "heavy"))
    length = _hair_length(draws, gender)
    color = "grey" if age == "senior" else draws.pick(("black", "brown", "blond", "red"))
    return Person(
        gender=gender,
        age=age,
        build=build,
        hair_length=length,
        hair_color=color,
        facial_hair="beard" if gender == "masculine" and age in ("adult", "senior") and draws.chance(0.4) else "none",
        glasses=draws.weighted((("none", 0.6), ("glasses", 0.25), ("sunglasses", 0.15))),
        body=_draw_body(draws, gender, age, build),
        skin=inks.skin(draws.whole(len(inks.SKIN))),
        hair=inks.hair(color),
        hair_volume=draws.number(0.5, 1.9),
        hair_style=draws.whole(3),
    )


def _hair_length(draws: Draws, gender: str) -> str:
    if gender == "masculine":
        return draws.weighted((("bald", 0.2), ("short", 0.5), ("medium", 0.2), ("long", 0.06), ("tied", 0.04)))
    return draws.weighted((("short", 0.18), ("medium", 0.27), ("long", 0.32), ("tied", 0.23)))


def _draw_body(draws: Draws, gender: str, age: str, build: str) -> Body:
    woman, child = gender == "feminine", age == "child"
    return Body(
        height=draws.number(0.88, 1.12) * (0.86 if child else 1.0),
        width={"slim": 0.72, "average": 1.0, "heavy": 1.4}[build] * draws.number(0.93, 1.07),
        shoulders=draws.number(0.84, 1.2) * (0.92 if woman else 1.06),
        hips=draws.number(0.84, 1.2) * (1.08 if woman else 0.94),
        waist=draws.number(0.66, 0.84) if woman else draws.number(0.78, 1.0),
        head=draws.number(0.84, 1.3) * (1.15 if child else 1.0),
        head_shape=draws.number(0.62, 0.98),
        neck=draws.number(0.012, 0.045),
        legs=draws.number(0.4, 0.57),
        limbs=draws.number(0.8, 1.25),
        stance=draws.number(0.0, 0.05),
        arms_out=draws.number(0.0, 0.075),
        stride=draws.number(0.05, 0.16),
        lean=draws.number(-0.02, 0.05),
    )


@lru_cache(maxsize=8192)
def draw_outfit(seed: int, source: str, number: int, outfit: int, wardrobe: Wardrobe = WARDROBE) -> Outfit:
    """Outfit 1, 2, … of a person; about one person in six shares the look of the neighbouring number (a twin)."""
    look = _look_key(seed, source, number, outfit)
    draws = Draws(*look)
    gender = draw_person(seed, source, number).gender
    upper_type = draws.pick(_UPPER_TYPES[gender])
    lower_type = draws.pick(_LOWER_TYPES[gender])
    upper_color = draws.pick(wardrobe.upper)
    second = draws.pick([name for name in ("white", "black", "red", "blue", "yellow", "grey") if name != upper_color])
    lower_color = upper_color if lower_type == "dress" else draws.pick(wardrobe.lower)
    habit = Draws(seed, source, "habit", number)
    carried = habit if habit.chance(HABIT_SHARE) else draws
    bag = carried.weighted((("none", 0.34), ("backpack", 0.26), ("shoulder_bag", 0.2), ("hand_bag", 0.2)))
    bag_color = carried.pick(("black", "brown", "red", "blue", "green", "beige"))
    footwear_type = draws.pick(_footwear(gender, lower_type))
    footwear_color = draws.pick(("black", "white", "brown", "red", "blue"))
    own = Draws(seed, source, "cloth", number, outfit)
    upper = inks.cloth(upper_color, own)
    return Outfit(
        upper_type="dress_top" if lower_type == "dress" else upper_type,
        upper_sleeve="short" if draws.chance(_SHORT_SLEEVED.get(upper_type, 0.0)) else "long",
        upper_color=upper_color,
        upper_second=second,
        upper_pattern=_pattern(draws, upper_type),
        lower_type=lower_type,
        lower_length=draws.pick(_LOWER_LENGTH.get(lower_type, ("long",))),
        lower_color=lower_color,
        lower_pattern="striped" if lower_type == "sweatpants" and draws.chance(0.5) else "plain",
        footwear_type=footwear_type,
        footwear_color=footwear_color,
        bag=bag,
        bag_color=bag_color,
        headwear=draws.weighted((("none", 0.7), ("cap", 0.12), ("hat", 0.08), ("beanie", 0.1))),
        upper=upper,
        second=inks.cloth(second, own),
        lower=upper if lower_type == "dress" else inks.cloth(lower_color, own),
        shoes=inks.cloth(footwear_color, own),
        bag_ink=inks.cloth(bag_color, own),
        hat=inks.cloth(own.pick(("black", "white", "red", "blue", "beige", "green")), own),
    )


def _look_key(seed: int, source: str, number: int, outfit: int) -> tuple[str | int, ...]:
    if Draws(seed, source, "twins", number // 2, outfit).chance(TWIN_SHARE):
        return seed, source, "look", number // 2, outfit, "twins"
    return seed, source, "look", number, outfit


def _pattern(draws: Draws, upper_type: str) -> str:
    if upper_type in ("coat", "jacket"):
        return draws.weighted((("plain", 0.75), ("spliced", 0.25)))
    return draws.weighted(
        (("plain", 0.36), ("striped", 0.2), ("plaid", 0.12), ("logo_text", 0.16), ("spliced", 0.1), ("dotted", 0.06))
    )


def _footwear(gender: str, lower_type: str) -> tuple[str, ...]:
    if lower_type == "shorts":
        return ("sneakers", "casual", "sandals")
    if gender == "feminine":
        return ("sneakers", "boots", "heels", "casual")
    return ("sneakers", "leather", "boots", "casual")
