"""Heads: neck, face, beard, glasses, hair and headwear; the strongest cue that clothes do not touch."""

from generators.sample.figure import Figure
from generators.sample.inks import plain
from generators.sample.pen import Pen
from generators.sample.people import Outfit, Person

_DARK = plain(24, 22, 22)


def draw_hair_behind(pen: Pen, figure: Figure, person: Person) -> None:
    """Long hair that falls behind the neck."""
    if figure.back:
        return
    (x, y), (half, tall) = figure.head, figure.head_half
    volume = person.hair_volume
    if person.hair_length == "long":
        shift = -half * 0.55 if figure.side else 0.0
        wide = half * (0.8 if figure.side else 1.05 + 0.25 * volume)
        low = figure.shoulder_y + 0.05 + 0.05 * volume
        pen.shape(
            (
                (x + shift - wide, y - tall * 0.3),
                (x + shift + wide, y - tall * 0.3),
                (x + shift + wide, low),
                (x + shift - wide, low),
            ),
            person.hair.lit(0.85),
            150,
        )
    elif person.hair_length == "tied" and figure.side:
        pen.limb(
            ((x - half, y - tall * 0.3), (x - half * 2.1, y + tall * 0.2), (x - half * 1.8, y + tall * 1.4)),
            (0.012, 0.03, 0.01),
            person.hair,
            160,
        )


def draw_head(pen: Pen, figure: Figure, person: Person, outfit: Outfit) -> None:
    """Neck, face and hair, then headwear on top."""
    (x, y), (half, tall) = figure.head, figure.head_half
    pen.shape(
        (
            (x - 0.026, y + tall * 0.6),
            (x + 0.026, y + tall * 0.6),
            (x + 0.032, figure.shoulder_y + 0.008),
            (x - 0.032, figure.shoulder_y + 0.008),
        ),
        person.skin.lit(0.86),
        180,
    )
    pen.disc(x, y, half, tall, person.skin, 225)
    if not figure.side:
        for sign in (-1.0, 1.0):
            pen.disc(x + sign * half, y + tall * 0.1, half * 0.16, tall * 0.2, person.skin.lit(0.9), 215)
    if not figure.back:
        _draw_face(pen, figure, person)
    _draw_hair(pen, figure, person)
    _draw_headwear(pen, figure, outfit)


def _draw_face(pen: Pen, figure: Figure, person: Person) -> None:
    (x, y), (half, tall) = figure.head, figure.head_half
    shift = half * 0.5 if figure.side else 0.0
    if figure.side:
        pen.shape(
            ((x + half * 0.9, y), (x + half * 1.22, y + tall * 0.2), (x + half * 0.9, y + tall * 0.3)), person.skin, 225
        )
    if person.facial_hair == "beard":
        _draw_beard(pen, figure, person, x + shift)
    else:
        pen.mark(
            ((x + shift - half * 0.3, y + tall * 0.55), (x + shift + half * 0.3, y + tall * 0.55)),
            person.skin.lit(0.68),
            0.008,
        )
    _draw_eyes(pen, figure, person)


def _draw_beard(pen: Pen, figure: Figure, person: Person, x: float) -> None:
    """A beard with a mouth in it, about the column `x`."""
    y, (half, tall) = figure.head[1], figure.head_half
    wide = half * (0.62 if figure.side else 0.94)
    top, low = y + tall * 0.3, y + tall * 1.12
    pen.shape(
        ((x - wide, top), (x + wide, top), (x + wide * 0.6, low), (x - wide * 0.6, low)), person.hair.lit(0.9), 235
    )
    pen.patch(((x - 0.012, y + tall * 0.46), (x + 0.012, y + tall * 0.46), (x, y + tall * 0.54)), person.skin.lit(0.7))


def _draw_eyes(pen: Pen, figure: Figure, person: Person) -> None:
    """Eyes, or the glasses in front of them; one of them from the side."""
    (x, y), (half, tall) = figure.head, figure.head_half
    eyes = (0.55,) if figure.side else (-0.4, 0.4)
    for share in eyes:
        if person.glasses == "none":
            pen.disc(x + share * half, y + tall * 0.05, half * 0.13, tall * 0.08, _DARK, 225)
        elif person.glasses == "sunglasses":
            pen.disc(x + share * half, y + tall * 0.05, half * 0.36, tall * 0.2, _DARK, 225)
        else:
            pen.disc(x + share * half, y + tall * 0.05, half * 0.36, tall * 0.2, _DARK, 225)
            pen.disc(x + share * half, y + tall * 0.05, half * 0.22, tall * 0.12, person.skin.lit(1.12), 225)
    if person.glasses != "none":
        pen.mark(((x - half * (0.2 if figure.side else 0.9), y), (x + half * 0.9, y)), _DARK, 0.008)


def _draw_hair(pen: Pen, figure: Figure, person: Person) -> None:
    if person.hair_length == "bald":
        return
    if figure.back:
        _draw_hair_back(pen, figure, person)
        return
    wide = _hair_half(figure, person)
    _draw_crown(pen, figure, person, wide)
    if person.hair_length in ("medium", "long"):
        _draw_locks(pen, figure, person, wide)
    elif figure.side:
        (x, y), (half, tall) = figure.head, figure.head_half
        pen.shape(
            (
                (x - wide, y - tall * 0.6),
                (x - half * 0.1, y - tall * 0.5),
                (x - half * 0.15, y + tall * 0.15),
                (x - wide * 0.9, y + tall * 0.45),
            ),
            person.hair,
            238,
        )


