"""LTCC: PNGs of changing size named person_clothes_cN_frame, twelve cameras; three persons in five change clothes.

Beside it lies the generic `attributes.parquet` with facts by person and by (person, clothes).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.attribute_table import write_attributes
from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread

NAME = "ltcc"
CAMERAS = 12


@dataclass(frozen=True, slots=True)
class _Size:
    train_ids: int
    test_ids: int
    train_changers: int
    test_changers: int
    train: int
    query: int
    gallery: int


_SIZES = {
    "tiny": _Size(6, 4, 4, 3, 40, 10, 24),
    "demo": _Size(120, 40, 108, 34, 1080, 140, 400),
    "official": _Size(77, 75, 46, 45, 9576, 493, 7050),
}


def _outfits(seed: int, person: int, changes: bool) -> int:
    return 2 + Draws(seed, NAME, "outfits", person).whole(3) if changes else 1


def _cycle(seed: int, person: int, outfits: int) -> list[tuple[int, int]]:
    """(outfit, camera) pairs of a person, each outfit seen by several cameras."""
    cameras = Draws(seed, NAME, "cameras", person).shuffled(range(1, CAMERAS + 1))
    return [(1 + i % outfits, cameras[i % (4 + 2 * outfits) % CAMERAS]) for i in range(outfits * 12)]


def _shot(folder: str, split: str, seed: int, person: int, outfit: int, camera: int, take: int) -> Shot:
    draws = Draws(seed, NAME, "box", person, outfit, camera, take)
    height = 104 + 4 * draws.whole(13)
    return Shot(
        relpath=f"{folder}/{person:03d}_{outfit}_c{camera}_{take * 37 + 1009:06d}.png",
        person=person,
        outfit=outfit,
        camera=camera,
        take=take,
        split=split,
        pid_raw=f"{person:03d}",
        cam_raw=f"c{camera}",
        clothes_raw=str(outfit),
        width=round(height * draws.number(0.47, 0.53)),
        height=height,
    )


def _part(folder: str, split: str, seed: int, persons: dict[int, int], total: int, first: int) -> list[Shot]:
    found: list[Shot] = []
    for (person, outfits), count in zip(persons.items(), spread(total, len(persons)), strict=True):
        cycle = _cycle(seed, person, outfits)
        steps = [cycle[(i + first) % len(cycle)] for i in range(count)]
        found += [
            _shot(folder, split, seed, person, outfit, camera, first + i) for i, (outfit, camera) in enumerate(steps)
        ]
    return found


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    everybody = Draws(seed, NAME, "split").shuffled(range(1, size.train_ids + size.test_ids + 1))
    train_ids, test_ids = everybody[: size.train_ids], everybody[size.train_ids :]
    train = {p: _outfits(seed, p, i < size.train_changers) for i, p in enumerate(train_ids)}
    test = {p: _outfits(seed, p, i < size.test_changers) for i, p in enumerate(test_ids)}
    found = _part("train", "train", seed, dict(sorted(train.items())), size.train, 0)
    found += _part("query", "query", seed, dict(sorted(test.items())), size.query, 1000)
    return found + _part("test", "gallery", seed, dict(sorted(test.items())), size.gallery, 2003)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """Lists of who changes clothes, and the attribute table."""
    worn: dict[str, set[str]] = {}
    for shot in found:
        worn.setdefault(shot.pid_raw, set()).add(str(shot.clothes_raw))
    info = root / "info"
    info.mkdir(exist_ok=True)
    for name, wanted in (("cloth-change_id.txt", True), ("cloth-unchange_id.txt", False)):
        ids = sorted(int(pid) for pid, clothes in worn.items() if (len(clothes) > 1) == wanted)
        (info / name).write_text("".join(f"{pid}\n" for pid in ids))
    write_attributes(root / "attributes.parquet", LAYOUT, seed, found, left_out=())


LAYOUT = Layout(name=NAME, folder="LTCC_ReID", shots=shots, write_labels=write_labels)
