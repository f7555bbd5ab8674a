"""Which person keys are one person: identical bytes, near-duplicate pictures, and the clusters they form.

`near_pairs` finds every pair of 64-bit hashes at most four bits apart, exactly: split the hash into five bands; two
hashes that differ in four bits or fewer agree in one band at least (pigeonhole), so it is enough to sort by each band
and compare inside runs of equal bands. A run that is too long to compare in full, as flat backgrounds make them, is
split again, by the bits in which its members still differ.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

RADIUS = 4
_BITS = 64
_LONG_RUN = 2_048
_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of positions (first < second), their Hamming distances, and how many long runs had to be split."""

    first: Places
    second: Places
    distance: npt.NDArray[np.int64]
    split_runs: int


def near_pairs(hashes: Hashes, radius: int = RADIUS) -> Pairs:
    """Every pair of positions whose hashes differ in at most `radius` bits, in order; exact for any content.

    Identical hashes should be collapsed by the caller: k equal hashes make k(k-1)/2 pairs.
    """
    found: list[npt.NDArray[np.int64]] = []
    split_runs = _search(hashes, np.arange(len(hashes)), 0, radius, found)
    joined = np.concatenate(found, axis=1) if found else np.empty((2, 0), dtype=np.int64)
    ordered = np.unique(np.sort(joined, axis=0), axis=1)
    apart = np.bitwise_count(hashes[ordered[0]] ^ hashes[ordered[1]]).astype(np.int64)
    return Pairs(ordered[0], ordered[1], apart, split_runs)


def _search(hashes: Hashes, members: Places, depth: int, radius: int, found: list[Places]) -> int:
    """Collect the near pairs among `members`; the number of long runs that were split. Constant bits tell nothing."""
    split_runs = 0
    for band in np.array_split(_varying(hashes[members]), radius + 1):
        keys = hashes[members] & _mask(band)
        order = np.argsort(keys, kind="stable")
        ranked, keys = members[order], keys[order]
        for start, stop in _long_runs(keys) if depth < _DEPTH else ():
            split_runs += 1 + _search(hashes, ranked[start:stop], depth + 1, radius, found)
            keys = _broken(keys, start, stop)
        _compare_runs(hashes, ranked, keys, radius, found)
    return split_runs


def _varying(hashes: Hashes) -> Places:
    """The bits in which some of the hashes differ."""
    differs = np.bitwise_or.reduce(hashes ^ hashes[:1]) if len(hashes) else np.uint64(0)
    return np.array([bit for bit in range(_BITS) if int(differs) >> bit & 1], dtype=np.int64)


def _mask(band: Iterable[int]) -> np.uint64:
    return np.uint64(sum(1 << int(bit) for bit in band))


def _long_runs(keys: Hashes) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1], [True]))) if len(keys) else np.zeros(1, int)
    long = np.flatnonzero(np.diff(edges) > _LONG_RUN)
    return [(int(edges[run]), int(edges[run + 1])) for run in long]


def _broken(keys: Hashes, start: int, stop: int) -> Hashes:
    """Keys with a run, compared elsewhere, taken apart so that no two of its neighbours are equal."""
    keys = keys.copy()
    keys[start:stop] = np.arange(stop - start, dtype=np.uint64) ^ ~keys[start]
    return keys


def _compare_runs(hashes: Hashes, ranked: Places, keys: Hashes, radius: int, found: list[Places]) -> None:
    """Compare all members of each run of equal keys: neighbours 1 apart, then 2 apart, until no run is that long."""
    places = np.arange(len(keys) - 1)
    step = 1
    while places.size:
        places = places[places + step < len(keys)]
        places = places[keys[places] == keys[places + step]]
        a, b = ranked[places], ranked[places + step]
        near = np.bitwise_count(hashes[a] ^ hashes[b]) <= radius
        found.append(np.stack([a[near], b[near]]))
        step += 1


def clusters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The cluster of each linked key: the smallest key that it is connected to, directly or through others."""
    parent: dict[str, str] = {}
    for a, b in pairs:
        low, high = sorted((_top(parent, a), _top(parent, b)))
        parent[high] = low
        parent.setdefault(low, low)
    return {key: _top(parent, key) for key in sorted(parent)}


def _top(parent: dict[str, str], key: str) -> str:
    while (above := parent.get(key, key)) != key:
        parent[key] = parent.get(above, above)
        key = above
    return key


def is_flat(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Hashes of pictures without structure: nearly all bits alike, or one row of bits repeated; they prove nothing."""
    ones = np.bitwise_count(hashes)
    rows = hashes[:, None].view(np.uint8).reshape(-1, 8)
    same_rows = (rows == rows[:, :1]).sum(axis=1) >= 7
    same_bits = np.isin(rows, (0, 255)).sum(axis=1) >= 7
    return np.asarray((ones < 8) | (ones > 56) | same_rows | same_bits)


def groups_of_equal(values: Sequence[str]) -> Iterator[list[int]]:
    """Positions that share a value, for values that occur more than once."""
    places: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    return (group for group in places.values() if len(group) > 1)
