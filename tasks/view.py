"""Stage rows joined with their images on read: what a trainer iterates over.

    rows = StageView(Path("versions/hpt"), stage=2, split="train")
    rows[0]["images"][0].shape                 # (height, width, 3), uint8
    rows.__getitems__([5, 7, 5])               # what torch's DataLoader and `datasets` call: one decode per image

A batch decodes each image once, however many of its rows show it. Neither rows nor images are kept in memory: what rows
tell is laid out once in a temporary file, some 400 bytes a row, and read from there; images are read where they stand.
Processes that are forked from one that asked for `len(rows)`, or that are sent the view, as the workers of a DataLoader
are, read the same file.
"""

import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import simplejpeg
from PIL import Image, UnidentifiedImageError

from generators.plain_png import plain_png
from schemas.errors import BadTable, WrongUse
from tasks.versions.laid_out import COLUMNS, LaidOut, Seal, lay_out, reopened
from tasks.versions.reader import VersionFolder
from tasks.versions.regions import Pixels, Region, part_of

_JPEG = b"\xff\xd8"
STAGES = (1, 2, 3)


def decode(encoded: bytes | memoryview) -> Pixels:
    """RGB pixels (height, width, 3) of an encoded image. Raises BadTable for bytes that are no image."""
    if encoded[:2] == _JPEG:
        try:
            return np.asarray(simplejpeg.decode_jpeg(encoded, colorspace="RGB"), dtype=np.uint8)
        except ValueError:
            return _decode_slowly(encoded)
    return _decode_slowly(encoded)


def _decode_slowly(encoded: bytes | memoryview) -> Pixels:
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

    @property
    def table(self) -> pa.Table:
        """The rows without their images, as stored, all in memory."""
        return self.version.conversations(self.stage, self.split)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self.version.folder, self.stage, self.split, *self._rows.where())

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
        """Many rows at once; each image that they show is read and decoded once. Raises IndexError."""
        places = np.asarray(indices, dtype=np.int64)
        if ((places < 0) | (places >= len(self))).any():
            raise IndexError(f"The rows {indices!r} are not all among the {len(self)} rows of stage {self.stage}.")
        rows = self._rows.rows(places)
        ids = sorted({image_id for row in rows for image_id in row["image_ids"]})
        whole = dict(zip(ids, map(decode, self.version.each_image(ids)), strict=True))
        for row in rows:
            regions, pictures = row.pop("regions"), [whole[name] for name in row["image_ids"]]
            row["images"] = [part_of(*shown) for shown in zip(pictures, regions, strict=True)] if regions else pictures
        return rows

    @cached_property
    def _rows(self) -> LaidOut:
        """What rows tell, laid out when they are first asked for."""
        blocks = self.version.conversation_blocks(self.stage, self.split, COLUMNS)
        return lay_out(blocks, self.version.conversation_count(self.stage, self.split))


def _opened(version: Path, stage: int, split: str, name: str, seal: Seal) -> StageView:
    """A view in another process, which reads the rows that the first one laid out while that has them."""
    view = StageView(version, stage, split)
    rows = reopened(name, seal)
    if rows is not None:
        view._rows = rows
    return view
