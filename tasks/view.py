"""Stage rows joined with their images on read: what a trainer iterates over.

    rows = StageView(Path("versions/hpt"), stage=2, split="train")
    rows[0]["images"][0].shape                 # (height, width, 3), uint8
    rows.__getitems__([5, 7, 5])               # what torch's DataLoader and `datasets` call: one decode per image

A batch decodes each image once, however many of its rows show it.
"""

import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import simplejpeg
from PIL import Image, UnidentifiedImageError

from generators.plain_png import plain_png
from schemas.errors import BadTable, WrongUse
from tasks.versions.reader import VersionFolder
from tasks.versions.regions import Pixels, Region, part_of

_JPEG = b"\xff\xd8"
STAGES = (1, 2, 3)


def decode(encoded: bytes) -> Pixels:
    """RGB pixels (height, width, 3) of an encoded image. Raises BadTable for bytes that are no image."""
    if encoded[:2] == _JPEG:
        try:
            return np.asarray(simplejpeg.decode_jpeg(encoded, colorspace="RGB"), dtype=np.uint8)
        except ValueError:
            return _decode_slowly(encoded)
    return _decode_slowly(encoded)


def _decode_slowly(encoded: bytes) -> Pixels:
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError) as error:
        raise BadTable(f"An image of {len(encoded)} bytes cannot be decoded: {error}.") from error


def cut(encoded: bytes, region: Region | None) -> bytes:
    """An encoded image, or the part of it that a region names as a PNG. Raises BadTable for bytes that are no image."""
    return encoded if region is None else plain_png(part_of(decode(encoded), region))


class StageView:
    """The rows of one stage and split of a version, with pixels.

    A row is a dict: sample_id, family, subtask, images (uint8 arrays in order of display, cut to the region that the
    row shows), image_ids, turns (role and text), answer. Raises WrongUse for a stage that does not exist,
    UnknownVersion for a folder without data.
    """

    def __init__(self, version: Path, stage: int, split: str = "train") -> None:
        if stage not in STAGES:
            raise WrongUse(f"There is no stage {stage!r}: a version has the stages {', '.join(map(str, STAGES))}.")
        self.version = VersionFolder(version)
        self.stage = stage
        self.split = split

    @cached_property
    def table(self) -> pa.Table:
        """The rows without their images, as stored."""
        return self.version.conversations(self.stage, self.split)

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every row, decoded in blocks."""
        for start in range(0, len(self), 64):
            yield from self.__getitems__(range(start, min(start + 64, len(self))))

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One row; a negative index counts from the end."""
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"The row {index} is not among the {len(self)} rows of stage {self.stage}.")
        return self.__getitems__([place])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Many rows at once; each image that they show is read and decoded once."""
        rows: list[dict[str, Any]] = self._told.take(pa.array(list(indices), pa.int64())).to_pylist()
        ids = sorted({image_id for row in rows for image_id in row["image_ids"]})
        whole = {name: decode(data) for name, data in zip(ids, self.version.image_bytes(ids), strict=True)}
        for row in rows:
            regions = row.pop("regions", None) or [None] * len(row["image_ids"])
            shown = zip(row["image_ids"], regions, strict=True)
            row["images"] = [part_of(whole[name], region) for name, region in shown]
        return rows

    @cached_property
    def _told(self) -> pa.Table:
        """What a row tells, as flat as Arrow has it: a batch becomes Python values quickly."""
        images, answer = self.table.column("images"), self.table.column("answer")
        columns = {name: self.table.column(name) for name in ("sample_id", "family", "subtask", "turns")}
        columns |= {"image_ids": _each(images, "image_id"), "answer": pc.struct_field(answer, "text")}
        regions = _each(images, "region")
        if pc.list_flatten(regions).drop_null().length():
            columns["regions"] = regions
        return pa.table(columns).combine_chunks()


def _each(structs: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """One field of every struct of lists, as lists."""
    kind = pa.list_(structs.type.value_type.field(name).type)
    parts = [
        pa.ListArray.from_arrays(chunk.offsets, pc.struct_field(chunk.values, name), type=kind)
        for chunk in structs.chunks
    ]
    return pa.chunked_array(parts, kind)
