"""RSTPReid: five pictures of every person of MSMT17 under new names, two captions each, in one `data_captions.json`.

Awkward on purpose: the image key is `img_path`, numbers start at 0, cameras have one or two digits, and some captions
miss the blank after a full stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generators.sample.borrowed import LENDER, lender, people
from generators.sample.layout import Layout, Shot
from generators.sample.records import captions, record, write_records

NAME = "rstpreid"
_EACH = 5


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons of train, val and test."""

    train: int
    val: int
    test: int


_SIZES = {"tiny": _Size(5, 1, 3), "demo": _Size(70, 5, 15), "official": _Size(3_701, 200, 200)}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    splits = ["train"] * size.train + ["val"] * size.val + ["test"] * size.test
    groups = people(size_name, seed, NAME)
    return [
        _shot(shot, split, number, index)
        for number, (split, group) in enumerate(zip(splits, groups, strict=True))
        for index, shot in enumerate(_spaced(group))
    ]


def _spaced(group: list[Shot]) -> list[Shot]:
    """Five pictures of a person, as far apart as can be: of several cameras."""
    return [group[len(group) * i // _EACH] for i in range(_EACH)]


def _shot(shot: Shot, split: str, number: int, index: int) -> Shot:
    name = f"{number:04d}_c{shot.camera}_{index * 7 + number % 7:04d}.jpg"
    return replace(shot, relpath=f"imgs/{name}", split=split, pid_raw=str(number), cam_raw=f"c{shot.camera}")


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The caption file."""
    entries = []
    for index, shot in enumerate(found):
        texts = captions(LAYOUT, NAME, seed, shot, 2, times=2)
        if index % 7 == 3:
            texts[0] = texts[0].replace(". ", ".")
        entries.append(record(shot, int(shot.pid_raw), ("img_path", shot.relpath.removeprefix("imgs/")), texts))
    write_records(root / "data_captions.json", entries)


LAYOUT = Layout(name=LENDER, folder="RSTPReid", shots=shots, write_labels=write_labels, wardrobe=lender().wardrobe)
