"""VC-Clothes: four cameras, of which 2 and 3 see the same clothes and 4 other ones; outfits count from 1 per person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.attribute_table import write_attributes
from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread

NAME = "vc_clothes"


@dataclass(frozen=True, slots=True)
class _Size:
    train_ids: int
    test_ids: int
    train: int
    query: int
    gallery: int


_SIZES = {
    "tiny": _Size(5, 4, 40, 16, 24),
    "demo": _Size(60, 40, 720, 160, 480),
    "official": _Size(256, 256, 9_449, 1_020, 8_591),
}


def _outfit(seed: int, person: int, camera: int) -> int:
    """Camera 4 sees an outfit of its own, camera 1 sometimes a third one."""
    if camera == 4:
        return 2
    return 3 if camera == 1 and Draws(seed, NAME, "third", person).chance(0.4) else 1


def _shot(folder: str, seed: int, person: int, camera: int, number: int) -> Shot:
    outfit = _outfit(seed, person, camera)
    return Shot(
        relpath=f"{folder}/{person:04d}-{camera:02d}-{outfit:02d}-{number:02d}.jpg",
        person=person,
        outfit=outfit,
        camera=camera,
        take=number,
        split=folder,
        pid_raw=f"{person:04d}",
        cam_raw=f"{camera:02d}",
        clothes_raw=f"{outfit:02d}",
    )


def _part(folder: str, seed: int, persons: Sequence[int], total: int, first: int) -> list[Shot]:
    """`total` images, the same number for every person at every camera but for one."""
    seats = [(person, camera) for person in persons for camera in range(1, 5)]
    return [
        _shot(folder, seed, person, camera, first + i)
        for (person, camera), count in zip(seats, spread(total, len(seats)), strict=True)
        for i in range(count)
    ]


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    train, test = range(1, size.train_ids + 1), range(size.train_ids + 1, size.train_ids + size.test_ids + 1)
    found = _part("train", seed, train, size.train, 1)
    return found + _part("query", seed, test, size.query, 1) + _part("gallery", seed, test, size.gallery, 11)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The attribute table."""
    write_attributes(root / "attributes.parquet", LAYOUT, seed, found, left_out=())


LAYOUT = Layout(name=NAME, folder="VC-Clothes", shots=shots, write_labels=write_labels)
