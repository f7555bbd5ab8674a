"""ORBench: four folders of pictures per person, captions of photos, and queries that combine what is known of somebody.

Awkward on purpose: all 32 query keys, whose order of modalities matters; captions of tested persons that do not name
their image; and persons with more photos than drawings.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread
from generators.sample.records import captions, write_records

NAME = "orbench"
_FOLDERS = ("vis", "nir", "cp", "sk")
_ITEMS = {"NIR": "nir", "CP": "cp", "SK": "sk", "TEXT": "vis"}
_FILMS = {"cp": "colour_drawing", "sk": "contours"}


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons of train and test, and pictures in each of the four folders."""

    train: int
    test: int
    pictures: tuple[int, int, int, int]


_SIZES = {
    "tiny": _Size(4, 3, (21, 14, 7, 7)),
    "demo": _Size(60, 40, (500, 300, 200, 200)),
    "official": _Size(600, 400, (45_113, 26_071, 18_000, 18_000)),
}


def query_keys() -> list[str]:
    """The 32 keys: each kind first, followed by every choice of the other kinds."""
    return [
        "+".join((first, *others))
        for count in range(4)
        for first in _ITEMS
        for others in combinations([kind for kind in _ITEMS if kind != first], count)
    ]


def _shot(seed: int, split: str, person: int, folder: str, number: int) -> Shot:
    take = 1_000 * _FOLDERS.index(folder) + number
    return Shot(
        relpath=f"{folder}/{person:04d}/{person:04d}_{folder}_{number:03d}.jpg",
        person=person,
        camera=1 + Draws(seed, NAME, "camera", folder, person, number).whole(6),
        take=take,
        split=split,
        pid_raw=f"{person:04d}",
        cam_raw=None,
        infrared=folder == "nir",
        film=_FILMS.get(folder, ""),
    )


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    everybody = Draws(seed, NAME, "split").shuffled(range(1, size.train + size.test + 1))
    trained = set(everybody[: size.train])
    return [
        _shot(seed, "train" if person in trained else "test", person, folder, number)
        for folder, total in zip(_FOLDERS, size.pictures, strict=True)
        for person, count in enumerate(spread(total, len(everybody)), start=1)
        for number in range(1, count + 1)
    ]


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The training captions, the gallery and the queries."""
    write_records(root / "train_annos.json", (_annotation(seed, s) for s in _photos(found, "train")))
    gallery = [[shot.person, shot.relpath] for shot in _photos(found, "test")]
    items = _items(seed, found)
    queries = {key: [*_queries(seed, key, items)] for key in query_keys()}
    content = json.dumps({"RGB_GALLERY": gallery, **queries})
    (root / "test_gallery_and_queries.json").write_text(content, encoding="utf-8")


def _photos(found: Sequence[Shot], split: str) -> list[Shot]:
    return [shot for shot in found if shot.split == split and shot.relpath.startswith("vis/")]


def _caption(seed: int, shot: Shot) -> str:
    return captions(LAYOUT, NAME, seed, shot, 1)[0]


def _annotation(seed: int, shot: Shot) -> dict[str, Any]:
    return {"id": shot.person, "file_path": shot.relpath, "caption": _caption(seed, shot)}


def _items(seed: int, found: Sequence[Shot]) -> dict[str, dict[int, list[str]]]:
    """What each kind of query can show of each tested person."""
    items: dict[str, dict[int, list[str]]] = {kind: {} for kind in _ITEMS}
    for shot in found:
        for kind, folder in _ITEMS.items() if shot.split == "test" else ():
            if shot.relpath.startswith(f"{folder}/"):
                item = _caption(seed, shot) if kind == "TEXT" else shot.relpath
                items[kind].setdefault(shot.person, []).append(item)
    return items


def _queries(seed: int, key: str, items: dict[str, dict[int, list[str]]]) -> Iterator[list[Any]]:
    """One query per item of the first kind, completed by drawn items of the others."""
    first, *others = key.split("+")
    for person, anchors in items[first].items():
        draws = Draws(seed, NAME, key, person)
        for anchor in anchors:
            yield [person, anchor, *(draws.pick(items[kind][person]) for kind in others)]


LAYOUT = Layout(name=NAME, folder="ORBench", shots=shots, write_labels=write_labels)
