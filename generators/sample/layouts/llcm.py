"""LLCM: nine cameras that see in both lights; `vis` and `nir` train, `test_vis` and `test_nir` have camera folders.

Awkward on purpose: no infrared test folder of camera 3, and copies of test pictures under the folder of another
camera (not at the official size, which has the official counts).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread

NAME = "llcm"
_CAMERAS = range(1, 10)
_UNLIT = 3  # the camera without infrared test pictures


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons, and pictures in visible light and in infrared, of both sets; cameras that see each person; copies."""

    train: tuple[int, int, int]
    test: tuple[int, int, int]
    cameras: int
    copies: int


_SIZES = {
    "tiny": _Size((5, 20, 20), (3, 12, 12), 3, 2),
    "demo": _Size((70, 420, 350), (30, 240, 200), 4, 6),
    "official": _Size((713, 16_946, 13_975), (351, 8_680, 7_166), 5, 0),
}


def _persons(size_name: str, seed: int) -> dict[str, list[int]]:
    size = _SIZES[size_name]
    everybody = Draws(seed, NAME, "split").shuffled(range(1, size.train[0] + size.test[0] + 1))
    return {"train": sorted(everybody[: size.train[0]]), "test": sorted(everybody[size.train[0] :])}


def _seats(seed: int, split: str, persons: Sequence[int], kind: str, cameras: int) -> list[tuple[int, int]]:
    """(person, camera) of everybody who is seen by a camera."""
    usable = [camera for camera in _CAMERAS if (split, kind, camera) != ("test", "nir", _UNLIT)]
    seen = {person: Draws(seed, NAME, split, kind, person).shuffled(usable)[:cameras] for person in persons}
    return [(person, camera) for person in persons for camera in sorted(seen[person])]


def _shot(split: str, kind: str, person: int, camera: int, number: int) -> Shot:
    pid, take = f"{person:04d}", number + (500 if kind == "nir" else 0)
    name = f"{pid}_c{camera:02d}_s{180_000 + 37 * camera + number // 8}_f{7 + 25 * number}_{kind}.jpg"
    return Shot(
        relpath=f"test_{kind}/cam{camera}/{pid}/{name}" if split == "test" else f"{kind}/{pid}/{name}",
        person=person,
        camera=camera,
        take=take,
        split=split,
        pid_raw=pid,
        cam_raw=f"cam{camera}",
        infrared=kind == "nir",
    )


def _part(size_name: str, seed: int, split: str, kind: str) -> list[Shot]:
    size = _SIZES[size_name]
    _, visible, infrared = size.test if split == "test" else size.train
    seats = _seats(seed, split, _persons(size_name, seed)[split], kind, size.cameras)
    counts = spread(visible if kind == "vis" else infrared, len(seats))
    return [
        _shot(split, kind, person, camera, number)
        for (person, camera), count in zip(seats, counts, strict=True)
        for number in range(count)
    ]


def _copy(shot: Shot) -> Shot:
    """The same picture under the folder of another camera; its name still tells the right one."""
    other = shot.camera % 9 + 1
    other = other + 1 if other == _UNLIT else other
    return replace(shot, relpath=shot.relpath.replace(f"/cam{shot.camera}/", f"/cam{other}/"), cam_raw=f"cam{other}")


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    found = [
        shot for split in ("train", "test") for kind in ("vis", "nir") for shot in _part(size_name, seed, split, kind)
    ]
    tested = [shot for shot in found if shot.split == "test"]
    copies = _SIZES[size_name].copies
    return found + [_copy(tested[len(tested) * number // copies]) for number in range(copies)]


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The four image lists and the line of test persons."""
    (root / "idx").mkdir(exist_ok=True)
    persons = _persons(size_name, seed)
    for split, members in persons.items():
        labels = {f"{person:04d}": label for label, person in enumerate(members)}
        for kind in ("vis", "nir"):
            named = [s for s in found if s.split == split and s.infrared == (kind == "nir")]
            lines = [f"{shot.relpath} {labels[shot.pid_raw]}\n" for shot in named]
            (root / "idx" / f"{split}_{kind}.txt").write_text("".join(lines))
    (root / "idx" / "test_id.txt").write_text(",".join(map(str, persons["test"])) + "\n")


LAYOUT = Layout(name=NAME, folder="LLCM", shots=shots, write_labels=write_labels)
