"""The pictures of DukeMTMC-reID's layout and of Occluded-Duke, which sorts fewer of them anew, of drawn people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Shot, seen_by, spread
from generators.sample.mat_files import person_structs
from generators.sample.people import draw_outfit, draw_person

DUKE = "dukemtmc"
_CAMERAS = 8
_UPPER = ("black", "white", "red", "purple", "gray", "blue", "green", "brown")
_LOWER = ("black", "white", "red", "gray", "blue", "green", "brown")
_SPELLING = {"gray": "grey"}


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
    """The attribute file, of every person who has a picture, and a note."""
    train = {shot.person for shot in found if shot.split == "train"}
    parts = {"train": sorted(train), "test": sorted({shot.person for shot in found} - train)}
    labels = {part: {person: _flags(seed, person) for person in persons} for part, persons in parts.items()}
    (root / "duke_attribute.mat").write_bytes(person_structs("duke_attribute", labels))
    (root / "readme.txt").write_text(f"A synthetic sample in the layout of {root.name}. Nobody in it exists.\n")


def _flags(seed: int, number: int) -> dict[str, int]:
    """The 23 labels of a person; nobody has a colour that is not among the annotated ones."""
    person, outfit = draw_person(seed, DUKE, number), draw_outfit(seed, DUKE, number, 1)
    values = {
        "gender": 2 if person.gender == "feminine" else 1,
        "top": 2 if outfit.upper_type in ("coat", "dress_top") else 1,
        "boots": 2 if outfit.footwear_type == "boots" else 1,
        "hat": 1 if outfit.headwear == "none" else 2,
        "backpack": 2 if outfit.bag == "backpack" else 1,
        "bag": 2 if outfit.bag == "shoulder_bag" else 1,
        "handbag": 2 if outfit.bag == "hand_bag" else 1,
        "shoes": 2 if outfit.footwear_color == "white" else 1,
    }
    values |= {f"up{word}": 2 if outfit.upper_color == _SPELLING.get(word, word) else 1 for word in _UPPER}
    return values | {f"down{word}": 2 if outfit.lower_color == _SPELLING.get(word, word) else 1 for word in _LOWER}
