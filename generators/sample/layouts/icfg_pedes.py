"""ICFG-PEDES: pictures of MSMT17 under their own names, one long caption each, in one `ICFG-PEDES.json`.

Awkward on purpose: the folders `train` and `test` are MSMT17's and contradict the splits of the file, whose person
numbers are others too; some records lack `processed_tokens`. At the official size one person of MSMT17 counts as two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generators.sample.borrowed import LENDER, in_two, lender, original, people, shares
from generators.sample.layout import Layout, Shot
from generators.sample.records import captions, record, with_tokens, write_records

NAME = "icfg_pedes"


@dataclass(frozen=True, slots=True)
class _Size:
    """(persons, images) per split, and how many persons of MSMT17 are taken for two."""

    train: tuple[int, int]
    test: tuple[int, int]
    halved: int = 0


_SIZES = {
    "tiny": _Size((6, 24), (3, 12)),
    "demo": _Size((66, 500), (24, 240)),
    "official": _Size((3_102, 34_674), (1_000, 19_848), 1),
}


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    groups = in_two(people(size_name, seed, NAME), size.halved)
    found: list[Shot] = []
    first = 0
    for split, (persons, images) in (("train", size.train), ("test", size.test)):
        chosen = groups[first : first + persons]
        counts = shares(images, [len(group) for group in chosen])
        for number, (group, count) in enumerate(zip(chosen, counts, strict=True), start=first):
            found += [_shot(shot, split, number) for shot in group[:count]]
        first += persons
    return found


def _shot(shot: Shot, split: str, number: int) -> Shot:
    return replace(shot, relpath=f"imgs/{original(shot)}", split=split, pid_raw=str(number))


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The caption file."""
    entries = []
    for index, shot in enumerate(found):
        path = ("file_path", shot.relpath.removeprefix("imgs/"))
        entry = record(shot, int(shot.pid_raw), path, captions(LAYOUT, NAME, seed, shot, 1, times=2))
        entries.append(entry if index % 9 == 4 else with_tokens(entry))
    write_records(root / "ICFG-PEDES.json", entries)


LAYOUT = Layout(name=LENDER, folder="ICFG-PEDES", shots=shots, write_labels=write_labels, wardrobe=lender().wardrobe)
