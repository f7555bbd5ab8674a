"""Record files of described datasets: captions of pictures, and the JSON that lists them."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from generators.sample.captions import describe
from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot
from generators.sample.render import view_of


def captions(layout: Layout, source: str, seed: int, shot: Shot, count: int, times: int = 1) -> list[str]:
    """What `count` annotators of a source wrote about a picture, each `times` descriptions long."""
    person, outfit = layout.person(seed, shot.person), layout.outfit(seed, shot.person, shot.outfit)
    view = view_of(layout.scene(shot, seed))
    texts = [
        [
            describe(person, outfit, view, Draws(seed, source, "caption", shot.relpath, number, part))
            for part in range(times)
        ]
        for number in range(count)
    ]
    return [" ".join([*(f"{part.strip(' .')}." for part in parts[:-1]), parts[-1]]) for parts in texts]


def record(shot: Shot, person: int, path: tuple[str, str], texts: Sequence[str]) -> dict[str, Any]:
    """One record; `path` is the key and the value of its image."""
    return {"split": shot.split, "captions": list(texts), path[0]: path[1], "id": person}


def with_tokens(entry: dict[str, Any]) -> dict[str, Any]:
    """The record with the words of its captions."""
    return entry | {"processed_tokens": [re.findall(r"[a-z]+|\d+", text.lower()) for text in entry["captions"]]}


def write_records(path: Path, entries: Iterable[Any]) -> None:
    """The record file."""
    path.write_text(json.dumps(list(entries)), encoding="utf-8")
