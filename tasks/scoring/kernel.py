"""The counting kernels: ranks of the right images without sorting the gallery.

Only the right images of a query are sorted; every other image that scores at least as well as the worst of them finds
its place among them by binary search and is counted there. Ranks follow by summing the counts. Each rank is counted
three times: ties by the given order, ties with the wrong images first (pessimistic), and ties with the right images
first (optimistic). Compiled on first use, then kept beside this file.
"""

from typing import Any

import numpy as np
from numba import njit

from tasks.scoring.removal import REMOVED, RIGHT, WRONG

GIVEN, PESSIMISTIC, OPTIMISTIC, UNTIED = 0, 1, 2, 3
_fast = njit(cache=True, nogil=True)


@_fast
def _mark(kind: Any, base: Any, gone: Any, right: Any) -> None:
    """Fill `kind` for one query from its group's marks, its own removed images and its right ones."""
    for g in range(kind.size):
        kind[g] = base[g]
    for g in gone:
        kind[g] = REMOVED
    for g in right:
        kind[g] = RIGHT


@_fast
def _count(row: Any, kind: Any, right: Any, best: Any, order: Any, raw: bool, count: Any) -> None:
    """Add every wrong image (count[0]) and, when asked, every removed one (count[1]) at its place among the right.

    count[., 3] holds those that are tied with no right image, whose place is the same in every variant.
    """
    n = right.size
    worst = best[n - 1]
    for g in range(row.size):
        s = row[g]
        if s < worst or kind[g] == RIGHT or (kind[g] == REMOVED and not raw):
            continue
        low, left = 0, n
        while left > 0:
            half = left >> 1
            low += left - half if best[low + half] > s else 0
            left = half
        which = 1 if kind[g] == REMOVED else 0
        if best[low] != s:
            count[which, UNTIED, low] += 1
            continue
        tied = given = low
        while tied < n and best[tied] == s:
            given += 1 if order[right[tied]] < order[g] else 0
            tied += 1
        count[which, GIVEN, given] += 1
        count[which, PESSIMISTIC, low] += 1
        count[which, OPTIMISTIC, tied] += 1


@_fast
def count_ranks(
    scores: Any, base: Any, group: Any, lists: Any, best: Any, order: Any, raw: bool, ranks: Any, raws: Any
) -> None:
    """Fill `ranks` (3, right images of all queries) and `raws`, the same before anything is removed, if `raw`.

    `lists` are the removed and the right images of all queries, each with its offsets; the right ones stand best
    first, ties in the given order, and `best` holds their scores.
    """
    gone_start, gone, right_start, right = lists
    kind = np.empty(scores.shape[1], np.uint8)
    for q in range(scores.shape[0]):
        low, high = right_start[q], right_start[q + 1]
        if low == high:
            continue
        _mark(kind, base[group[q]], gone[gone_start[q] : gone_start[q + 1]], right[low:high])
        count = np.zeros((2, 4, high - low + 1), np.int64)
        _count(scores[q], kind, right[low:high], best[low:high], order, raw, count)
        for variant in range(3):
            wrong, removed = 0, 0
            for i in range(high - low):
                wrong += count[0, variant, i] + count[0, UNTIED, i]
                removed += count[1, variant, i] + count[1, UNTIED, i]
                ranks[variant, low + i] = wrong + i + 1
                raws[variant, low + i] = wrong + removed + i + 1


@_fast
def _ahead(s: Any, place: int, best: Any, best_place: int, variant: int) -> bool:
    """Whether a wrong image stands before the best right one."""
    if s != best:
        return bool(s > best)
    return variant == PESSIMISTIC or (variant == GIVEN and place < best_place)


@_fast
def count_persons(
    scores: Any, base: Any, group: Any, lists: Any, best: Any, order: Any, person: Any, first: Any
) -> None:
    """Fill `first` (3, queries): 1 + how many other persons come before the first right image; 0 without one.

    `person` numbers the gallery's persons from 0; an image of nobody known counts as a person of its own.
    """
    gone_start, gone, right_start, right = lists
    kind = np.empty(scores.shape[1], np.uint8)
    seen = np.full((3, person.size), -1, np.int64)
    for q in range(scores.shape[0]):
        low, high = right_start[q], right_start[q + 1]
        if low == high:
            continue
        _mark(kind, base[group[q]], gone[gone_start[q] : gone_start[q + 1]], right[low:high])
        for variant in range(3):
            first[variant, q] = 1
        for g in range(person.size):
            if scores[q, g] < best[low] or kind[g] != WRONG:
                continue
            for variant in range(3):
                if _ahead(scores[q, g], order[g], best[low], order[right[low]], variant) and (
                    person[g] < 0 or seen[variant, person[g]] != q
                ):
                    first[variant, q] += 1
                    if person[g] >= 0:
                        seen[variant, person[g]] = q


@_fast
def _word(state: Any, key: Any) -> Any:
    """One round of schemas.keys.mix."""
    z = (state ^ key) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@_fast
def _draw(kind: Any, person: Any, word: Any, lowest: Any, drawn: Any) -> int:
    """Draw one kept image of every person into `drawn` (of nobody: each image); returns how many were drawn."""
    for p in range(lowest.size):
        lowest[p] = -1
    total = 0
    for g in range(person.size):
        if kind[g] == REMOVED:
            continue
        who = person[g]
        if who < 0 or lowest[who] < 0:
            drawn[total] = g
            if who >= 0:
                lowest[who] = total
            total += 1
        elif _word(word, np.uint64(g)) < _word(word, np.uint64(drawn[lowest[who]])):
            drawn[lowest[who]] = g
    return total


@_fast
def _first(row: Any, kind: Any, order: Any, drawn: Any, variant: int) -> int:
    """The rank of the one right image among the drawn ones."""
    lead = drawn[0]
    for g in drawn:
        if kind[g] == RIGHT:
            lead = g
    rank = 1
    for g in drawn:
        if kind[g] == WRONG and _ahead(row[g], order[g], row[lead], order[lead], variant):
            rank += 1
    return rank


@_fast
def count_draws(
    scores: Any, base: Any, group: Any, lists: Any, order: Any, person: Any, words: Any, first: Any
) -> None:
    """Fill `first` (3, queries, draws): the right image's rank among one image drawn of every person; 0 without one.

    `words` holds one key-seeded word per query; a draw depends on it, the draw's number and the gallery position.
    """
    gone_start, gone, right_start, right = lists
    kind = np.empty(scores.shape[1], np.uint8)
    drawn = np.empty(scores.shape[1], np.int64)
    lowest = np.empty(person.size, np.int64)
    for q in range(scores.shape[0]):
        low, high = right_start[q], right_start[q + 1]
        if low == high:
            continue
        _mark(kind, base[group[q]], gone[gone_start[q] : gone_start[q + 1]], right[low:high])
        for draw in range(first.shape[2]):
            total = _draw(kind, person, _word(words[q], np.uint64(draw)), lowest, drawn)
            for variant in range(3):
                first[variant, q, draw] = _first(scores[q], kind, order, drawn[:total], variant)
