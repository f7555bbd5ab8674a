"""Market-1501: three folders of named JPEGs and `market_attribute.mat` (a struct per split, one column per person).

Awkward on purpose: junk (-1), distractors (0000), `Thumbs.db`, one `.jpg.jpg`, persons whose colour is not among the
annotated ones, a field order that differs between the two structs, and (not at the official size) a truncated JPEG
and an error page saved as a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, seen_by, spread
from generators.sample.mat_files import person_structs
from generators.sample.people import Outfit, Person, Wardrobe

NAME = "market1501"
_UPPER = {
    "black": "upblack", "white": "upwhite", "red": "upred", "purple": "uppurple", "yellow": "upyellow",
    "grey": "upgray", "blue": "upblue", "green": "upgreen",
}  # fmt: skip
_LOWER = {
    "black": "downblack", "white": "downwhite", "pink": "downpink", "purple": "downpurple", "yellow": "downyellow",
    "grey": "downgray", "blue": "downblue", "green": "downgreen", "brown": "downbrown",
}  # fmt: skip
_AGES = {"child": 1, "teenager": 2, "adult": 3, "senior": 4}
_WARDROBE = Wardrobe(
    upper=("black", "white", "grey", "red", "yellow", "green", "blue", "purple", "orange", "pink"),
    lower=("black", "white", "grey", "blue", "green", "brown", "pink", "yellow", "beige"),
)


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons and images per split; dictionaries run over the six cameras."""

    train_ids: int
    test_ids: int
    train: dict[int, int]
    query: dict[int, int]
    gallery: dict[int, int]
    distractors: dict[int, int]
    junk: dict[int, int]
    hand_drawn: int


def _cameras(*counts: int) -> dict[int, int]:
    return dict(enumerate(counts, start=1))


_SIZES = {
    "tiny": _Size(
        8, 5, _cameras(6, 6, 8, 4, 6, 8), _cameras(3, 3, 3, 1, 3, 3), _cameras(5, 5, 6, 2, 5, 6),
        _cameras(1, 1, 0, 0, 0, 1), _cameras(1, 0, 1, 0, 0, 0), 6,
    ),
    "demo": _Size(
        300, 80, _cameras(400, 380, 440, 300, 420, 460), _cameras(44, 40, 46, 28, 42, 40),
        _cameras(88, 80, 92, 56, 84, 80), _cameras(12, 10, 10, 8, 10, 10), _cameras(6, 6, 6, 4, 10, 8), 0,
    ),
    "official": _Size(
        751, 750, _cameras(2017, 1709, 2707, 920, 2338, 3245), _cameras(668, 530, 717, 248, 622, 583),
        _cameras(2114, 1740, 2822, 890, 2380, 3169), _cameras(624, 484, 377, 475, 382, 456),
        _cameras(418, 720, 604, 306, 1052, 719), 25259,
    ),
}  # fmt: skip


def _persons(size: _Size, seed: int) -> tuple[list[int], list[int]]:
    everybody = Draws(seed, NAME, "split").shuffled(range(1, size.train_ids + size.test_ids + 1))
    return sorted(everybody[: size.train_ids]), sorted(everybody[size.train_ids :])


def _shot(folder: str, split: str, person: int, camera: int, take: int, box: int, suffix: str = ".jpg") -> Shot:
    pid = {-1: "-1", -2: "0000"}.get(person, f"{person:04d}")
    name = f"{pid}_c{camera}s{1 + take % 3}_{take * 25 + 151:06d}_{box:02d}{suffix}"
    return Shot(
        relpath=f"{folder}/{name}",
        person=person,
        camera=camera,
        take=take,
        split=split,
        pid_raw=pid,
        cam_raw=f"c{camera}",
    )


def _of_persons(
    folder: str, split: str, seen: dict[int, list[int]], counts: dict[int, int], first: int, box: int
) -> list[Shot]:
    shots: list[Shot] = []
    for camera, persons in seen.items():
        for person, count in zip(persons, spread(counts[camera], len(persons)), strict=True):
            shots += [_shot(folder, split, person, camera, first + i, box) for i in range(count)]
    return shots


