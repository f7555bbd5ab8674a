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
        wide = half * (0.62 if figure.side else 0.94)
        top, low = y + tall * 0.3, y + tall * 1.12
        pen.shape(
            (
                (x + shift - wide, top),
                (x + shift + wide, top),
                (x + shift + wide * 0.6, low),
                (x + shift - wide * 0.6, low),
            ),
            person.hair.lit(0.9),
            235,
        )
        pen.patch(
            ((x + shift - 0.012, y + tall * 0.46), (x + shift + 0.012, y + tall * 0.46), (x + shift, y + tall * 0.54)),
            person.skin.lit(0.7),
        )
    else:
        pen.mark(
            ((x + shift - half * 0.3, y + tall * 0.55), (x + shift + half * 0.3, y + tall * 0.55)),
            person.skin.lit(0.68),
            0.008,
        )
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
    (x, y), (half, tall) = figure.head, figure.head_half
    ink, volume, length = person.hair, person.hair_volume, person.hair_length
    if length == "bald":
        return
    puff = 0.1 + 0.22 * volume
    if figure.back:
        _draw_hair_back(pen, figure, person)
        return
    shift = -half * 0.22 if figure.side else 0.0
    brow = y - tall * (0.42 - 0.08 * person.hair_style)
    top = y - tall * (1.0 + 0.5 * puff)
    wide = half * (1.0 + 0.55 * puff)
    crown = (
        (x + shift - wide, y + tall * 0.1), (x + shift - wide, y - tall * 0.55), (x + shift - wide * 0.55, top),
        (x + shift + wide * 0.5, top), (x + shift + wide, y - tall * 0.5), (x + shift + wide * 0.98, brow),
        (x + half * 0.3 * (person.hair_style - 1), brow - tall * 0.16), (x + shift - half * 0.72, brow),
        (x + shift - half * 0.85, y + tall * 0.1),
    )  # fmt: skip
    pen.shape(crown, ink, 238)
    if length == "tied":
        pen.disc(x + shift * 3.5, top + tall * 0.05, half * (0.3 + 0.2 * volume), tall * 0.3, ink, 240)
    if length in ("medium", "long"):
        _draw_locks(pen, figure, person, wide)
    elif figure.side:
        pen.shape(
            (
                (x - wide, y - tall * 0.6),
                (x - half * 0.1, y - tall * 0.5),
                (x - half * 0.15, y + tall * 0.15),
                (x - wide * 0.9, y + tall * 0.45),
            ),
            ink,
            238,
        )


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
    (x, y), (half, tall) = figure.head, figure.head_half
    puff = 0.1 + 0.22 * person.hair_volume
    wide = half * (1.0 + 0.55 * puff)
    pen.disc(x, y - tall * 0.12, wide, tall * (1.0 + 0.35 * puff), person.hair, 238)
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
        reach = (half * 1.95, half * 0.2) if figure.side else (half * 0.95, -half * 0.95)
        pen.shape(
            (
                (x + reach[1], rim - 0.006),
                (x + reach[0], rim - 0.002),
                (x + reach[0], rim + 0.014),
                (x + reach[1], rim + 0.01),
            ),
            ink.lit(0.75),
            250,
        )
    elif kind == "hat":
        pen.shape(
            (
                (x - half * 1.85, rim - 0.008),
                (x + half * 1.85, rim - 0.008),
                (x + half * 1.85, rim + 0.012),
                (x - half * 1.85, rim + 0.012),
            ),
            ink.lit(0.85),
            250,
        )
    elif kind == "beanie":
        pen.mark(((x - wide, rim - 0.008), (x + wide, rim - 0.008)), ink.lit(0.72), 0.022)
