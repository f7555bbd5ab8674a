"""Pictures of people whom nobody numbered, and their yes/no labels: what the attribute datasets are made of.

The number of a picture is its name. Now and then one person is in two pictures that follow each other, as it happens
in the real ones, and no label file says so; but nobody is in two splits.
"""

from collections.abc import Callable, Mapping, Sequence

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot
from generators.sample.render import view_of

_TWICE = 0.2
_CAMERAS = 8
Values = Mapping[str, str]
# A label is set when the value of a key is among these.
Labels = Mapping[str, tuple[str, tuple[str, ...]]]


def crowd(source: str, seed: int, splits: Sequence[tuple[str, int]], name: Callable[[int, int], str]) -> list[Shot]:
    """The pictures of (split, how many); `name(number, camera)` gives the path of a picture, numbered from 1."""
    found: list[Shot] = []
    for split, count in splits:
        for place in range(count):
            number = len(found) + 1
            draws = Draws(seed, source, "picture", number)
            again = place > 0 and draws.chance(_TWICE)
            found.append(_shot(draws, split, found[-1].person if again else number, number, name))
    return found


def _shot(draws: Draws, split: str, person: int, number: int, name: Callable[[int, int], str]) -> Shot:
    camera = 1 + draws.whole(_CAMERAS)
    height = 112 + 4 * draws.whole(9)
    relpath = name(number, camera)
    return Shot(
        relpath=relpath,
        person=person,
        camera=camera,
        take=number,
        split=split,
        pid_raw=relpath.rpartition("/")[2].rpartition(".")[0],
        cam_raw=None,
        width=round(height * draws.number(0.42, 0.54)),
        height=height,
    )


def seen(layout: Layout, seed: int, shot: Shot) -> dict[str, str]:
    """What a labeller sees in a picture: the attributes, and the side from which it was taken."""
    view = view_of(layout.scene(shot, seed))
    return {**layout.attributes(seed, shot), "viewpoint": view if view in ("front", "back") else "side"}


def flags(labels: Labels, values: Values) -> list[int]:
    """1 for every label that the values set, in the order of the labels."""
    return [int(values.get(key) in options) for key, options in labels.values()]


def partitions(seed: int, source: str, shots: Sequence[Shot], shares: Mapping[str, int]) -> list[dict[str, list[int]]]:
    """Five partitions of 1-based row numbers by part: the first is that of the shots' splits, the others are drawn.

    `shares` gives the size of each part.
    """
    first = {part: [row for row, shot in enumerate(shots, start=1) if shot.split in part] for part in shares}
    found = [first]
    for number in range(1, 5):
        rows = Draws(seed, source, "partition", number).shuffled(range(1, len(shots) + 1))
        parts, start = {}, 0
        for part, count in shares.items():
            parts[part] = sorted(rows[start : start + count])
            start += count
        found.append(parts)
    return found
