"""Clothes and bags on a figure, drawn from the legs up."""

from generators.sample.figure import Figure
from generators.sample.inks import Ink, plain
from generators.sample.pen import Pen, Point
from generators.sample.people import Outfit, Person

_STEEL = plain(170, 168, 160)
_LEATHER = plain(60, 44, 34)


def draw_legs(pen: Pen, figure: Figure, person: Person, outfit: Outfit) -> None:
    """Both legs with trousers or bare, then the shoes."""
    bare = outfit.lower_type in ("shorts", "skirt", "dress")
    snug = {"leggings": 0.82, "jeans": 0.95, "sweatpants": 1.2}.get(outfit.lower_type, 1.08)
    for i, leg in enumerate(figure.legs):
        dim = 0.78 if i == 0 and figure.side else 1.0
        ink = (person.skin if bare else outfit.lower).lit(dim)
        ease = 0.9 if bare else snug
        widths = (figure.thigh * ease, figure.thigh * 0.78 * ease, figure.calf * ease)
        pen.limb(leg, widths, ink, 150 + 25 * i)
        if outfit.lower_pattern == "striped":
            pen.mark(leg, outfit.second.lit(dim), 0.012)
        _draw_shoe(pen, figure, outfit, leg, dim, 165 + 25 * i)
        if outfit.lower_type == "shorts":
            _draw_short_leg(pen, figure, outfit, leg, dim, 170 + 20 * i)
    if outfit.lower_type == "jeans":
        for leg in figure.legs:
            pen.mark(leg, outfit.lower.lit(1.35), 0.006)


def _draw_short_leg(
    pen: Pen, figure: Figure, outfit: Outfit, leg: tuple[Point, Point, Point], dim: float, height: int
) -> None:
    hip, knee, _ = leg
    share = 0.62 if outfit.lower_length == "short" else 1.0
    hem = (hip[0] + (knee[0] - hip[0]) * share, hip[1] + (knee[1] - hip[1]) * share)
    pen.limb((hip, hem), (figure.thigh * 1.15, figure.thigh * 1.12), outfit.lower.lit(dim), height)


def _draw_shoe(
    pen: Pen, figure: Figure, outfit: Outfit, leg: tuple[Point, Point, Point], dim: float, height: int
) -> None:
    (knee_x, knee_y), (x, y) = leg[1], leg[2]
    ink, half = outfit.shoes.lit(dim), figure.calf * 1.25
    toe = 0.05 if figure.side else 0.0
    if outfit.footwear_type == "boots":
        shaft = (x + (knee_x - x) * 0.42, y + (knee_y - y) * 0.42)
        pen.limb((shaft, (x, y)), (figure.calf * 1.25, figure.calf * 1.2), ink, height)
    low = y + (0.02 if outfit.footwear_type in ("sandals", "heels") else 0.0)
    sole = y + 0.035
    pen.shape(((x - half, low - 0.012), (x + half, low - 0.012), (x + half + toe, sole), (x - half, sole)), ink, height)
    if outfit.footwear_type == "sneakers":
        pen.mark(((x - half, sole), (x + half + toe, sole)), plain(225, 225, 220), 0.009)


def draw_lower_trunk(pen: Pen, figure: Figure, outfit: Outfit) -> None:
    """The part of the lower garment that covers the hips; skirts and dresses fall from the waist."""
    top = figure.waist_y
    if outfit.lower_type in ("skirt", "dress"):
        share = 0.26 if outfit.lower_length == "short" else 0.5
        hem = figure.hip_y + (1.0 - figure.hip_y) * share
        wide = figure.hip * (1.35 + 0.4 * share)
        points = ((-figure.half(top), top), (figure.half(top), top), (wide, hem), (-wide, hem))
        pen.shape(points, outfit.lower, 200)
        for x in (-0.5, 0.05, 0.55):
            pen.mark(((x * figure.waist, top + 0.02), (x * wide, hem)), outfit.lower.lit(0.82), 0.007)
        return
    pen.shape(figure.trunk(top, figure.hip_y + 0.035, 1.02), outfit.lower, 185)


