"""The pictures of DukeMTMC-reID's layout and of Occluded-Duke, which sorts fewer of them anew, of drawn people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Shot, seen_by, spread

DUKE = "dukemtmc"
_CAMERAS = 8


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons and images; `unasked` persons are in the gallery only."""

    train_ids: int
    test_ids: int
    unasked: int
    train: int
    query: int
    gallery: int


_SIZES = {
    "tiny": _Size(4, 3, 2, 16, 6, 20),
    "demo": _Size(40, 20, 10, 400, 60, 240),
    "official": _Size(702, 702, 408, 16_522, 2_228, 17_661),
}
# Images that Occluded-Duke keeps of train and of query.
_OCCLUDED = {"tiny": (12, 4), "demo": (380, 56), "official": (15_618, 2_210)}


def _part(folder: str, split: str, seed: int, persons: Sequence[int], total: int, first: int) -> list[Shot]:
    """`total` images, spread over the persons and over the two or three cameras that see each of them."""
    cameras = range(1, _CAMERAS + 1)
    share = {camera: max(1, len(persons) * 3 // _CAMERAS) for camera in cameras}
    seen = seen_by(Draws(seed, DUKE, "cameras", len(persons)), persons, share)
    views = {person: [camera for camera in cameras if person in set(seen[camera])] or [1] for person in persons}
    return [
        _shot(folder, split, person, views[person][number % len(views[person])], first + number)
        for person, count in zip(persons, spread(total, len(persons)), strict=True)
        for number in range(count)
    ]


def _shot(folder: str, split: str, person: int, camera: int, number: int) -> Shot:
    return Shot(
        relpath=f"{folder}/{person:04d}_c{camera}_f{number * 60 + 44_158:07d}.jpg",
        person=person,
        camera=camera,
        take=number,
        split=split,
        pid_raw=f"{person:04d}",
        cam_raw=f"c{camera}",
    )


def duke_shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of DukeMTMC-reID at a size."""
    size = _SIZES[size_name]
    total = size.train_ids + size.test_ids + size.unasked
    everybody = Draws(seed, DUKE, "split").shuffled(range(1, total + 1))
    train, test = sorted(everybody[: size.train_ids]), everybody[size.train_ids :]
    found = _part("bounding_box_train", "train", seed, train, size.train, 0)
    found += _part("query", "query", seed, sorted(test[: size.test_ids]), size.query, 5_000)
    return found + _part("bounding_box_test", "gallery", seed, sorted(test), size.gallery, 10_000)


def occluded_shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of Occluded-Duke at a size: the same pictures, but some of train and query are left out."""
    kept = _OCCLUDED[size_name]
    everything = duke_shots(size_name, seed)
    parts = {split: [shot for shot in everything if shot.split == split] for split in ("train", "query", "gallery")}
    return parts["train"][: kept[0]] + parts["query"][: kept[1]] + parts["gallery"]


def duke_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """A note."""
    (root / "readme.txt").write_text(f"A synthetic sample in the layout of {root.name}. Nobody in it exists.\n")
