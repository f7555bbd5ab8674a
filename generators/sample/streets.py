"""The pictures of Celeb-reID and its light sibling: photos numbered per person, no camera, no outfit in the name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Shot, spread

_PLACES = 36  # backdrops and lights among which a photo falls


@dataclass(frozen=True, slots=True)
class StreetSize:
    """Persons and images per folder, and how many photos of a person show one outfit."""

    train_ids: int
    test_ids: int
    train: int
    query: int
    gallery: int
    photos_per_outfit: int


def street_shots(source: str, size: StreetSize, seed: int) -> list[Shot]:
    """Every picture of one of the two datasets; a person's numbers run on from query to gallery."""
    train = range(1, size.train_ids + 1)
    test = range(size.train_ids + 1, size.train_ids + size.test_ids + 1)
    parts = (("train", train, size.train), ("query", test, size.query), ("gallery", test, size.gallery))
    photos: dict[int, int] = {}
    shots = []
    for folder, persons, total in parts:
        for person, count in zip(persons, spread(total, len(persons)), strict=True):
            for _ in range(count):
                photos[person] = photos.get(person, 0) + 1
                shots.append(_shot(source, size, seed, folder, person, photos[person]))
    return shots


def _shot(source: str, size: StreetSize, seed: int, folder: str, person: int, photo: int) -> Shot:
    return Shot(
        relpath=f"{folder}/{person}_{photo}_0.jpg",
        person=person,
        outfit=1 + photo // size.photos_per_outfit,
        camera=Draws(seed, source, "place", person, photo).whole(_PLACES),
        take=photo,
        split=folder,
        pid_raw=str(person),
        cam_raw=None,
    )


def street_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """A readme: these datasets have no label file."""
    (root / "readme.txt").write_text("A synthetic sample. Nobody in it exists, and nobody in it is famous.\n")
