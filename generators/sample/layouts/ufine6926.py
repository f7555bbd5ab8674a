"""UFine6926: numbered pictures in one folder, two captions of some eighty words each, in one `UFine6926.json`.

Awkward on purpose: names say nothing, persons count from 1, and the records are in no order of splits or persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread
from generators.sample.records import captions, record, write_records

NAME = "ufine6926"


@dataclass(frozen=True, slots=True)
class _Size:
    """(persons, images) per split."""

    train: tuple[int, int]
    test: tuple[int, int]


_SIZES = {
    "tiny": _Size((5, 14), (3, 9)),
    "demo": _Size((120, 450), (40, 150)),
    "official": _Size((4_926, 18_577), (2_000, 7_629)),
}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size, in the drawn order of its numbers."""
    size, seats, first = _SIZES[size_name], [], 1
    for split, (persons, images) in (("train", size.train), ("test", size.test)):
        for person, count in enumerate(spread(images, persons), start=first):
            seats += [(split, person, take) for take in range(count)]
        first += persons
    ordered = Draws(seed, NAME, "order").shuffled(seats)
    return [_shot(seed, number, *seat) for number, seat in enumerate(ordered, start=1)]


def _shot(seed: int, number: int, split: str, person: int, take: int) -> Shot:
    return Shot(
        relpath=f"images/{number:05d}.jpg",
        person=person,
        camera=1 + Draws(seed, NAME, "camera", person, take).whole(8),
        take=take,
        split=split,
        pid_raw=str(person),
        cam_raw=None,
    )


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The caption file."""
    write_records(
        root / "UFine6926.json",
        (
            record(shot, shot.person, ("file_path", shot.relpath), captions(LAYOUT, NAME, seed, shot, 2, times=4))
            for shot in found
        ),
    )


LAYOUT = Layout(name=NAME, folder="UFine6926", shots=shots, write_labels=write_labels)