def draw_upper(pen: Pen, figure: Figure, person: Person, outfit: Outfit) -> None:
    """The top: trunk, pattern, collar, and what tells its type."""
    kind = outfit.upper_type
    bottom = figure.hip_y + {"coat": 0.17, "hoodie": 0.02, "jacket": 0.0, "dress_top": -0.03}.get(kind, 0.015)
    ease = {"coat": 1.14, "hoodie": 1.13, "jacket": 1.12, "sweater": 1.08, "t_shirt": 1.02}.get(kind, 1.04)
    outline = figure.trunk(figure.shoulder_y + 0.032, bottom, ease)
    pen.shape([*outline, *figure.yoke(ease)], outfit.upper, 205)
    _draw_pattern(pen, figure, outfit, bottom, ease)
    _draw_details(pen, figure, person, outfit, bottom)


def _bands(pen: Pen, figure: Figure, ink: Ink, bottom: float, ease: float, step: float, thick: float) -> None:
    y = figure.shoulder_y + step * 0.7
    while y + thick < bottom:
        pen.patch(figure.trunk(y, y + thick, ease), ink)
        y += step


def _draw_pattern(pen: Pen, figure: Figure, outfit: Outfit, bottom: float, ease: float) -> None:
    pattern, second = outfit.upper_pattern, outfit.second
    if pattern == "striped":
        _bands(pen, figure, second, bottom, ease, 0.062, 0.026)
    elif pattern == "plaid":
        _bands(pen, figure, second, bottom, ease, 0.06, 0.012)
        for share in (-0.7, -0.25, 0.25, 0.7):
            y0, y1 = figure.shoulder_y + 0.01, bottom - 0.01
            top = (figure.lean_at(y0) + share * figure.half(y0), y0)
            pen.mark((top, (figure.lean_at(y1) + share * figure.half(y1), y1)), second, 0.012)
    elif pattern == "spliced":
        edge = figure.shoulder_y + (bottom - figure.shoulder_y) * 0.4
        pen.patch([*figure.trunk(figure.shoulder_y + 0.032, edge, ease), *figure.yoke(ease)], second)
    elif pattern == "dotted":
        for i in range(12):
            y = figure.shoulder_y + 0.03 + (bottom - figure.shoulder_y - 0.05) * (i // 3) / 3.5
            x = (i % 3 - 1 + 0.25 * (i // 3 % 2)) * figure.waist * 0.55
            pen.disc(figure.lean_at(y) + x, y, 0.014, 0.014, second, 205)
    elif pattern == "logo_text" and not figure.side:
        y, wide = figure.shoulder_y + (bottom - figure.shoulder_y) * 0.22, figure.waist * 0.52
        pen.patch(((-wide, y), (wide, y), (wide, y + 0.07), (-wide, y + 0.07)), second)
        pen.mark(((-wide * 0.7, y + 0.035), (wide * 0.7, y + 0.035)), outfit.upper, 0.014)


def _draw_details(pen: Pen, figure: Figure, person: Person, outfit: Outfit, bottom: float) -> None:
    kind, y = outfit.upper_type, figure.shoulder_y
    x = figure.lean_at(y)
    if kind == "hoodie":
        pen.disc(x - (0.03 if figure.side else 0.0), y, 0.062, 0.028, outfit.upper.lit(0.8), 225)
    if figure.back:
        return
    front = figure.half(figure.waist_y) * 0.9 if figure.side else 0.0
    if kind in ("shirt", "polo", "blouse"):
        pen.patch(((x - 0.035, y - 0.012), (x, y + 0.03), (x + 0.035, y - 0.012)), outfit.upper.lit(1.25))
        pen.mark(((front, y + 0.03), (front, bottom)), outfit.upper.lit(0.7), 0.006)
    elif kind in ("jacket", "coat"):
        if not figure.side:
            pen.patch(((x - 0.04, y - 0.012), (x + 0.04, y - 0.012), (x + 0.008, y + 0.11)), plain(214, 212, 206))
        pen.mark(((front, y + 0.06), (front, bottom)), _STEEL, 0.009)
    elif kind in ("t_shirt", "dress_top"):
        pen.disc(x, y - 0.008, 0.034, 0.017, person.skin, 205)
    elif kind == "sweater":
        pen.mark(((x - 0.034, y), (x + 0.034, y)), outfit.upper.lit(0.7), 0.014)


def draw_arm(pen: Pen, figure: Figure, person: Person, outfit: Outfit, which: int) -> None:
    """One arm: 0 the far (or left) one, 1 the near (or right) one."""
    shoulder, elbow, hand = figure.arms[which]
    dim = 0.76 if figure.side and which == 0 else 1.0
    height = 140 if figure.side and which == 0 else 240
    thick = figure.arm * {"coat": 1.3, "hoodie": 1.25, "jacket": 1.3, "sweater": 1.2}.get(outfit.upper_type, 1.08)
    if outfit.upper_sleeve == "long":
        sleeve = (outfit.second if outfit.upper_pattern == "spliced" else outfit.upper).lit(dim * 0.96)
        pen.limb((shoulder, elbow, hand), (thick * 1.15, thick, thick * 0.8), sleeve, height)
    else:
        pen.limb(
            (shoulder, elbow, hand), (figure.arm, figure.arm * 0.85, figure.arm * 0.62), person.skin.lit(dim), height
        )
        cuff = ((shoulder[0] + elbow[0]) / 2, (shoulder[1] + elbow[1]) / 2 + 0.02)
        pen.limb((shoulder, cuff), (thick * 1.25, thick * 1.2), outfit.upper.lit(dim * 0.96), height)
    if outfit.upper_pattern == "striped":
        for t in (0.3, 0.65):
            x, y = shoulder[0] + (elbow[0] - shoulder[0]) * t, shoulder[1] + (elbow[1] - shoulder[1]) * t
            pen.mark(((x - thick, y), (x + thick, y)), outfit.second.lit(dim), 0.022)
    pen.disc(hand[0], hand[1] + 0.012, figure.arm * 0.75, 0.02, person.skin.lit(dim), height)


def draw_bag_behind(pen: Pen, figure: Figure, outfit: Outfit) -> None:
    """What shows of a backpack behind a person seen from the front or the side."""
    if outfit.bag != "backpack" or figure.back:
        return
    y = figure.shoulder_y
    if figure.side:
        x = figure.lean_at(y) - figure.half(figure.waist_y) * 0.8
        pen.shape(((x, y), (x - 0.1, y + 0.03), (x - 0.115, y + 0.2), (x, y + 0.24)), outfit.bag_ink, 170)
    else:
        wide = figure.shoulder * 1.02
        pen.shape(((-wide, y + 0.03), (wide, y + 0.03), (wide, y + 0.22), (-wide, y + 0.22)), outfit.bag_ink, 120)


def draw_bag(pen: Pen, figure: Figure, outfit: Outfit) -> None:
    """The bag as it hangs in front of the trunk, or straps where only they show."""
    ink, y = outfit.bag_ink, figure.shoulder_y
    if outfit.bag == "backpack":
        _draw_backpack(pen, figure, ink)
    elif outfit.bag == "shoulder_bag":
        x = figure.hip * (0.3 if figure.side else 1.15)
        pen.mark(
            ((-figure.shoulder * 0.6 * (0 if figure.side else 1), y), (x, figure.hip_y - 0.06)), ink.lit(0.8), 0.016
        )
        top = figure.hip_y - 0.075
        pen.shape(((x - 0.06, top), (x + 0.05, top), (x + 0.06, top + 0.105), (x - 0.065, top + 0.105)), ink, 250)
        pen.mark(((x - 0.06, top + 0.045), (x + 0.055, top + 0.045)), ink.lit(0.65), 0.008)
    elif outfit.bag == "hand_bag":
        x, y = figure.arms[1][2]
        pen.mark(((x - 0.03, y + 0.05), (x, y), (x + 0.03, y + 0.05)), _LEATHER, 0.01)
        pen.shape(
            ((x - 0.045, y + 0.045), (x + 0.045, y + 0.045), (x + 0.06, y + 0.14), (x - 0.06, y + 0.14)), ink, 250
        )


def _draw_backpack(pen: Pen, figure: Figure, ink: Ink) -> None:
    y = figure.shoulder_y
    if figure.back:
        wide = figure.shoulder * 0.72
        low = y + 0.235
        pen.shape(
            ((-wide * 0.8, y), (wide * 0.8, y), (wide, y + 0.05), (wide, low), (-wide, low), (-wide, y + 0.05)),
            ink,
            250,
        )
        pen.patch(
            ((-wide * 0.7, y + 0.12), (wide * 0.7, y + 0.12), (wide * 0.7, low - 0.02), (-wide * 0.7, low - 0.02)),
            ink.lit(0.75),
        )
    elif figure.side:
        x = figure.lean_at(y)
        pen.mark(((x, y), (x + figure.half(figure.waist_y) * 0.5, y + 0.1), (x - 0.03, y + 0.2)), ink.lit(0.8), 0.02)
    else:
        for sign in (-1.0, 1.0):
            x = sign * figure.shoulder * 0.58
            pen.mark(((x, y), (x * 1.05, y + 0.2)), ink.lit(0.85), 0.024)
