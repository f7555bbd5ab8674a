"""CUHK03 as extracted PNG files: both kinds of boxes, the files of the new protocol, the test sets of the older one.

Awkward on purpose: a person who trains in one variant and is tested in the other, once each way, and a person whose
images are all from one view. A detected box shows the same moment as the labeled one, cut a little differently.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread
from generators.sample.mat_files import mat_v5, names_cell, write_cells

NAME = "cuhk03"
VARIANTS = ("labeled", "detected")
_FULL = 10  # images of a person
_PARTS = ("train", "query", "gallery")


@dataclass(frozen=True, slots=True)
class _Size:
    """Per camera pair: persons; per variant and pair: images and test persons; per variant all images of the test."""

    persons: tuple[int, ...]
    images: tuple[tuple[int, ...], tuple[int, ...]]
    tested: tuple[tuple[int, ...], tuple[int, ...]]
    test_images: tuple[int, int]


_SIZES = {
    "tiny": _Size((4, 3, 2, 2, 1), ((16, 12, 8, 8, 4),) * 2, ((2, 1, 1, 1, 0), (2, 2, 1, 0, 0)), (20, 20)),
    "demo": _Size((40, 20, 6, 4, 4), ((320, 160, 48, 32, 32),) * 2, ((16, 8, 3, 2, 1), (16, 9, 3, 1, 1)), (240, 240)),
    "official": _Size(
        (843, 440, 77, 58, 49), ((8177, 4337, 649, 510, 423), (8177, 4337, 650, 510, 423)),
        ((416, 211, 28, 24, 21), (416, 212, 28, 23, 21)), (6728, 6732),
    ),
}  # fmt: skip


def _counts(size: _Size, which: int) -> list[list[int]]:
    """Images of every person, tested persons first, by pair; pair 1 takes what the others do not explain."""
    images, tested = size.images[which], size.tested[which]
    shares = [total * asked // max(1, n) for total, asked, n in zip(images, tested, size.persons, strict=True)]
    shares[0] += size.test_images[which] - sum(shares)
    return [
        spread(share, asked) + spread(total - share, n - asked) if asked else spread(total, n)
        for share, asked, total, n in zip(shares, tested, images, size.persons, strict=True)
    ]


def _numbers(count: int, one_view: bool) -> list[int]:
    """Which of the numbers 1 to 10 a person's images have: 1 to 5 are of view 1, 6 to 10 of view 2."""
    half = count if one_view else (count + 1) // 2
    return [*range(1, half + 1), *range(6, 6 + count - half)]


def _lone_views(counts: list[int]) -> list[int]:
    """The counts when the last person keeps five images at most and others of the pair take the rest."""
    rest, changed = max(0, counts[-1] - 5), [*counts[:-1], min(5, counts[-1])]
    for i in range(len(changed) - 2, -1, -1):
        taken = min(rest, _FULL - changed[i])
        changed[i], rest = changed[i] + taken, rest - taken
    return changed


def _variant(seed: int, size: _Size, which: int) -> list[Shot]:
    found = []
    for pair, counts in enumerate(_counts(size, which), start=1):
        lone = pair == 3 and which == 0
        order = Draws(seed, NAME, "split", pair).shuffled(range(1, size.persons[pair - 1] + 1))
        for place, count in enumerate(_lone_views(counts) if lone else counts):
            tested = place < size.tested[which][pair - 1]
            for number in _numbers(count, lone and place == len(counts) - 1):
                part = "train" if not tested else "query" if number in (1, 6) else "gallery"
                found.append(_shot(seed, VARIANTS[which], part, pair, order[place], number))
    return sorted(found, key=lambda shot: shot.relpath)


def _shot(seed: int, variant: str, part: str, pair: int, person: int, number: int) -> Shot:
    draws = Draws(seed, NAME, "box", variant, pair, person, number)
    view = 1 + (number > 5)
    height = 112 + 4 * draws.whole(12)
    return Shot(
        relpath=f"images_{variant}/{pair}_{person:03d}_{view}_{number:02d}.png",
        person=1000 * pair + person,
        camera=2 * pair + view - 2,
        take=number,
        split=part,
        pid_raw=f"{pair}_{person:03d}",
        cam_raw=str(view),
        width=round(height * draws.number(0.4, 0.5)),
        height=height,
    )


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size, labeled boxes first."""
    return [shot for which in (0, 1) for shot in _variant(seed, _SIZES[size_name], which)]


def protocol_file(variant: str, found: Sequence[Shot]) -> bytes:
    """The file of the new protocol for one variant; indices count from 1."""
    members = [shot for shot in found if shot.relpath.startswith(f"images_{variant}/")]
    labels = {pid: i for i, pid in enumerate(sorted({shot.pid_raw for shot in members}), start=1)}
    content = {
        "filelist": names_cell([shot.relpath.partition("/")[2] for shot in members]),
        "labels": np.array([[labels[shot.pid_raw]] for shot in members], np.uint16),
        "camId": np.array([[int(shot.cam_raw or 0)] for shot in members], np.uint8),
    }
    for part in _PARTS:
        numbers = [i for i, shot in enumerate(members, start=1) if shot.split == part]
        content[f"{part}_idx"] = np.array([[number] for number in numbers], np.uint16)
    return mat_v5(content)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The files of the new protocol, and the container of the original without its pictures."""
    for variant in VARIANTS:
        (root / f"cuhk03_new_protocol_config_{variant}.mat").write_bytes(protocol_file(variant, found))
    (root / "original").mkdir(exist_ok=True)
    write_cells(root / "original" / "cuhk-03.mat", {}, test_sets(size_name, seed))


def test_sets(size_name: str, seed: int) -> list[list[tuple[int, int]]]:
    """The twenty test sets of the older protocol: (pair, person) each, drawn anew for every set."""
    persons = _SIZES[size_name].persons
    everybody = [(pair, person) for pair, count in enumerate(persons, 1) for person in range(1, count + 1)]
    size = min(100, len(everybody) // 3)
    return [sorted(Draws(seed, NAME, "test set", number).shuffled(everybody)[:size]) for number in range(20)]


LAYOUT = Layout(name=NAME, folder="cuhk03", shots=shots, write_labels=write_labels)
