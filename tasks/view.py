"""Stage rows joined with their images on read: what a trainer iterates over.

    rows = StageView(Path("versions/hpt"), stage=2, split="train")
    rows[0]["images"][0].shape                 # (height, width, 3), uint8
    rows.__getitems__([5, 7, 5])               # what torch's DataLoader and `datasets` call: one decode per image

A batch decodes each image once, however many of its rows show it. Neither rows nor images are kept in memory: what rows
tell is laid out once in a temporary file, about 700 bytes a row, and read from there; images are read where they stand.
"""

import io
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import simplejpeg
from PIL import Image, UnidentifiedImageError

from generators.plain_png import plain_png
from schemas.errors import BadTable, NotWritable, WrongUse
from schemas.tables import CONVERSATIONS
from tasks.versions.reader import VersionFolder
from tasks.versions.regions import Pixels, Region, part_of

_JPEG = b"\xff\xd8"
STAGES = (1, 2, 3)
_COLUMNS = ("sample_id", "family", "subtask", "turns", "images", "answer")
_SHOWN = CONVERSATIONS.schema.field("images").type.value_type
_TOLD = pa.schema(
    [
        *(CONVERSATIONS.schema.field(name) for name in _COLUMNS[:4]),
        pa.field("image_ids", pa.list_(_SHOWN.field("image_id").type)),
        pa.field("regions", pa.list_(_SHOWN.field("region").type)),
        pa.field("answer", pa.string()),
    ]
)


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

    @property
    def table(self) -> pa.Table:
        """The rows without their images, as stored, all in memory."""
        return self.version.conversations(self.stage, self.split)

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self._starts[-1])

    def __reduce__(self) -> tuple[Any, ...]:
        return StageView, (self.version.folder, self.stage, self.split)

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
        rows = self._rows_at(places)
        ids = sorted({image_id for row in rows for image_id in row["image_ids"]})
        whole = {name: decode(data) for name, data in zip(ids, self.version.image_bytes(ids), strict=True)}
        for row in rows:
            regions = row.pop("regions")
            names = row["image_ids"]
            shown = zip(names, regions, strict=True) if regions else ((name, None) for name in names)
            row["images"] = [whole[name] if region is None else part_of(whole[name], region) for name, region in shown]
        return rows

    def _rows_at(self, places: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
        """What rows tell, each block of them looked into once."""
        block = np.searchsorted(self._starts, places, side="right") - 1
        order = np.argsort(block, kind="stable")
        rows: list[dict[str, Any]] = [{}] * len(places)
        for number, part in groupby(order.tolist(), block.__getitem__):
            at = list(part)
            told = self._told[number].take(pa.array(places[at] - self._starts[number])).to_pylist()
            for place, row in zip(at, told, strict=True):
                rows[place] = row
        return rows

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        """The number of the first row of each block, and of all rows."""
        return np.cumsum([0, *(block.num_rows for block in self._told)])

    @cached_property
    def _told(self) -> list[pa.RecordBatch]:
        """What rows tell, in blocks that lie in a temporary file without a name, mapped into memory."""
        blocks = self.version.conversation_blocks(self.stage, self.split, _COLUMNS)
        try:
            with tempfile.NamedTemporaryFile(prefix="reidforge-view-") as file:
                with pa.ipc.new_file(file, _TOLD) as sink:
                    for block in blocks:
                        sink.write_table(_told(block))
                file.flush()
                stored = pa.ipc.open_file(pa.memory_map(file.name))
                return [stored.get_batch(number) for number in range(stored.num_record_batches)]
        except OSError as error:
            raise NotWritable(
                f"The rows of stage {self.stage} cannot be laid out in {tempfile.gettempdir()!r} ({error.strerror}): "
                "make room there, or name another folder in TMPDIR."
            ) from error


def _told(rows: pa.Table) -> pa.Table:
    """What rows tell, as flat as Arrow has it: a batch becomes Python values quickly."""
    rows = rows.combine_chunks()
    images, regions = rows.column("images"), _TOLD.field("regions").type
    cut_out = _each(images, "region")
    if not pc.list_flatten(cut_out).drop_null().length():
        cut_out = pa.chunked_array([pa.nulls(rows.num_rows, regions)])
    columns = [rows.column(name) for name in _COLUMNS[:4]]
    columns += [_each(images, "image_id"), cut_out, pc.struct_field(rows.column("answer"), "text")]
    return pa.Table.from_arrays(columns, schema=_TOLD)


def _each(structs: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """One field of every struct of lists, as lists."""
    kind = pa.list_(structs.type.value_type.field(name).type)
    parts = [
        pa.ListArray.from_arrays(chunk.offsets, pc.struct_field(chunk.values, name), type=kind)
        for chunk in structs.chunks
    ]
    return pa.chunked_array(parts, kind)
