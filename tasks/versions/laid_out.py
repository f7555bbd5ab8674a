"""Rows of a stage laid out for reading in any order: one record a row in a temporary file that has no name.

The file begins with where each record starts, eight bytes each; the records follow. Their fields stand apart by a byte
that UTF-8 never uses, so that any text may stand in them. Arrow joins them, a slice of rows at a time; one row is read
back by one read and one split, whatever else the stage holds.
"""

import contextlib
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadTable, NotWritable

COLUMNS = ("sample_id", "family", "subtask", "turns", "images", "answer")
"""What a block of rows must have, as `conversations` has it."""

_PLACE = 8
_SLICE = 8_192
_APART = b"\xff"
_READ_APART = _APART.decode("utf-8", "surrogateescape")
_HEAD = 7
_SIDES = ("x", "y", "w", "h")

Seal = tuple[int, ...]


class LaidOut:
    """Rows in a temporary file, read from there each time. Holds no row in memory.

    The file goes with the last process that has it open, however that process ends.
    """

    def __init__(self, handle: int) -> None:
        """Take over an open file of rows."""
        self._handle = handle
        weakref.finalize(self, os.close, handle)
        (count,) = np.frombuffer(os.pread(handle, _PLACE, 0), np.int64).tolist()
        self._starts = np.frombuffer(mmap.mmap(handle, _PLACE * (count + 2), access=mmap.ACCESS_READ), np.int64)[1:]

    def __len__(self) -> int:
        return len(self._starts) - 1

    def rows(self, places: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
        """What rows tell: sample_id, family, subtask, turns, image_ids, answer; and `regions`, None or one an image."""
        starts, ends = self._starts[places].tolist(), self._starts[places + 1].tolist()
        return [_row(os.pread(self._handle, end - start, start)) for start, end in zip(starts, ends, strict=True)]

    def where(self) -> tuple[str, Seal]:
        """A name under which other processes of this machine can open the file while this one has it, and its seal."""
        return f"/proc/{os.getpid()}/fd/{self._handle}", _seal(self._handle)


def reopened(name: str, seal: Seal) -> LaidOut | None:
    """Rows that another process laid out; None where they cannot be had."""
    with contextlib.suppress(OSError):
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        if _seal(handle) == seal:
            return LaidOut(handle)
        os.close(handle)
    return None


def _seal(handle: int) -> Seal:
    """What no two files share."""
    told = os.fstat(handle)
    return (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns)


def lay_out(blocks: Iterable[pa.Table], count: int) -> LaidOut:
    """Lay out `count` rows that come in blocks with COLUMNS.

    Raises BadTable for more or fewer rows and for a missing value, NotWritable where there is no room.
    """
    try:
        with tempfile.TemporaryFile(prefix="reidforge-view-") as file:
            _write(file, blocks, count)
            return LaidOut(os.dup(file.fileno()))
    except OSError as error:
        raise NotWritable(
            f"The rows of a view cannot be laid out in {tempfile.gettempdir()!r} ({error.strerror}): make room there, "
            "or name another folder in TMPDIR."
        ) from error


def _write(file: BinaryIO, blocks: Iterable[pa.Table], count: int) -> None:
    start = _PLACE * (count + 2)
    os.pwrite(file.fileno(), np.array([count, start], dtype=np.int64).tobytes(), 0)
    file.seek(start)
    done = 0
    for records in _joined(blocks):
        done += len(records)
        if done > count:
            raise _another_number(count)
        ends = np.frombuffer(records.buffers()[1], np.int64, len(records) + 1)[1:]
        os.pwrite(file.fileno(), (start + ends).tobytes(), _PLACE * (done - len(records) + 2))
        file.write(memoryview(records.buffers()[2])[: ends[-1]])
        start += int(ends[-1])
    if done != count:
        raise _another_number(count)
    file.flush()


def _another_number(count: int) -> BadTable:
    return BadTable(f"The files of a stage hold another number of rows than the {count} that they name: pull again.")


def _joined(blocks: Iterable[pa.Table]) -> Iterator[pa.Array]:
    """The records of rows, some thousands at a time."""
    for block in blocks:
        for start in range(0, block.num_rows, _SLICE):
            rows = block.slice(start, _SLICE).combine_chunks()
            try:
                rows.validate(full=True)  # text that is no UTF-8 could hold what stands between fields
                records = _records({name: rows.column(name).chunk(0) for name in COLUMNS})
            except pa.ArrowException as error:
                raise BadTable(f"Rows of a stage cannot be read as text: {str(error).splitlines()[0]}") from error
            if records.null_count:
                lacking = rows.column("sample_id")[int(np.flatnonzero(records.is_null())[0])]
                raise BadTable(f"The row {lacking.as_py()!r} lacks a value that every row has: pull the version again.")
            yield records


def _records(rows: dict[str, pa.Array]) -> pa.Array:
    images, turns = rows["images"], rows["turns"]
    fields = [
        *(rows[name] for name in COLUMNS[:3]),
        pc.struct_field(rows["answer"], "text"),
        _regions(images),
        *(pc.list_value_length(lists).cast(pa.string()) for lists in (images, turns)),
        *(_listed(lists, name) for lists, name in ((images, "image_id"), (turns, "role"), (turns, "text"))),
    ]
    wide = [field.cast(pa.binary()).cast(pa.large_binary()) for field in fields]
    return pc.binary_join_element_wise(*wide, pa.scalar(_APART, pa.large_binary()))


def _listed(lists: pa.Array, name: str) -> pa.Array:
    """One field of the structs of each list, joined."""
    return pc.binary_join(_lists(lists, pc.struct_field(lists.flatten(), name).cast(pa.binary())), _APART)


def _lists(like: pa.Array, values: pa.Array) -> pa.Array:
    """Lists as long as others, of other values."""
    return pa.ListArray.from_arrays(pc.subtract(like.offsets, like.offsets[0]), values, mask=like.is_null())


def _regions(images: pa.Array) -> pa.Array:
    """`x,y,w,h` of every image and `;` between them; nothing at all where no row has one."""
    regions = pc.struct_field(images.flatten(), "region")
    if regions.null_count == len(regions):
        return pa.repeat("", len(images))
    sides = [pc.struct_field(regions, side).cast(pa.string()) for side in _SIDES]
    told = pc.fill_null(pc.binary_join_element_wise(*sides, ","), "")
    return pc.binary_join(_lists(images, told), ";")


def _row(record: bytes) -> dict[str, Any]:
    told = record.decode("utf-8", "surrogateescape").split(_READ_APART)
    sample_id, family, subtask, answer, regions, n_images, n_turns = told[:_HEAD]
    shown, count = int(n_images), int(n_turns)
    roles = _HEAD + max(shown, 1)  # a list of none is joined to one empty field
    texts = roles + max(count, 1)
    pairs = zip(told[roles : roles + count], told[texts : texts + count], strict=True)
    return {
        "sample_id": sample_id,
        "family": family,
        "subtask": subtask,
        "turns": [{"role": role, "text": text} for role, text in pairs],
        "image_ids": told[_HEAD : _HEAD + shown],
        "regions": [_region(region) for region in regions.split(";")] if regions else None,
        "answer": answer,
    }


def _region(told: str) -> dict[str, float] | None:
    """A region as its table holds it: the numbers of 32 bits, exactly."""
    sides: Sequence[float] = [float(np.float32(side)) for side in told.split(",")] if told else ()
    return dict(zip(_SIDES, sides, strict=True)) if sides else None
