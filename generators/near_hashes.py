"""Every pair of 64-bit hashes that differ in four bits or fewer, without comparing everything with everything.

Split the bits into five bands: two hashes that differ in at most four bits agree in one band at least, and of six
bands in two (pigeonhole). So it is enough to sort by each band, or by each two of six where there are many hashes, and
to compare inside runs of equal keys. A run that is too long to be compared in full, as flat backgrounds make them, is
searched in the same way by the bits in which its members differ.

The search is exact. Only a long run in which far too many hashes are near each other (a hundred thousand crops of one
scene) is cut short: each member is then compared with the next few in hash order, which keeps them connected. How many
runs were cut short, and how many comparisons that saved, is told with the result.
"""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

RADIUS = 4
_BITS = 64
_LONG_RUN = 256
_DEPTH = 3
_BANDS = 5
_SHORT_RUN = 8
# What may be found and compared in a long run, per member, before it is cut short.
_MOST_PAIRS = 2
_MOST_COMPARED = 96
_FEW = 4  # how many a member of a run that is cut short is compared with


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of positions (first < second) in order, their Hamming distances, and what became of long runs.

    `split_runs` were searched again by other bits, `capped_runs` were cut short, which left out `not_compared` pairs.
    """

    first: Places
    second: Places
    distance: npt.NDArray[np.uint8]
    split_runs: int = 0
    capped_runs: int = 0
    not_compared: int = 0


def near_pairs(hashes: Hashes, radius: int = RADIUS, groups: Places | None = None) -> Pairs:
    """Every pair of positions whose hashes differ in at most `radius` (up to 4) bits.

    With `groups`, pairs inside one group (equal numbers, -1 is no group) are left out. Identical hashes should be
    collapsed by the caller: k equal hashes make k(k-1)/2 pairs.
    """
    search = _Search(hashes, radius, groups)
    if len(hashes) > 1:
        search.level(np.arange(len(hashes)), 0)
    keys = np.concatenate(search.found) if search.found else np.empty(0, dtype=np.int64)
    search.found.clear()
    keys.sort()
    if search.capped_runs:
        keys = keys[_firsts(keys)]
    first, second = np.divmod(keys, max(1, len(hashes)))
    apart = np.bitwise_count(hashes[first] ^ hashes[second])
    return Pairs(first, second, apart, search.split_runs, search.capped_runs, search.not_compared)


@dataclass(slots=True)
class _Search:
    """One search; `found` holds pairs as first * n + second, each of them once."""

    hashes: Hashes
    radius: int
    groups: Places | None
    found: list[Places] = field(default_factory=list)
    split_runs: int = 0
    capped_runs: int = 0
    not_compared: int = 0
    _pairs_left: int = 0
    _comparisons_left: int = 0

    def level(self, members: Places, depth: int) -> None:
        """Collect the near pairs among `members`, whose common bits tell nothing."""
        own = self.hashes[members]
        varying = _varying(own)
        chosen = 1 if len(members) <= _SHORT_RUN << len(varying) // _BANDS else 2
        bands = np.array_split(varying, _BANDS + chosen - 1)
        values = [_gathered(own, band) for band in bands]
        masks = [_mask(band) for band in bands]
        for bands_agreed in combinations(range(len(bands)), chosen):
            if depth and self._is_spent():
                self._cut_short(members)
                return
            keys = values[bands_agreed[0]]
            if chosen == 2:
                keys = keys << np.uint64(len(bands[bands_agreed[1]])) | values[bands_agreed[1]]
            ranked, keys = _ranked(keys)
            barred = [masks[at] for at in range(bands_agreed[-1]) if at not in bands_agreed]
            self._runs(members[ranked], keys, depth, barred)

    def _runs(self, ranked: Places, keys: Hashes, depth: int, barred: list[np.uint64]) -> None:
        """The near pairs inside runs of equal keys, but for those that agree in a `barred` band: found there."""
        for start, stop in _long_runs(keys):
            self._long(ranked[start:stop], depth, barred)
            keys[start:stop] = ~np.arange(start, stop, dtype=np.uint64)
        self._compare(ranked, keys, barred)

    def _long(self, members: Places, depth: int, barred: list[np.uint64]) -> None:
        if not depth:
            self._pairs_left = _MOST_PAIRS * len(members)
            self._comparisons_left = _MOST_COMPARED * len(members)
        if depth < _DEPTH and not self._is_spent():
            self.split_runs += 1
            place = len(self.found)
            self.level(members, depth + 1)
            if barred and place < len(self.found):
                self.found[place:] = [self._unbarred(np.concatenate(self.found[place:]), barred)]
        else:
            self._cut_short(members)

    def _is_spent(self) -> bool:
        return min(self._pairs_left, self._comparisons_left) <= 0

    def _cut_short(self, members: Places) -> None:
        """Compare each member with the next few in hash order only."""
        near = members[np.argsort(self.hashes[members], kind="stable")]
        self.capped_runs += 1
        self.not_compared += max(0, len(near) - _FEW) * max(0, len(near) - _FEW - 1) // 2
        self._compare(near, np.zeros(len(near), dtype=np.uint64), [], _FEW)

    def _unbarred(self, keys: Places, barred: list[np.uint64]) -> Places:
        first, second = np.divmod(keys, len(self.hashes))
        return keys[_differ(self.hashes[first] ^ self.hashes[second], barred)]

    def _compare(self, ranked: Places, keys: Hashes, barred: list[np.uint64], most: int = _LONG_RUN) -> None:
        """Compare all members of each run of equal keys: first 1 apart, then 2, until no run is that long."""
        own = self.hashes[ranked]
        places = np.flatnonzero(keys[:-1] == keys[1:])
        step = 1
        while places.size and step <= most:
            differing = own[places] ^ own[places + step]
            near = np.flatnonzero(np.bitwise_count(differing) <= self.radius)
            self._keep(ranked[places[near]], ranked[places[near] + step], differing[near], barred)
            self._comparisons_left -= places.size
            step += 1
            places = places[: np.searchsorted(places, len(keys) - step)]
            places = places[keys[places] == keys[places + step]]

    def _keep(self, one: Places, other: Places, differing: Hashes, barred: list[np.uint64]) -> None:
        wanted = _differ(differing, barred)
        if self.groups is not None:
            wanted &= (self.groups[one] != self.groups[other]) | (self.groups[one] < 0)
        one, other = one[wanted], other[wanted]
        if one.size:
            self._pairs_left -= one.size
            self.found.append(np.minimum(one, other) * len(self.hashes) + np.maximum(one, other))


def _differ(differing: Hashes, barred: list[np.uint64]) -> npt.NDArray[np.bool_]:
    """Where every one of some bands differs."""
    result = np.ones(len(differing), dtype=np.bool_)
    for mask in barred:
        result &= (differing & mask) != 0
    return result


def _firsts(ordered: npt.NDArray[np.int64] | Hashes) -> npt.NDArray[np.bool_]:
    """Where a sorted array shows a value for the first time."""
    return np.concatenate((np.ones(min(1, len(ordered)), dtype=np.bool_), ordered[1:] != ordered[:-1]))


def _ranked(keys: Hashes) -> tuple[Places, Hashes]:
    """The order that sorts keys, and the keys in it; small keys by counting, others together with their places."""
    if int(keys.max()) < 1 << 16:
        order = np.argsort(keys.astype(np.uint16), kind="stable")
        return order, keys[order]
    width = np.uint64((len(keys) - 1).bit_length())
    packed = np.sort(keys << width | np.arange(len(keys), dtype=np.uint64))
    return (packed & ((np.uint64(1) << width) - np.uint64(1))).astype(np.int64), packed >> width


def _varying(hashes: Hashes) -> list[int]:
    """The bits in which some of the hashes differ."""
    differs = int(np.bitwise_or.reduce(hashes ^ hashes[0]))
    return [bit for bit in range(_BITS) if differs >> bit & 1]


def _mask(band: Places) -> np.uint64:
    return np.uint64(sum(1 << int(bit) for bit in band))


def _gathered(hashes: Hashes, band: Places) -> Hashes:
    """The bits of a band side by side, as one number each; neighbouring bits are moved together."""
    result = np.zeros(len(hashes), dtype=np.uint64)
    place = 0
    for part in np.split(band, np.flatnonzero(np.diff(band) != 1) + 1) if len(band) else ():
        part_mask = np.uint64((1 << len(part)) - 1)
        result |= ((hashes >> np.uint64(part[0])) & part_mask) << np.uint64(place)
        place += len(part)
    return result


def _long_runs(keys: Hashes) -> list[tuple[int, int]]:
    far = len(keys) - _LONG_RUN
    starts = np.flatnonzero(keys[:far] == keys[_LONG_RUN:]) if far > 0 else np.empty(0, dtype=np.int64)
    values = keys[starts[_firsts(keys[starts])]]
    lows, highs = np.searchsorted(keys, values), np.searchsorted(keys, values, side="right")
    return [(int(low), int(high)) for low, high in zip(lows, highs, strict=True)]


def is_flat(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Hashes of pictures without structure: nearly all bits alike, or one row of bits repeated; they prove nothing."""
    ones = np.bitwise_count(hashes)
    rows = hashes[:, None].view(np.uint8).reshape(-1, 8)
    same_rows = (rows == rows[:, :1]).sum(axis=1) >= 7
    same_bits = np.isin(rows, (0, 255)).sum(axis=1) >= 7
    return np.asarray((ones < 8) | (ones > 56) | same_rows | same_bits)