def _of_nobody(person: int, counts: dict[int, int]) -> list[Shot]:
    return [
        _shot("bounding_box_test", "gallery", person, camera, 20000 + i, 1 + i % 9)
        for camera, count in counts.items()
        for i in range(count)
    ]


def _train(size: _Size, seed: int, persons: list[int]) -> list[Shot]:
    share = {camera: max(1, min(len(persons), round(len(persons) * 0.68))) for camera in size.train}
    share = {camera: min(share[camera], count) for camera, count in size.train.items()}
    seen = seen_by(Draws(seed, NAME, "train cameras"), persons, share)
    shots = _of_persons("bounding_box_train", "train", seen, size.train, 0, 1)
    first = shots[0]
    shots[0] = _shot("bounding_box_train", "train", first.person, first.camera, first.take, 1, ".jpg.jpg")
    return shots


def _damaged(persons: list[int]) -> list[Shot]:
    return [
        replace(_shot("bounding_box_train", "train", persons[i], 1 + i, 9000 + i, 1), damage=damage)
        for i, damage in enumerate(("truncated", "html"))
    ]


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    train_ids, test_ids = _persons(size, seed)
    seen = seen_by(Draws(seed, NAME, "test cameras"), test_ids, size.query)
    found = _train(size, seed, train_ids)
    found += _of_persons("query", "query", seen, size.query, 100, 0)
    found += _of_persons("bounding_box_test", "gallery", seen, size.gallery, 200, 1)
    found += _of_nobody(-2, size.distractors) + _of_nobody(-1, size.junk)
    found += _hand_drawn(size, train_ids + test_ids)
    return found if size_name == "official" else found + _damaged(train_ids)


def _hand_drawn(size: _Size, persons: list[int]) -> list[Shot]:
    if not size.hand_drawn:
        return []
    counts = spread(size.hand_drawn, len(persons))
    return [
        _shot("gt_bbox", "multi_query", person, 1 + (i + person) % 6, 400 + i, 0)
        for person, count in zip(persons, counts, strict=True)
        for i in range(count)
    ]


def _flags(person: Person, outfit: Outfit) -> dict[str, int]:
    values = {
        "gender": 2 if person.gender == "feminine" else 1,
        "hair": 2 if person.hair_length in ("medium", "long", "tied") else 1,
        "up": 2 if outfit.upper_sleeve == "short" else 1,
        "down": 2 if outfit.lower_length != "long" else 1,
        "clothes": 1 if outfit.lower_type in ("dress", "skirt") else 2,
        "hat": 1 if outfit.headwear == "none" else 2,
        "backpack": 2 if outfit.bag == "backpack" else 1,
        "bag": 2 if outfit.bag == "shoulder_bag" else 1,
        "handbag": 2 if outfit.bag == "hand_bag" else 1,
        "age": _AGES[person.age],
    }
    values |= {name: 2 if outfit.upper_color == colour else 1 for colour, name in _UPPER.items()}
    return values | {name: 2 if outfit.lower_color == colour else 1 for colour, name in _LOWER.items()}


def _labels(seed: int, persons: Sequence[int]) -> dict[int, dict[str, int]]:
    return {person: _flags(LAYOUT.person(seed, person), LAYOUT.outfit(seed, person, 1)) for person in persons}


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The attribute file, the readme, and a thumbnail cache that is not a picture."""
    train_ids, test_ids = _persons(_SIZES[size_name], seed)
    labels = {"train": _labels(seed, train_ids), "test": _labels(seed, test_ids)}
    (root / "market_attribute.mat").write_bytes(person_structs("market_attribute", labels))
    (root / "readme.txt").write_text("A synthetic sample in the layout of Market-1501. Nobody in it exists.\n")
    (root / "bounding_box_test" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0not a picture")


LAYOUT = Layout(name=NAME, folder="Market-1501-v15.09.15", shots=shots, write_labels=write_labels, wardrobe=_WARDROBE)
