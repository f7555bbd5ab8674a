"""Sample conversations for the report: a few rows of every family, with their pictures and how each got there."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from schemas.keys import hash_ids, mix, order, seed_of
from tasks.versions.reader import VersionFolder
from tasks.view import cut


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a sample: its number in the conversation, role, source, and bytes as a data URI."""

    number: int
    role: str
    caption: str
    uri: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation as a person reads it."""

    sample_id: str
    subtask: str
    pictures: Sequence[Picture]
    turns: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FamilySamples:
    """A family's stage, row counts per split, and some of its samples."""

    family: str
    stage: int
    rows: dict[str, int]
    samples: Sequence[Sample]


def family_samples(version: VersionFolder, n: int = 3) -> list[FamilySamples]:
    """Every family of a version in (stage, name) order with up to `n` samples, chosen by key."""
    table = version.table("conversations", ["stage", "family", "split"])
    counted = table.group_by(["stage", "family", "split"]).aggregate([([], "count_all")]).to_pylist()
    rows: dict[tuple[int, str], dict[str, int]] = {}
    for cell in counted:
        rows.setdefault((cell["stage"], cell["family"]), {})[cell["split"]] = cell["count_all"]
    return [
        FamilySamples(family, stage, dict(sorted(splits.items())), _samples(version, stage, family, n))
        for (stage, family), splits in sorted(rows.items())
    ]


def _samples(version: VersionFolder, stage: int, family: str, n: int) -> list[Sample]:
    columns = ["sample_id", "subtask", "family", "stage", "images", "turns", "negatives"]
    table = version.table("conversations", columns)
    mask = pa.array([a == family and b == stage for a, b in zip(*_pair(table), strict=True)], pa.bool_())
    rows = table.filter(mask)
    ids = rows.column("sample_id").to_pylist()
    chosen = order(mix(seed_of("report", family), hash_ids(ids)))[:n]
    return [_sample(version, row) for row in rows.take(pa.array(chosen)).to_pylist()]


def _pair(table: pa.Table) -> tuple[list[str], list[int]]:
    return table.column("family").to_pylist(), table.column("stage").to_pylist()


def _sample(version: VersionFolder, row: dict[str, Any]) -> Sample:
    ids = [image["image_id"] for image in row["images"]]
    why = {negative["ref"]: negative["strategy"] for negative in row["negatives"]}
    pictures = [
        Picture(number, image["role"], why.get(image["image_id"], image["source"]), _uri(data, image))
        for number, (image, data) in enumerate(zip(row["images"], version.image_bytes(ids), strict=True), start=1)
    ]
    turns = [(turn["role"], readable(turn["text"])) for turn in row["turns"]]
    return Sample(row["sample_id"], row["subtask"], pictures, turns)


def _uri(encoded: bytes, image: dict[str, Any]) -> str:
    """What a row shows of an image, as a data URI."""
    return data_uri(cut(encoded, image.get("region")))


def readable(text: str) -> str:
    """A turn's text with its image markers as small bracketed numbers: `[[image:2]]` becomes `⟨2⟩`."""
    return re.sub(r"\s*\[\[image:(\d+)\]\]", r" ⟨\1⟩", text).strip()


def data_uri(encoded: bytes) -> str:
    """Image bytes as a data URI, type by magic bytes."""
    kind = "png" if encoded.startswith(b"\x89PNG") else "bmp" if encoded.startswith(b"BM") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"
