"""SYSU-MM01: camN/pid/frame.jpg, cameras 3 and 6 infrared, splits as single comma-separated lines in `exp/`.

Awkward on purpose: a test person whom cameras 1 and 2 never saw, persons in no split, and camera 3 in the room of
camera 2. Beside it lies the generic `attributes.parquet` with facts by person.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generators.sample.attribute_table import write_attributes
from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, seen_by, spread
from generators.sample.mat_files import column_cell, mat_v5

NAME = "sysu_mm01"
INFRARED = (3, 6)


@dataclass(frozen=True, slots=True)
class _Part:
    """One list of persons: how many, how many of them each camera sees, and its images per camera."""

    ids: int
    seen: tuple[int, int, int, int, int, int]
    images: tuple[int, int, int, int, int, int]


_SIZES = {
    "tiny": {
        "train": _Part(6, (4, 4, 6, 5, 5, 5), (8, 8, 9, 10, 10, 8)),
        "val": _Part(2, (1, 1, 2, 2, 2, 1), (2, 2, 3, 3, 3, 2)),
        "test": _Part(4, (3, 3, 4, 4, 4, 4), (6, 6, 6, 8, 8, 6)),
        "none": _Part(1, (0, 0, 0, 1, 1, 0), (0, 0, 0, 2, 2, 0)),
    },
    "demo": {
        "train": _Part(100, (60, 60, 97, 98, 99, 70), (120, 130, 194, 196, 198, 150)),
        "val": _Part(10, (6, 6, 10, 10, 10, 6), (12, 12, 20, 20, 20, 12)),
        "test": _Part(40, (24, 24, 39, 40, 40, 40), (48, 48, 78, 80, 80, 80)),
        "none": _Part(4, (1, 1, 1, 3, 3, 0), (2, 2, 2, 6, 6, 0)),
    },
    "official": {
        "train": _Part(296, (150, 150, 293, 288, 294, 200), (4721, 5753, 5929, 4821, 4989, 4000)),
        "val": _Part(99, (47, 47, 99, 93, 95, 0), (94, 94, 1980, 893, 893, 0)),
        "test": _Part(96, (56, 56, 93, 94, 95, 96), (1374, 1565, 1883, 1918, 1918, 1920)),
        "none": _Part(22, (6, 6, 1, 18, 18, 3), (100, 116, 20, 398, 424, 60)),
    },
}  # fmt: skip


def _ids(size_name: str, seed: int) -> dict[str, list[int]]:
    parts = _SIZES[size_name]
    total = sum(part.ids for part in parts.values())
    everybody = Draws(seed, NAME, "split").shuffled(range(1, total + 1))
    lists: dict[str, list[int]] = {}
    for name, part in parts.items():
        lists[name], everybody = sorted(everybody[: part.ids]), everybody[part.ids :]
    return lists


def _shot(split: str, person: int, camera: int, frame: int) -> Shot:
    return Shot(
        relpath=f"cam{camera}/{person:04d}/{frame:04d}.jpg",
        person=person,
        camera=camera,
        take=frame,
        split=split,
        pid_raw=f"{person:04d}",
        cam_raw=f"cam{camera}",
        infrared=camera in INFRARED,
    )


def _seen(seed: int, split: str, persons: list[int], part: _Part) -> dict[int, list[int]]:
    """Who is seen where: everybody by both kinds of camera, but for the persons of no split, who lack one kind."""
    counts = dict(enumerate(part.seen, start=1))
    colour = {camera: counts[camera] for camera in (4, 5, 1, 2)}
    dark = {camera: counts[camera] for camera in INFRARED}
    draws = Draws(seed, NAME, "cameras", split)
    if split == "none":
        by_colour = persons[: counts[4]]
        seen = {camera: by_colour[:count] for camera, count in colour.items()}
        return seen | seen_by(draws, persons[counts[4] :], dark)
    seen = seen_by(draws, persons, colour) | seen_by(draws, persons, dark)
    return seen | {2: seen[1][: counts[2]]}


def _part(seed: int, split: str, persons: list[int], part: _Part) -> list[Shot]:
    seen = _seen(seed, split, persons, part)
    found: list[Shot] = []
    for camera in range(1, 7):
        counts = spread(part.images[camera - 1], len(seen[camera])) if seen[camera] else []
        for person, count in zip(seen[camera], counts, strict=True):
            found += [_shot(split, person, camera, frame) for frame in range(1, count + 1)]
    return found


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    ids = _ids(size_name, seed)
    return [shot for split, part in _SIZES[size_name].items() for shot in _part(seed, split, ids[split], part)]


def permutations(seed: int, found: Sequence[Shot]) -> bytes:
    """`rand_perm_cam.mat`: per camera and person number ten orders of the images, which count from 1."""
    counts = Counter((shot.camera, shot.person) for shot in found)
    last = max(person for _, person in counts)
    cameras = [[_orders(seed, camera, person, counts[camera, person]) for person in range(1, last + 1)]
               for camera in range(1, 7)]  # fmt: skip
    return mat_v5({"rand_perm_cam": column_cell([column_cell(persons) for persons in cameras])})


def _orders(seed: int, camera: int, person: int, count: int) -> Any:
    rows = [Draws(seed, NAME, "order", camera, person, trial).shuffled(range(1, count + 1)) for trial in range(10)]
    return np.array(rows if count else np.zeros((0, 0)), np.float64)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The id lists, the official permutations and the attribute table."""
    ids = _ids(size_name, seed)
    lists = {name: ids[name] for name in ("train", "val", "test")}
    lists["available"] = sorted(ids["train"] + ids["val"] + ids["test"])
    (root / "exp").mkdir(exist_ok=True)
    for name, persons in lists.items():
        (root / "exp" / f"{name}_id.txt").write_text(",".join(map(str, persons)) + "\n")
    (root / "exp" / "rand_perm_cam.mat").write_bytes(permutations(seed, found))
    write_attributes(root / "attributes.parquet", LAYOUT, seed, found, left_out=())


LAYOUT = Layout(name=NAME, folder="SYSU-MM01", shots=shots, write_labels=write_labels)
