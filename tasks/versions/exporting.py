"""What every export form shares: samples ready to be worded for a trainer, and the pictures beside them.

A form is one file in `exports/` that defines one EXPORT; it gets samples and writes files, and never sees a version.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.answers import marker, markers
from schemas.errors import BadTable
from tasks.versions.regions import shown_name

IMAGE_TAG = "<image>"
PIXELS = ("min_pixels", "max_pixels")
"""What trainers call the two ends of `Sample.pixels`."""
_SUFFIXES = {"jpeg": "jpg", "png": "png", "bmp": "bmp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a sample: its id, its name below the export folder, and how its bytes are read."""

    image_id: str
    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation: turns still hold `[[image:n]]`; `pictures` are in the order in which the turns show them."""

    sample_id: str
    stage: int
    family: str
    split: str
    pictures: tuple[Picture, ...]
    turns: tuple[tuple[str, str], ...]
    answer_kind: str
    answer: str
    pixels: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One trainer's form. `write` puts its files into an empty folder and returns how many samples it wrote.

    `write(samples, folder, stem)` names its main file after `stem`, such as `stage2-train`. `usage` is one sentence
    for the README of the export, with `{stem}` in place of it and `{pixels}` where the pixel budget stands.
    """

    title: str
    usage: str
    write: Callable[[Iterable[Sample], Path, str], int]


def samples_of(rows: pa.Table, pictures: Mapping[str, Picture]) -> Iterator[Sample]:
    """The samples of conversation rows. Raises BadTable naming the sample when a trainer could not read it."""
    for batch in rows.to_batches(max_chunksize=1_000):
        for row in batch.to_pylist():
            yield _sample(row, pictures)


def _sample(row: Mapping[str, Any], pictures: Mapping[str, Picture]) -> Sample:
    turns = tuple((turn["role"], turn["text"]) for turn in row["turns"])
    _refuse_unreadable(row["sample_id"], turns, len(row["images"]))
    shown = [number for _, text in turns for number in markers(text)]
    return Sample(
        sample_id=row["sample_id"],
        stage=row["stage"],
        family=row["family"],
        split=row["split"],
        pictures=tuple(pictures[shown_name(row["images"][number - 1])] for number in shown),
        turns=turns,
        answer_kind=row["answer"]["kind"],
        answer=row["answer"]["text"],
        pixels=(row["pixel_budget"]["min_pixels"], row["pixel_budget"]["max_pixels"]),
    )


def _refuse_unreadable(sample_id: str, turns: tuple[tuple[str, str], ...], n_images: int) -> None:
    roles = [role for role, _ in turns]
    shown = [number for _, text in turns for number in markers(text)]
    fault = ""
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        fault = f"its roles are {roles}, not user and assistant in turn"
    elif any(markers(text) for role, text in turns if role == "assistant"):
        fault = "an answer shows an image"
    elif any(IMAGE_TAG in text for _, text in turns):
        fault = f"a turn contains the text {IMAGE_TAG!r}, which trainers take for an image"
    elif shown and max(shown) > n_images:
        fault = f"a turn shows image {max(shown)} of {n_images}"
    if fault:
        raise BadTable(f"The sample {sample_id!r} cannot be exported: {fault}. Remove it, or mend its question.")


def with_tags(text: str, tag: str = IMAGE_TAG) -> str:
    """A turn with every image marker replaced by the trainers' image tag."""
    for number in sorted(set(markers(text))):
        text = text.replace(marker(number), tag)
    return text


def picture_name(source: str, sha256: str, kind: str) -> str:
    """Where an export keeps a picture: named by content, so that no odd raw file name reaches a trainer."""
    return f"images/{source}/{sha256[:24]}.{_SUFFIXES.get(kind, kind)}"


def write_jsonl(lines: Iterable[tuple[Sample, Mapping[str, Any]]], folder: Path, name: str) -> int:
    """Write one JSON line per sample, and every picture it shows as a file; returns the number of lines."""
    written: set[str] = set()
    count = 0
    with (folder / name).open("w", encoding="utf-8", newline="\n") as file:
        for sample, line in lines:
            _write_pictures(sample, folder, written)
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def _write_pictures(sample: Sample, folder: Path, written: set[str]) -> None:
    for picture in sample.pictures:
        if picture.name not in written:
            path = folder / picture.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture.read())
            written.add(picture.name)
