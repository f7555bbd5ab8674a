"""64-bit hashes of the values of whole Arrow arrays at once, and looking millions of ids up by them.

    ids = Named([hash_all(images.column("image_id"))])
    ids.hold(rows)  # a mask

A loop over Python strings takes several times longer; millions of strings go through compiled loops. Two values of a
table of a hundred million share a hash with a chance of one to 4,000; whoever finds two equal hashes compares the
values.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.contracts.compiled import LOOPS, Loops
from tasks.contracts.paths import listed, plain, scalar

Hashes = npt.NDArray[np.uint64]
_WORD = 8
_BLOCK = 1 << 14  # strings at a time: what is computed of them stays in the processor's cache
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_EMPTY = np.empty(0, np.uint64)


def hash_values(values: pa.Array) -> Hashes:
    """A hash of each value of an array of strings, numbers or dictionary-encoded strings; a null counts as "" or 0."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        words, places = np.append(hash_values(values.dictionary), hash_values(listed([""]))), values.indices
        return np.asarray(words[_numbers(_filled(places, len(values.dictionary)))])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _of_text(_filled(values, ""))
    if pa.types.is_integer(kind):
        return _seeds(_numbers(_filled(values, 0)))
    return _of_text(_filled(values.cast(pa.string()), ""))


def _filled(values: pa.Array, value: Any) -> pa.Array:
    return pc.fill_null(values, scalar(value, values.type)) if values.null_count else values


def _numbers(values: pa.Array) -> npt.NDArray[np.integer]:
    """Integers without nulls as they lie in memory; Arrow's own way would load pandas."""
    kind = np.dtype(values.type.to_pandas_dtype())
    return np.frombuffer(values.buffers()[1] or b"", kind, len(values), values.offset * kind.itemsize)


def hash_all(column: pa.ChunkedArray) -> Hashes:
    """The same of a whole column."""
    return np.concatenate([_EMPTY, *map(hash_values, column.chunks)])


def hash_rows(table: pa.Table, names: Sequence[str]) -> Hashes:
    """One hash for the values of several columns of each row."""
    found = np.zeros(table.num_rows, np.uint64)
    for name in names:
        _stir(found, hash_all(table.column(name)))
    return found


class Named:
    """The values of a column that others name, kept as 64-bit hashes: most at the place that their first bits give, the
    others sorted beside it."""

    def __init__(self, hashes: Iterable[Hashes]) -> None:
        known = _ascending(np.concatenate([_EMPTY, *hashes]))
        bits = max(4, (4 * len(known)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._places = np.zeros(1 << bits, np.uint64)
        self._places[known >> self._shift] = known
        self._crowded = known[self._places[known >> self._shift] != known]
        self._zero = bool(len(known)) and known[0] == 0

    def hold(self, values: pa.Array) -> pa.Array:
        """Whether each value is one of them; a missing value is not judged."""
        found = plain(self.hold_hashes(hash_values(values)))
        return pc.or_(found, pc.is_null(values)) if values.null_count else found

    def hold_hashes(self, wanted: Hashes) -> npt.NDArray[np.bool_]:
        """Whether each hash is that of a value."""
        found = self._placed(wanted)
        if not self._zero:
            found &= wanted != 0
        if len(self._crowded):
            missed = np.flatnonzero(~found)
            at = np.searchsorted(self._crowded[:-1], wanted[missed])
            found[missed] = self._crowded[at] == wanted[missed]
        return np.asarray(found)

    def _placed(self, wanted: Hashes) -> npt.NDArray[np.bool_]:
        loops = LOOPS.after(0)
        if loops is None:
            return np.asarray(self._places[wanted >> self._shift] == wanted)
        found = np.empty(len(wanted), np.bool_)
        loops.held(wanted, self._places, self._shift, found)
        return found


def _ascending(hashes: Hashes) -> Hashes:
    """Each hash once, by sorting in place: several times faster than what numpy does for it."""
    hashes.sort()
    return np.concatenate([hashes[:1], hashes[1:][hashes[1:] != hashes[:-1]]])


def _of_text(values: pa.Array) -> Hashes:
    """Every string as overlapping words of eight bytes, the last of which ends where the string ends."""
    wide = np.int64 if pa.types.is_large_string(values.type) else np.int32
    _, ends, data = values.buffers()
    if not len(values) or ends is None:
        return np.empty(0, np.uint64)
    bounds = np.frombuffer(ends, wide, len(values) + 1, values.offset * np.dtype(wide).itemsize).astype(np.int64)
    text = np.frombuffer(data or b"", np.uint8)
    loops = LOOPS.after(len(values)) if len(text) > 2 * _WORD else None
    return _looped(loops, text, bounds) if loops else _cut_up(text[bounds[0] : bounds[-1]], bounds - bounds[0])


def _looped(loops: Loops, text: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]) -> Hashes:
    found = np.empty(len(bounds) - 1, np.uint64)
    loops.text(text, np.ndarray(len(text) - _WORD + 1, "<u8", text, strides=(1,)), bounds, found)
    return found


def _cut_up(text: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]) -> Hashes:
    padded = np.concatenate([np.zeros(_WORD, np.uint8), text])  # so that eight bytes end at the end of every string
    words = np.ndarray(len(text) + 1, "<u8", padded, strides=(1,))
    first, last = bounds[:-1] + _WORD, bounds[1:]
    cuts = range(0, len(first), _BLOCK)
    return np.concatenate([_folded(words, first[cut : cut + _BLOCK], last[cut : cut + _BLOCK]) for cut in cuts])


def _folded(words: Hashes, first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]) -> Hashes:
    """The words of each string, stirred one after the other: `first` and `last` are where its first and last begin."""
    size = last + _WORD - first
    found = _seeds(size)
    short = size < _WORD
    _stir(found, np.where(short, _cut(words[last], size), words[np.where(short, last, first)]))
    for start in range(_WORD, int(size.max()), _WORD):
        live = np.flatnonzero(size > start)
        if len(live) == len(size):
            _stir(found, words[np.minimum(first + start, last)])
        else:
            stirred = found[live]
            _stir(stirred, words[np.minimum(first[live] + start, last[live])])
            found[live] = stirred
    return found


def _cut(words: Hashes, size: npt.NDArray[np.int64]) -> Hashes:
    """Words that end short strings, without the bytes before those."""
    before = (np.clip(_WORD - size, 0, _WORD - 1) * 8).astype(np.uint64)
    return np.where(size > 0, words >> before, np.uint64(0))


def _seeds(numbers: npt.NDArray[np.integer]) -> Hashes:
    found = numbers.astype(np.int64).view(np.uint64) + np.uint64(1)
    found *= _FACTOR
    found ^= found >> _HALF
    return np.asarray(found)


def _stir(state: Hashes, words: Hashes) -> None:
    """Mix words into a state, in place: 128 bits go in, 64 come out, and each bit of either moves half of them."""
    state ^= words
    state *= _FACTOR
    state ^= state >> _HALF
    state *= _FACTOR
