"""DeepChange: five folders, seventeen cameras, and beside each folder a list with the tracklet of every image.

Awkward on purpose: a list with Windows line ends and a blank line, lists with further columns, and gallery images
from the very tracklet of a query, which the evaluation has to remove.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread

NAME = "deepchange"
_CAMERAS = 17
_TRACKLET = 5  # images of one tracklet
_PER_PERSON = 10_000  # tracklet numbers set aside for a person
_FOLDERS = ("train-set", "val-set-query", "val-set-gallery", "test-set-query", "test-set-gallery")
_SPLITS = dict(zip(_FOLDERS, ("train", "val_query", "val_gallery", "query", "gallery"), strict=True))


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons of train, val and test, and images of the five folders."""

    persons: tuple[int, int, int]
    images: tuple[int, int, int, int, int]


_SIZES = {
    "tiny": _Size((4, 2, 3), (40, 4, 12, 6, 30)),
    "demo": _Size((60, 10, 30), (900, 40, 120, 120, 450)),
    "official": _Size((450, 150, 521), (75_083, 4_976, 17_865, 17_527, 62_956)),
}


def _tracklet(folder: str, number: int) -> int:
    """Which tracklet of a person an image belongs to: a query has one of its own, which the gallery begins with."""
    return 1 + number if folder.endswith("query") else 1 + number // _TRACKLET


def _shot(folder: str, seed: int, person: int, number: int) -> Shot:
    tracklet = _tracklet(folder, number)
    draws = Draws(seed, NAME, "tracklet", person, tracklet)
    camera, outfit = 1 + draws.whole(_CAMERAS), 1 + draws.whole(3)
    kind = 1 if folder.endswith("query") else 2
    return Shot(
        relpath=f"{folder}/P{person}_C{camera}_{outfit}_{tracklet:05d}_{kind}{number:05d}.jpg",
        person=person,
        outfit=outfit,
        camera=camera,
        take=number + 1000 * kind,
        split=_SPLITS[folder],
        pid_raw=f"P{person}",
        cam_raw=f"C{camera}",
        clothes_raw=str(outfit),
    )


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    train, val, test = size.persons
    ranges = (range(1, train + 1), range(train + 1, train + val + 1), range(train + val + 1, train + val + test + 1))
    persons = (ranges[0], ranges[1], ranges[1], ranges[2], ranges[2])
    return [
        _shot(folder, seed, person, number)
        for folder, members, total in zip(_FOLDERS, persons, size.images, strict=True)
        for person, count in zip(members, spread(total, len(members)), strict=True)
        for number in range(count)
    ]


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The five lists."""
    for folder in _FOLDERS:
        end = "\r\n" if folder == "train-set" else "\n"
        named = [shot for shot in found if shot.split == _SPLITS[folder]]
        lines = [_line(shot) + (",12,40,64,128" if "val" in folder else "") + end for shot in named]
        (root / f"{folder}-bbox.txt").write_bytes("".join([*lines, end]).encode())


def _line(shot: Shot) -> str:
    name = shot.relpath.rpartition("/")[2]
    return f"{name},{shot.person * _PER_PERSON + int(name.split('_')[3])}"


LAYOUT = Layout(name=NAME, folder="DeepChangeDataset", shots=shots, write_labels=write_labels)
