"""Many files of a raw dataset as columns: each costs its name and 16 bytes, and is a RawFile when it is looked at."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Self, overload

from schemas.source import RawFile

_AT_ONCE = 4_096


class RawFiles(Sequence[RawFile]):
    """Files sorted by path, read-only."""

    __slots__ = ("_times", "paths", "sizes")

    def __init__(self, paths: list[str], sizes: "array[int]", times: "array[int] | int") -> None:
        """`times` are modification times in ns, or the one of an archive that all of them are in."""
        self.paths, self.sizes, self._times = paths, sizes, times

    @classmethod
    def of(cls, paths: list[str], sizes: "array[int]", times: "array[int]") -> Self:
        """From columns in any order, the same for all of them."""
        order = sorted(range(len(paths)), key=paths.__getitem__)
        columns = [array("q", map(column.__getitem__, order)) for column in (sizes, times)]
        return cls(list(map(paths.__getitem__, order)), *columns)

    def __len__(self) -> int:
        """How many files there are."""
        return len(self.paths)

    @overload
    def __getitem__(self, place: int) -> RawFile: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[RawFile]: ...

    def __getitem__(self, place: int | slice) -> RawFile | Sequence[RawFile]:
        """One file, or a list of some."""
        if isinstance(place, slice):
            times = self._times if isinstance(self._times, int) else self._times[place]
            return list(_rows(self.paths[place], self.sizes[place], times))
        time = self._times if isinstance(self._times, int) else self._times[place]
        return RawFile(self.paths[place], self.sizes[place], time)

    def __iter__(self) -> Iterator[RawFile]:
        """The files one by one."""
        return _rows(self.paths, self.sizes, self._times)

    def below(self, base: str, start: int, end: int) -> "RawFiles":
        """Files from one place to another, which all lie in the folder `base`, with paths from there."""
        paths = [path[len(base) :] for path in self.paths[start:end]]
        return RawFiles(
            paths, self.sizes[start:end], self._times if isinstance(self._times, int) else self._times[start:end]
        )

    def traits(self) -> Iterator[bytes]:
        """Names, sizes and times as bytes that change when one of them does, some thousand files at a time."""
        for start in range(0, len(self.paths), _AT_ONCE):
            yield "\0".join(self.paths[start : start + _AT_ONCE]).encode()
        yield self.sizes.tobytes()
        yield str(self._times).encode() if isinstance(self._times, int) else self._times.tobytes()


def _rows(paths: Iterable[str], sizes: Iterable[int], times: Iterable[int] | int) -> Iterator[RawFile]:
    return map(RawFile, paths, sizes, repeat(times) if isinstance(times, int) else times)
