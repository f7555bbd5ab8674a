"""PRCC: photos and contour sketches in two equal trees; the camera is in the name, but in `test/` it is a folder.

At cameras A and B a person wears one outfit, at C another. Validation photos show the training persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generators.sample.attribute_table import write_attributes
from generators.sample.layout import Layout, Shot, spread

NAME = "prcc"
_CAMERAS = "ABC"


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons and photos; `test` counts the photos of cameras A, B and C. There are as many sketches again."""

    train_ids: int
    test_ids: int
    train: int
    val: int
    test: tuple[int, int, int]


_SIZES = {
    "tiny": _Size(4, 3, 24, 12, (6, 6, 6)),
    "demo": _Size(50, 24, 600, 150, (96, 96, 96)),
    "official": _Size(150, 71, 17_896, 5_002, (3_384, 3_543, 3_873)),
}


def _shot(part: str, person: int, camera: int, number: int, take: int) -> Shot:
    letter, pid = _CAMERAS[camera - 1], f"{person:03d}"
    name = f"cropped_rgb{number:03d}.jpg"
    return Shot(
        relpath=f"rgb/test/{letter}/{pid}/{name}" if part == "test" else f"rgb/{part}/{pid}/{letter}_{name}",
        person=person,
        outfit=2 if letter == "C" else 1,
        camera=camera,
        take=take,
        split=part,
        pid_raw=pid,
        cam_raw=letter,
        clothes_raw="C" if letter == "C" else "AB",
    )


def _learnt(part: str, size: _Size, total: int, first: int) -> list[Shot]:
    seats = [(person, camera) for person in range(1, size.train_ids + 1) for camera in (1, 2, 3)]
    return [
        _shot(part, person, camera, number, first + number)
        for (person, camera), count in zip(seats, spread(total, len(seats)), strict=True)
        for number in range(1, count + 1)
    ]


def _tested(size: _Size) -> list[Shot]:
    persons = range(size.train_ids + 1, size.train_ids + size.test_ids + 1)
    return [
        _shot("test", person, camera, number, number)
        for camera, total in enumerate(size.test, start=1)
        for person, count in zip(persons, spread(total, len(persons)), strict=True)
        for number in range(1, count + 1)
    ]


def _sketch(shot: Shot) -> Shot:
    return replace(shot, relpath=shot.relpath.replace("rgb/", "sketch/", 1), sketch=True)


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    photos = _learnt("train", size, size.train, 0) + _learnt("val", size, size.val, 5_000) + _tested(size)
    return photos + [_sketch(shot) for shot in photos]


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The attribute table."""
    write_attributes(root / "attributes.parquet", LAYOUT, seed, found, left_out=())


LAYOUT = Layout(name=NAME, folder="prcc", shots=shots, write_labels=write_labels)
