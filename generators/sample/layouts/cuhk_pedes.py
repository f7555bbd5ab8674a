"""CUHK-PEDES: pictures from five collections below imgs/ and one `reid_raw.json` with two captions a picture.

Awkward on purpose: pictures with three captions, a person with one picture, captions with typos, trailing blanks or
no full stop, and records without `processed_tokens`. Training ids are 1..N without a gap.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.sample.captions import describe
from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, spread
from generators.sample.render import view_of

NAME = "cuhk_pedes"
_FOLDERS = ("CUHK01", "CUHK03", "Market", "cam_a", "cam_b", "test_query", "train_query")


@dataclass(frozen=True, slots=True)
class _Size:
    """(persons, images) per split, and how many images have more than two captions."""

    train: tuple[int, int]
    val: tuple[int, int]
    test: tuple[int, int]
    third_captions: dict[str, int]


_SIZES = {
    "tiny": _Size((8, 18), (2, 4), (4, 9), {"train": 1, "val": 0, "test": 1}),
    "demo": _Size((250, 620), (20, 50), (60, 180), {"train": 4, "val": 1, "test": 2}),
    "official": _Size((11003, 34054), (1000, 3078), (1000, 3074), {"train": 18, "val": 2, "test": 8}),
}


def _shot(seed: int, split: str, person: int, take: int) -> Shot:
    draws = Draws(seed, NAME, "box", person, take)
    folder, height = draws.pick(_FOLDERS), 112 + 4 * draws.whole(9)
    name = f"p{person}_s{take + person * 7}" if folder.endswith("query") else f"{person}_{take}"
    return Shot(
        relpath=f"imgs/{folder}/{name}.jpg",
        person=person,
        camera=1 + draws.whole(8),
        take=take,
        split=split,
        pid_raw=str(person),
        cam_raw=None,
        width=round(height * draws.number(0.46, 0.54)),
        height=height,
    )


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size; the first person of each split has a single one."""
    size, found, first = _SIZES[size_name], [], 1
    for split, (persons, images) in (("train", size.train), ("val", size.val), ("test", size.test)):
        counts = [1, *spread(images - 1, persons - 1)]
        for person, count in enumerate(counts, start=first):
            found += [_shot(seed, split, person, take) for take in range(count)]
        first += persons
    return found


def captions_of(seed: int, shot: Shot, count: int) -> list[str]:
    """What `count` annotators wrote about a picture."""
    person, outfit = LAYOUT.person(seed, shot.person), LAYOUT.outfit(seed, shot.person, shot.outfit)
    view = view_of(LAYOUT.scene(shot, seed))
    keys = [(seed, NAME, "caption", shot.person, shot.take, i) for i in range(count)]
    return [describe(person, outfit, view, Draws(*key)) for key in keys]


def _record(seed: int, shot: Shot, index: int, captions: int) -> dict[str, Any]:
    texts = captions_of(seed, shot, captions)
    record: dict[str, Any] = {
        "split": shot.split,
        "captions": texts,
        "file_path": shot.relpath.removeprefix("imgs/"),
        "id": shot.person,
    }
    if index % 9 != 4:
        record["processed_tokens"] = [re.findall(r"[a-z]+|\d+", text.lower()) for text in texts]
    return record


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The caption file."""
    third = dict(_SIZES[size_name].third_captions)
    records = []
    for index, shot in enumerate(found):
        more = third[shot.split] > 0 and shot.take == 1
        third[shot.split] -= more
        records.append(_record(seed, shot, index, 3 if more else 2))
    (root / "reid_raw.json").write_text(json.dumps(records))


LAYOUT = Layout(name=NAME, folder="CUHK-PEDES", shots=shots, write_labels=write_labels)
