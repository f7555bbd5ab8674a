"""From a body, a view and a step of the walk to the joints that garments hang on."""

from dataclasses import dataclass

from generators.sample.cameras import View
from generators.sample.draws import Draws
from generators.sample.pen import Point
from generators.sample.people import Person


@dataclass(frozen=True, slots=True)
class Figure:
    """Joints and half widths in body heights; `side` when seen from left or right (facing +x)."""

    side: bool
    back: bool
    head: Point
    head_half: Point
    shoulder_y: float
    waist_y: float
    hip_y: float
    shoulder: float
    waist: float
    hip: float
    legs: tuple[tuple[Point, Point, Point], tuple[Point, Point, Point]]
    arms: tuple[tuple[Point, Point, Point], tuple[Point, Point, Point]]
    thigh: float
    calf: float
    arm: float
    lean: float

    def half(self, y: float) -> float:
        """Half width of the trunk at a height."""
        if y < self.waist_y:
            share = (y - self.shoulder_y) / (self.waist_y - self.shoulder_y)
            return self.shoulder + (self.waist - self.shoulder) * max(0.0, share)
        share = (y - self.waist_y) / (self.hip_y - self.waist_y)
        return self.waist + (self.hip - self.waist) * min(1.05, share)

    def trunk(self, top: float, bottom: float, ease: float = 1.0) -> list[Point]:
        """The outline of the trunk between two heights, `ease` times as wide as the body."""
        levels = [top, *(y for y in (self.waist_y, self.hip_y) if top < y < bottom), bottom]
        left = [(self.lean_at(y) - self.half(y) * ease, y) for y in levels]
        return [*left, *((self.lean_at(y) + self.half(y) * ease, y) for y in reversed(levels))]

    def yoke(self, ease: float) -> list[Point]:
        """The line of the shoulders from right to left, sloping up to the neck."""
        x, y, wide = self.lean_at(self.shoulder_y), self.shoulder_y, self.shoulder * ease
        slope = ((0.93, 0.012), (0.72, -0.001))
        right = [(x + wide * share, y + drop) for share, drop in slope] + [(x + 0.036, y - 0.014)]
        return [*right, *((2 * x - px, py) for px, py in reversed(right))]

    def lean_at(self, y: float) -> float:
        """How far the body's axis is ahead of the hips at a height."""
        return self.lean * (self.hip_y - y) / self.hip_y * 2.0


def pose(person: Person, view: View, draws: Draws) -> Figure:
    """The figure of a person in one view, at a drawn moment of the walk."""
    body = person.body
    side = view in ("left", "right")
    head_y = 0.077 * body.head
    head_x = head_y * body.head_shape * (1.12 if side else 1.0)
    shoulder_y = 2 * head_y + body.neck
    hip_y = 1.0 - body.legs
    depth = 0.66 if side else 1.0
    shoulder = 0.112 * body.width * body.shoulders * depth
    hip = 0.086 * body.width * body.hips * (0.92 if side else 1.0)
    lean = body.lean if side else 0.0
    swing = draws.number(-1, 1)
    waist_y = shoulder_y + (hip_y - shoulder_y) * 0.62
    return Figure(
        side=side,
        back=view == "back",
        head=(lean * 2.0 + (0.01 if side else 0.0), head_y),
        head_half=(head_x, head_y),
        shoulder_y=shoulder_y,
        waist_y=waist_y,
        hip_y=hip_y,
        shoulder=shoulder,
        waist=max(shoulder, hip) * body.waist * (1.06 if body.width > 1.2 else 0.96),
        hip=hip,
        legs=_side_legs(person, hip_y, swing) if side else _front_legs(person, hip, hip_y, swing),
        arms=_arms(person, side, shoulder, shoulder_y, hip_y, swing, lean),
        thigh=0.047 * body.width * body.hips,
        calf=0.03 * (0.5 + 0.5 * body.width) * body.limbs,
        arm=0.027 * (0.4 + 0.6 * body.width) * body.limbs,
        lean=lean,
    )


def _front_legs(
    person: Person, hip: float, hip_y: float, swing: float
) -> tuple[tuple[Point, Point, Point], tuple[Point, Point, Point]]:
    apart, length = hip * 0.5 + person.body.stance, person.body.legs
    lift = 0.035 * abs(swing)
    both = []
    for sign in (-1.0, 1.0):
        up = lift if sign * swing > 0 else 0.0
        knee = (sign * (hip * 0.5 + apart) / 2, hip_y + length * 0.5)
        both.append(((sign * hip * 0.5, hip_y), knee, (sign * apart, 0.965 - up)))
    return both[0], both[1]


def _side_legs(
    person: Person, hip_y: float, swing: float
) -> tuple[tuple[Point, Point, Point], tuple[Point, Point, Point]]:
    reach, length = person.body.stride * (0.35 + 0.65 * abs(swing)), person.body.legs
    ahead = ((0.005, hip_y), (reach * 0.62, hip_y + length * 0.48), (reach, 0.965))
    behind = ((-0.005, hip_y), (-reach * 0.3, hip_y + length * 0.48), (-reach * 1.05, 0.945))
    return (behind, ahead) if swing > 0 else (ahead, behind)


def _arms(
    person: Person, side: bool, shoulder: float, shoulder_y: float, hip_y: float, swing: float, lean: float
) -> tuple[tuple[Point, Point, Point], tuple[Point, Point, Point]]:
    length = (hip_y - shoulder_y) * 1.12
    top, elbow, hand = shoulder_y + 0.02, shoulder_y + length * 0.5, shoulder_y + length
    out = person.body.arms_out
    if side:
        reach = (0.03 + person.body.stride * 0.9) * swing
        x = lean * 1.6
        near: tuple[Point, Point, Point] = ((x, top), (x + reach * 0.3 - 0.01, elbow), (x + reach, hand))
        far: tuple[Point, Point, Point] = ((x, top), (x - reach * 0.3 - 0.01, elbow), (x - reach, hand))
        return far, near
    left = ((-shoulder * 0.9, top), (-shoulder - 0.012 - out, elbow), (-shoulder - 0.006 - out * 0.7, hand))
    right = ((shoulder * 0.9, top), (shoulder + 0.012 + out, elbow), (shoulder + 0.006 + out * 0.7, hand))
    return left, right