def _puff(person: Person) -> float:
    """How far hair stands off the head."""
    return 0.1 + 0.22 * person.hair_volume


def _hair_half(figure: Figure, person: Person) -> float:
    """Half the width of a head with its hair."""
    return figure.head_half[0] * (1.0 + 0.55 * _puff(person))


def _draw_crown(pen: Pen, figure: Figure, person: Person, wide: float) -> None:
    """Hair on top of the head down to the brow, and the knot of tied hair."""
    (x, y), (half, tall) = figure.head, figure.head_half
    shift = -half * 0.22 if figure.side else 0.0
    brow = y - tall * (0.42 - 0.08 * person.hair_style)
    top = y - tall * (1.0 + 0.5 * _puff(person))
    crown = (
        (x + shift - wide, y + tall * 0.1), (x + shift - wide, y - tall * 0.55), (x + shift - wide * 0.55, top),
        (x + shift + wide * 0.5, top), (x + shift + wide, y - tall * 0.5), (x + shift + wide * 0.98, brow),
        (x + half * 0.3 * (person.hair_style - 1), brow - tall * 0.16), (x + shift - half * 0.72, brow),
        (x + shift - half * 0.85, y + tall * 0.1),
    )  # fmt: skip
    pen.shape(crown, person.hair, 238)
    if person.hair_length == "tied":
        knot = half * (0.3 + 0.2 * person.hair_volume)
        pen.disc(x + shift * 3.5, top + tall * 0.05, knot, tall * 0.3, person.hair, 240)


def _draw_locks(pen: Pen, figure: Figure, person: Person, wide: float) -> None:
    (x, y), (half, tall) = figure.head, figure.head_half
    low = y + tall * (1.02 + 0.2 * person.hair_volume) if person.hair_length == "medium" else figure.shoulder_y + 0.05
    if figure.side:
        pen.shape(
            ((x - wide * 1.15, y - tall * 0.5), (x + half * 0.15, y - tall * 0.5), (x, low), (x - wide * 1.2, low)),
            person.hair,
            238,
        )
        return
    for sign in (-1.0, 1.0):
        inner, outer = x + sign * half * 0.78, x + sign * wide * 1.12
        pen.shape(((inner, y - tall * 0.5), (outer, y - tall * 0.4), (outer, low), (inner, low)), person.hair, 238)


def _draw_hair_back(pen: Pen, figure: Figure, person: Person) -> None:
    (x, y), tall = figure.head, figure.head_half[1]
    wide = _hair_half(figure, person)
    pen.disc(x, y - tall * 0.12, wide, tall * (1.0 + 0.35 * _puff(person)), person.hair, 238)
    if person.hair_length in ("medium", "long"):
        low = figure.shoulder_y + (0.07 + 0.07 * person.hair_volume if person.hair_length == "long" else 0.0)
        pen.shape(((x - wide, y), (x + wide, y), (x + wide * 1.1, low), (x - wide * 1.1, low)), person.hair, 238)
    elif person.hair_length == "tied":
        pen.limb(
            ((x, y - tall * 0.2), (x, y + tall), (x, figure.shoulder_y + 0.06)),
            (0.02, 0.026 * person.hair_volume, 0.01),
            person.hair.lit(0.8),
            245,
        )


def _draw_headwear(pen: Pen, figure: Figure, outfit: Outfit) -> None:
    (x, y), (half, tall) = figure.head, figure.head_half
    ink, kind = outfit.hat, outfit.headwear
    if kind == "none":
        return
    rim = y - tall * 0.38
    top = y - tall * (1.12 if kind == "cap" else 1.35)
    wide = half * 1.14
    pen.shape(((x - wide, rim), (x - wide * 0.78, top), (x + wide * 0.78, top), (x + wide, rim)), ink, 248)
    if kind == "cap" and not figure.back:
        _draw_peak(pen, figure, outfit, rim)
    elif kind == "hat":
        brim = half * 1.85
        pen.shape(
            ((x - brim, rim - 0.008), (x + brim, rim - 0.008), (x + brim, rim + 0.012), (x - brim, rim + 0.012)),
            ink.lit(0.85),
            250,
        )
    elif kind == "beanie":
        pen.mark(((x - wide, rim - 0.008), (x + wide, rim - 0.008)), ink.lit(0.72), 0.022)


def _draw_peak(pen: Pen, figure: Figure, outfit: Outfit, rim: float) -> None:
    """The peak of a cap: before the face from the side, across it from the front."""
    x, half = figure.head[0], figure.head_half[0]
    front, back = (half * 1.95, half * 0.2) if figure.side else (half * 0.95, -half * 0.95)
    pen.shape(
        ((x + back, rim - 0.006), (x + front, rim - 0.002), (x + front, rim + 0.014), (x + back, rim + 0.01)),
        outfit.hat.lit(0.75),
        250,
    )
