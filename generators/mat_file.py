"""A reader for MAT v5 files that holds structs, cells, texts and numbers, and that damaged files cannot crash.

Label files come from the web. The usual reader of this format is compiled code that a few changed bytes take out of
bounds, ending the whole process; this one is bounded Python. A struct becomes a dictionary, a cell a list, text a
string, numbers a flat array. Sparse, complex and object arrays are refused.

Format: "MAT-File Format", The MathWorks, level 5.
"""

import struct
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from schemas.errors import BadTable

_HEADER = 128
_LIMIT = 64 << 20
_DEPTH = 12
_COMPRESSED, _MATRIX = 15, 14
_CELL, _STRUCT, _TEXT = 1, 2, 4
_NUMBERS = range(6, 16)
_COMPLEX = 0x0800
# Storage types by number: those of numbers, and the encodings of text.
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_ENCODED = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}


def read_variable(data: bytes, name: str) -> Any:
    """The value of one variable of a MAT v5 file. Raises BadTable in one sentence when there is no such value."""
    if data[:4] == b"\x89HDF" or b"MATLAB 7.3" in data[:_HEADER]:
        raise BadTable("it is a MAT v7.3 file; save it again with the option -v7")
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None or len(data) <= _HEADER:
        raise BadTable("it is not a MAT v5 file")
    reader = _Reader(order)
    rest = memoryview(data)[_HEADER:]
    while rest:
        kind, payload, rest = reader.element(rest)
        if kind == _COMPRESSED:
            kind, payload, _ = reader.element(_inflated(payload))
        if kind == _MATRIX:
            found, value = reader.matrix(payload, wanted=name)
            if found == name:
                return value
    raise BadTable(f"it holds no variable {name!r}")


def _inflated(payload: memoryview) -> memoryview:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(payload, _LIMIT)
    except zlib.error as error:
        raise BadTable(f"its compressed part is damaged ({error})") from error
    if inflater.unconsumed_tail:
        raise BadTable(f"its compressed part unfolds to more than {_LIMIT} bytes")
    return memoryview(data)


@dataclass(frozen=True, slots=True)
class _Reader:
    """The reader of one file; `order` is its byte order."""

    order: str

    def element(self, data: memoryview) -> tuple[int, memoryview, memoryview]:
        """The type and payload of the element that `data` begins with, and what follows it: views, nothing copied."""
        if len(data) < 8:
            raise BadTable("it ends in the middle of a value")
        kind, size = struct.unpack(f"{self.order}II", data[:8])
        if kind >> 16:
            return kind & 0xFFFF, data[4 : 4 + min(kind >> 16, 4)], data[8:]
        if size > len(data) - 8:
            raise BadTable("it ends in the middle of a value")
        padding = -size % 8 if kind != _COMPRESSED else 0
        return kind, data[8 : 8 + size], data[8 + size + padding :]

    def matrix(self, data: memoryview, depth: int = 0, wanted: str | None = None) -> tuple[str, Any]:
        """The name and value of an array element; the value of another top-level variable than `wanted` is None."""
        if not data:
            return "", np.empty(0)
        if depth > _DEPTH:
            raise BadTable("its values are nested too deeply")
        _, flags, rest = self.element(data)
        _, shape, rest = self.element(rest)
        _, label, rest = self.element(rest)
        name = bytes(label).decode("latin-1")
        if wanted is not None and name != wanted:
            return name, None
        word = int.from_bytes(flags[:4], "little" if self.order == "<" else "big")
        count = prod(max(0, int(n)) for n in np.frombuffer(shape[: len(shape) // 4 * 4], f"{self.order}i4"))
        return name, self._value(word, count, rest, depth)

    def _value(self, word: int, count: int, data: memoryview, depth: int) -> Any:
        kind = word & 0xFF
        if kind == _CELL:
            return self._values(data, count, depth)[0]
        if kind == _STRUCT:
            return self._struct(data, count, depth)
        if kind == _TEXT:
            return self._text(data)
        if kind in _NUMBERS and not word & _COMPLEX:
            return self._numbers(data)
        raise BadTable(f"it holds a value of kind {kind}, which is no table of labels")

    def _values(self, data: memoryview, count: int, depth: int) -> tuple[list[Any], memoryview]:
        values = []
        for _ in range(count):
            kind, payload, data = self.element(data)
            if kind != _MATRIX:
                raise BadTable("a cell or struct holds something that is no value")
            values.append(self.matrix(payload, depth + 1)[1])
        return values, data

    def _struct(self, data: memoryview, count: int, depth: int) -> dict[str, Any]:
        _, width, rest = self.element(data)
        _, joined, rest = self.element(rest)
        step = int.from_bytes(width[:4], "little" if self.order == "<" else "big")
        if count != 1 or not 0 < step <= 64:
            raise BadTable("its struct is not a single one with plain field names")
        names = [bytes(joined[at : at + step]).split(b"\0")[0].decode("latin-1") for at in range(0, len(joined), step)]
        return dict(zip(names, self._values(rest, len(names), depth)[0], strict=True))

    def _text(self, data: memoryview) -> str:
        kind, payload, _ = self.element(data)
        encoding = _ENCODED.get(kind)
        if encoding is None:
            raise BadTable("its text is in an unknown encoding")
        if encoding in ("utf-16", "utf-32"):
            encoding += "-le" if self.order == "<" else "-be"
        return bytes(payload).decode(encoding, "replace")

    def _numbers(self, data: memoryview) -> Any:
        kind, payload, _ = self.element(data)
        if kind not in _STORED:
            raise BadTable("its numbers are stored in an unknown form")
        form = np.dtype(f"{self.order}{_STORED[kind]}")
        return np.frombuffer(payload[: len(payload) // form.itemsize * form.itemsize], form)
