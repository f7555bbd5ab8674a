"""What things are made of: a visible colour and a near-infrared reflectance that belong together.

In infrared a dyed cloth keeps only part of its visible brightness; the rest is the cloth's own. `ink("red", draws)`
therefore draws one reflectance per garment, and the same garment has it under every infrared camera.
"""

from functools import lru_cache
from typing import NamedTuple

from generators.sample.draws import Draws


class Ink(NamedTuple):
    """A material: visible red, green, blue and infrared reflectance, each 0 to 255."""

    red: int
    green: int
    blue: int
    infrared: int

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The visible colour."""
        return self.red, self.green, self.blue

    def lit(self, factor: float) -> "Ink":
        """The same material in more (above 1) or less light."""
        return _lit(self, factor)


@lru_cache(maxsize=65536)
def _lit(ink: Ink, factor: float) -> Ink:
    return Ink(*(max(0, min(255, round(value * factor))) for value in ink))


CLOTH = {
    "black": (30, 30, 34), "white": (232, 231, 226), "grey": (132, 133, 137), "red": (196, 34, 40),
    "orange": (236, 124, 28), "yellow": (238, 208, 46), "green": (42, 132, 62), "blue": (44, 96, 206),
    "dark_blue": (30, 40, 98), "purple": (120, 54, 158), "pink": (240, 136, 178), "brown": (112, 70, 40),
    "beige": (208, 184, 142),
}  # fmt: skip
HAIR = {
    "black": (22, 20, 22), "brown": (104, 58, 28), "blond": (232, 190, 88), "grey": (168, 168, 172),
    "white": (222, 222, 220), "red": (186, 70, 22),
}  # fmt: skip
SKIN = ((250, 214, 192), (222, 166, 122), (158, 100, 62), (82, 50, 36))
_HAIR_INFRARED = {"black": 44, "brown": 84, "blond": 168, "grey": 128, "white": 190, "red": 122}


def cloth(colour: str, draws: Draws) -> Ink:
    """A cloth of a named colour, a little off the pure shade, with its own infrared reflectance."""
    red, green, blue = (max(8, min(247, round(value + draws.bell(3.5)))) for value in CLOTH[colour])
    luminance = 0.3 * red + 0.59 * green + 0.11 * blue
    return Ink(red, green, blue, round(0.5 * luminance + 0.5 * draws.number(20, 235)))


def hair(colour: str) -> Ink:
    """Hair of a named colour."""
    return Ink(*HAIR[colour], _HAIR_INFRARED[colour])


def skin(tone: int) -> Ink:
    """Skin by tone, 0 fair to 3 dark; all of it is bright in infrared."""
    return Ink(*SKIN[tone], (220, 196, 166, 132)[tone])


def plain(red: int, green: int, blue: int) -> Ink:
    """A material that is as bright in infrared as to the eye."""
    return Ink(red, green, blue, round(0.3 * red + 0.59 * green + 0.11 * blue))
