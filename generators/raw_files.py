"""Many files of a raw dataset as columns: each costs some 30 bytes, and is a RawFile when it is looked at."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Self, overload

import pyarrow as pa

from schemas.source import RawFile

_AT_ONCE = 1_024
_NO_NAME = "\0"  # stands between names, for it is in none


class RawFiles(Sequence[RawFile]):
    """Files sorted by path, read-only; of their names, which say nearly the same in their thousands, a short form."""

    __slots__ = ("_blocks", "_firsts", "_times", "sizes")

    def __init__(self, paths: Sequence[str], sizes: "array[int]", times: "array[int] | int") -> None:
        """`times` are modification times in ns, or the one of an archive that all of them are in."""
        self.sizes, self._times = sizes, times
        starts = range(0, len(paths), _AT_ONCE)
        self._firsts: list[str] = []
        self._blocks = [_packed(paths[start : start + _AT_ONCE]) for start in starts]

    @classmethod
    def of(cls, paths: list[str], sizes: "array[int]", times: "array[int]") -> Self:
        """From columns in any order, the same for all of them."""
        order = sorted(range(len(paths)), key=paths.__getitem__)
        columns = [array("q", map(column.__getitem__, order)) for column in (sizes, times)]
        return cls(list(map(paths.__getitem__, order)), *columns)

    def __len__(self) -> int:
        """How many files there are."""
        return len(self.sizes)

    @overload
    def __getitem__(self, place: int) -> RawFile: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[RawFile]: ...

    def __getitem__(self, place: int | slice) -> RawFile | Sequence[RawFile]:
        """One file, or a list of some."""
        if isinstance(place, slice):
            times = self._times if isinstance(self._times, int) else self._times[place]
            return list(_rows(self._some(place), self.sizes[place], times))
        time = self._times if isinstance(self._times, int) else self._times[place]
        block, inside = divmod(range(len(self))[place], _AT_ONCE)
        return RawFile(_names(self._blocks[block])[inside], self.sizes[place], time)

    def __iter__(self) -> Iterator[RawFile]:
        """The files one by one."""
        return _rows(self.paths(), self.sizes, self._times)

    def paths(self) -> Iterator[str]:
        """The paths one by one."""
        return chain.from_iterable(map(_names, self._blocks))

    def place(self, path: str) -> int:
        """Where a path stands or would stand: how many are less."""
        block = bisect_right(self._first_names(), path) - 1
        return block * _AT_ONCE + bisect_left(_names(self._blocks[block]), path) if block >= 0 else 0

    def holds(self, path: str) -> bool:
        """Whether there is such a file."""
        place = self.place(path)
        return place < len(self) and self[place].relpath == path

    def below(self, base: str) -> "RawFiles":
        """The files in the folder `base`, which ends in `/`, with paths from there."""
        some = slice(self.place(base), self.place(f"{base[:-1]}0"))  # "0" is the character after "/"
        paths = [path.removeprefix(base) for path in self._some(some)]
        return RawFiles(paths, self.sizes[some], self._times if isinstance(self._times, int) else self._times[some])

    def traits(self) -> Iterator[bytes]:
        """Names, sizes and times as bytes that change when one of them does, some thousand files at a time."""
        yield from map(_unpacked, self._blocks)
        yield self.sizes.tobytes()
        yield str(self._times).encode() if isinstance(self._times, int) else self._times.tobytes()

    def _first_names(self) -> list[str]:
        """The first path of each block, as a text of its own: those that were given are to leave memory whole."""
        if not self._firsts:
            self._firsts = [_names(block)[0] for block in self._blocks]
        return self._firsts

    def _some(self, which: slice) -> list[str]:
        """The paths of a slice."""
        places = range(len(self))[which]
        if not places:
            return []
        low, high = min(places[0], places[-1]), max(places[0], places[-1])
        first = low // _AT_ONCE
        names = list(chain.from_iterable(map(_names, self._blocks[first : high // _AT_ONCE + 1])))
        return [names[place - first * _AT_ONCE] for place in places]


def place_in(files: Sequence[RawFile], path: str) -> int:
    """Where a path stands among files sorted by path."""
    return files.place(path) if isinstance(files, RawFiles) else bisect_left(files, (path,))


def _rows(paths: Iterable[str], sizes: Iterable[int], times: Iterable[int] | int) -> Iterator[RawFile]:
    return map(RawFile, paths, sizes, repeat(times) if isinstance(times, int) else times)


_Packed = tuple[bytes, int]  # names one after the other in a short form, and how many bytes they are


def _packed(names: Sequence[str]) -> _Packed:
    joined = _NO_NAME.join(names).encode()
    return pa.compress(joined, "lz4", asbytes=True), len(joined)


def _unpacked(block: _Packed) -> bytes:
    return bytes(pa.decompress(*block, codec="lz4", asbytes=True))


@lru_cache(maxsize=2)
def _names(block: _Packed) -> list[str]:
    return _unpacked(block).decode().split(_NO_NAME)
