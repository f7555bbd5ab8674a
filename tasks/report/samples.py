"""Sample conversations for the report: a few rows of every family, with their pictures and how each got there."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from schemas.keys import hash_ids, mix, order, seed_of
from tasks.versions.reader import VersionFolder
from tasks.view import cut

_COLUMNS = ("sample_id", "stage", "family", "subtask", "split", "images", "texts", "turns", "negatives", "template")
_QUOTED = 60
_STRATEGIES = {
    "attribute_other": "has another value",
    "attribute_twin": "equal in some attributes",
    "clothes_twin": "similar clothes",
    "contradicts_caption": "the caption is not true of it",
    "contradicts_note": "the note is not true of it",
    "contradicts_picture": "not true of the picture",
    "distractor": "a box that shows nobody",
    "embedding_topk": "looks alike",
    "fits_note": "somebody else the note fits",
    "same_camera": "somebody else, same camera",
}
_ITS_CAMERA = ", same camera"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a sample: number in the conversation, role, origin, why a wrong candidate is there, bytes."""

    number: int
    role: str
    source: str
    camera: str
    why: str
    encoded: bytes

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return data_uri(self.encoded)


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation as a person reads it; `reasons` say why texts that are wrong answers stand in it."""

    sample_id: str
    stage: int
    family: str
    subtask: str
    split: str
    sources: Sequence[str]
    wording: str
    pictures: Sequence[Picture]
    turns: Sequence[tuple[str, str]]
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class FamilySamples:
    """A family's stage, row counts per split, and some of its samples."""

    family: str
    stage: int
    rows: dict[str, int]
    samples: Sequence[Sample]


def family_samples(version: VersionFolder, n: int = 3) -> list[FamilySamples]:
    """Every family of a version in (stage, name) order with up to `n` samples, chosen by key."""
    return [
        FamilySamples(family, stage, _counts(splits), _samples(version, family, splits, n))
        for (stage, family), splits in sorted(version.families().items())
        if _counts(splits)
    ]


def _counts(splits: Mapping[str, Sequence[Path]]) -> dict[str, int]:
    """Rows per split, for splits that have any."""
    rows = {split: sum(pq.read_metadata(path).num_rows for path in paths) for split, paths in sorted(splits.items())}
    return {split: count for split, count in rows.items() if count}


def _samples(version: VersionFolder, family: str, splits: Mapping[str, Sequence[Path]], n: int) -> list[Sample]:
    paths = sorted(path for files in splits.values() for path in files)
    ids = version.told(paths, ["sample_id"]).column("sample_id").to_pylist()
    chosen = [ids[place] for place in order(mix(seed_of("report", family), hash_ids(ids)))[:n]]
    return samples_by_id(version, chosen, paths)


def samples_by_id(version: VersionFolder, chosen: Sequence[str], among: Sequence[Path] | None = None) -> list[Sample]:
    """The samples of those ids, in that order, of all conversations or those files; ids not there are left out."""
    found = version.rows("conversations", "sample_id", chosen, _COLUMNS, among).to_pylist()
    rows = {row["sample_id"]: row for row in found}
    return [_sample(version, rows[name]) for name in chosen if name in rows]


def _sample(version: VersionFolder, row: dict[str, Any]) -> Sample:
    cameras = {image["image_id"]: image["cam_key"] for image in row["images"]}
    why = {
        negative["ref"]: why_there(negative, cameras.get(negative["ref"], "") is not None)
        for negative in row["negatives"]
    }
    return Sample(
        sample_id=row["sample_id"],
        stage=row["stage"],
        family=row["family"],
        subtask=row["subtask"],
        split=row["split"],
        sources=[
            *sorted({image["source"] for image in row["images"]}),
            *sorted({f"{text['source']} text" for text in row["texts"]}),
        ],
        wording=f"{row['template']['id']}@{row['template']['version']} no. {row['template']['paraphrase_no']}",
        pictures=list(_pictures(version, row["images"], why)),
        turns=[(turn["role"], readable(turn["text"])) for turn in row["turns"]],
        reasons=list(_reasons(row["texts"], why)),
    )


def _pictures(version: VersionFolder, images: Sequence[Mapping[str, Any]], why: Mapping[str, str]) -> Iterator[Picture]:
    """The pictures of a row, numbered from 1, each cut to its region."""
    read = version.image_bytes([image["image_id"] for image in images])
    for number, (image, data) in enumerate(zip(images, read, strict=True), start=1):
        yield Picture(
            number=number,
            role=image["role"].replace("_", " "),
            source=image["source"],
            camera=(image["cam_key"] or "").split(":")[-1],
            why=why.get(image["image_id"], ""),
            encoded=cut(data, image.get("region")),
        )


def _reasons(texts: Sequence[Mapping[str, Any]], why: Mapping[str, str]) -> Iterator[str]:
    """Why each wrong text stands in a row; options go by their letter."""
    options = [text["text_id"] for text in texts if text["role"] == "option"]
    for text in texts:
        if text["text_id"] in why and text["text_id"] in options:
            yield f"Option {chr(65 + options.index(text['text_id']))}: {why[text['text_id']]}"
        elif text["text_id"] in why:
            short = text["text"] if len(text["text"]) <= _QUOTED else text["text"][:_QUOTED].rsplit(" ", 1)[0] + " …"
            yield f"“{short}”: {why[text['text_id']]}"


def why_there(negative: Mapping[str, Any], camera_known: bool = True) -> str:
    """Why something that is no right answer stands in a row, such as `looks alike, rank 12 of dinov2@1`.

    Datasets without cameras are of one camera to whoever chooses; no camera is named to the reader.
    """
    rank = "" if negative["rank"] is None else f", rank {negative['rank']}"
    miner = f" of {negative['miner']}" if rank and negative["miner"] else ""
    said = _STRATEGIES.get(negative["strategy"], negative["strategy"].replace("_", " "))
    return f"{said if camera_known else said.removesuffix(_ITS_CAMERA)}{rank}{miner}"


def readable(text: str) -> str:
    """A turn's text with its image markers as small bracketed numbers: `[[image:2]]` becomes `⟨2⟩`."""
    return re.sub(r"\s*\[\[image:(\d+)\]\]", r" ⟨\1⟩", text).strip()


def data_uri(encoded: bytes) -> str:
    """Image bytes as a data URI, type by magic bytes."""
    kind = "png" if encoded.startswith(b"\x89PNG") else "bmp" if encoded.startswith(b"BM") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"
