"""RegDB: a folder per person below `Visible` and `Thermal`, BMP pictures, and forty lists of ten trials.

Awkward on purpose: labels in the lists are renumbered in every trial, folders are not filled up with zeros, and one
list has Windows line ends and a blank line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot
from generators.sample.render import view_of

NAME = "regdb"
TRIALS = range(1, 11)
_KINDS = {"Visible": "v", "Thermal": "t"}


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons, an even number, and images of each in each folder."""

    persons: int
    images: int


_SIZES = {"tiny": _Size(8, 3), "demo": _Size(60, 8), "official": _Size(412, 10)}


def halves(size_name: str, seed: int, trial: int) -> dict[str, list[int]]:
    """The persons of both halves of a trial, in the order of their labels."""
    persons = Draws(seed, NAME, "trial", trial).shuffled(range(1, _SIZES[size_name].persons + 1))
    middle = len(persons) // 2
    return {"train": sorted(persons[:middle]), "test": sorted(persons[middle:])}


def _shot(seed: int, split: str, person: int, kind: str, take: int) -> Shot:
    gender = "male" if LAYOUT.person(seed, person).gender == "masculine" else "female"
    shot = Shot(
        relpath="",
        person=person,
        camera=1 if kind == "Visible" else 2,
        take=take,
        split=split,
        pid_raw=str(person),
        cam_raw=kind,
        infrared=kind == "Thermal",
        film="thermal" if kind == "Thermal" else "",
    )
    view = view_of(LAYOUT.scene(shot, seed))
    name = f"{gender}_{view}_{_KINDS[kind]}_{person * 40 + take:05d}_{person}.bmp"
    return replace(shot, relpath=f"{kind}/{person}/{name}")


def _of_person(seed: int, split: str, person: int, kind: str, images: int) -> list[Shot]:
    """Pictures of one folder; those that show the person from the side were not taken."""
    taken = (_shot(seed, split, person, kind, take) for take in range(40 * images))
    return list(islice((shot for shot in taken if "_front_" in shot.relpath or "_back_" in shot.relpath), images))


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size; split as in trial 1."""
    size = _SIZES[size_name]
    return [
        shot
        for split, persons in halves(size_name, seed, 1).items()
        for person in persons
        for kind in _KINDS
        for shot in _of_person(seed, split, person, kind, size.images)
    ]


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The lists of all trials."""
    (root / "idx").mkdir(exist_ok=True)
    for trial in TRIALS:
        for split, persons in halves(size_name, seed, trial).items():
            labels = {str(person): label for label, person in enumerate(persons)}
            for kind in _KINDS:
                lines = [f"{s.relpath} {labels[s.pid_raw]}" for s in found if s.cam_raw == kind and s.pid_raw in labels]
                end = "\r\n" if (trial, split, kind) == (2, "train", "Visible") else "\n"
                text = "".join(line + end for line in sorted(lines)) + (end if end == "\r\n" else "")
                (root / "idx" / f"{split}_{kind.lower()}_{trial}.txt").write_bytes(text.encode())


LAYOUT = Layout(name=NAME, folder="RegDB", shots=shots, write_labels=write_labels)
