"""What a raw layout declares: which pictures it holds, and the files beside them.

Adding a raw layout is adding one file to `generators/sample/layouts/` with a constant `LAYOUT = Layout(...)`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.people import WARDROBE, Outfit, Person, Wardrobe, draw_outfit, draw_person
from generators.sample.render import Scene

SIZES = ("tiny", "demo", "official")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One file of a raw folder: where it lies, what it shows, and what its labels are.

    `person` numbers the synthetic persons of one source; -1 is a part of somebody (junk), -2 nobody (distractor).
    `damage` is "", "truncated" (half a JPEG) or "html" (an error page saved as a picture). A `sketch` is the contours
    of the picture that the same shot would give without it; `film` names another such filter (generators.sample.films).
    A `plain` picture is drawn with less care, as at the official size.
    """

    relpath: str
    person: int
    camera: int
    take: int
    split: str
    pid_raw: str
    cam_raw: str | None
    outfit: int = 1
    clothes_raw: str | None = None
    infrared: bool = False
    width: int = 64
    height: int = 128
    damage: str = ""
    sketch: bool = False
    film: str = ""
    plain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One raw dataset: its folder, its pictures in order, and a writer for the other files.

    `really` is how many pictures the real one has, where even the official size draws fewer.
    """

    name: str
    folder: str
    shots: Callable[[str, int], list[Shot]]
    write_labels: Callable[[Path, str, int, Sequence[Shot]], None]
    wardrobe: Wardrobe = field(default=WARDROBE)
    really: int | None = None

    def scene(self, shot: Shot, seed: int) -> Scene:
        """What the renderer needs for a shot."""
        return Scene(
            seed=seed,
            source=self.name,
            person=shot.person,
            outfit=shot.outfit,
            camera=shot.camera,
            take=shot.take,
            infrared=shot.infrared,
            width=shot.width,
            height=shot.height,
            wardrobe=self.wardrobe,
            plain=shot.plain,
        )

    def person(self, seed: int, number: int) -> Person:
        """One person of this source."""
        return draw_person(seed, self.name, number)

    def outfit(self, seed: int, number: int, outfit: int) -> Outfit:
        """One outfit of a person of this source."""
        return draw_outfit(seed, self.name, number, outfit, self.wardrobe)

    def attributes(self, seed: int, shot: Shot) -> dict[str, str]:
        """The true attribute values of a shot; empty where no whole person is meant."""
        if shot.person < 0:
            return {}
        worn = self.outfit(seed, shot.person, shot.outfit)
        return {**self.person(seed, shot.person).attributes(), **worn.attributes()}


def spread(total: int, parts: int) -> list[int]:
    """`total` cut into `parts` whole numbers that differ by at most one."""
    return [(total * (i + 1)) // parts - (total * i) // parts for i in range(parts)]


def seen_by(draws: Draws, persons: Sequence[int], per_camera: dict[int, int]) -> dict[int, list[int]]:
    """Which persons each camera sees: `per_camera` of them, those seen least so far first, ties drawn."""
    times = dict.fromkeys(persons, 0)
    seen: dict[int, list[int]] = {}
    for camera, count in per_camera.items():
        ranked = sorted(draws.shuffled(persons), key=lambda person: times[person])
        seen[camera] = sorted(ranked[:count])
        for person in seen[camera]:
            times[person] += 1
    return seen
