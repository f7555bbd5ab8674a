"""CUHK03-NP, the new protocol's pictures in the folders of Market-1501: which person a number is.

The protocol numbers its 1,467 persons by pair, then by person: 844 is person 1 of pair 2. Nothing in the folders says
that their four digits are these numbers, but their counts do: the pictures and the tested persons of each pair are
known to the last one, and any other numbering would cut them differently. Where they agree the persons get the keys
that they have in the other forms of the dataset; in folders that lack something they keep numbers of their own.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

NP_NAME = re.compile(
    r"(?:cuhk03-np/)?(?P<variant>labeled|detected)/(?P<folder>bounding_box_train|bounding_box_test|query)"
    r"/(?P<pid>[0-9]{4})_c(?P<view>[12])_(?P<index>[0-9]{1,9})\.png"
)
NP_PARTS = {"bounding_box_train": "train", "bounding_box_test": "gallery", "query": "query"}
_PERSONS = (843, 440, 77, 58, 49)
_FIRST = (1, *(1 + before for before in accumulate(_PERSONS)))
# Pictures, and tested persons, of pairs 1 to 5.
_COUNTS = {
    "labeled": ((8177, 4337, 649, 510, 423), (416, 211, 28, 24, 21)),
    "detected": ((8177, 4337, 650, 510, 423), (416, 212, 28, 23, 21)),
}


def person_of_number(number: int) -> tuple[int, int] | None:
    """Pair and person, both from 1, of a number of the protocol; None when it has no such number."""
    pair = bisect_right(_FIRST, number)
    return (pair, number - _FIRST[pair - 1] + 1) if 0 < pair <= len(_PERSONS) else None


def numbered_by_protocol(names: Iterable[re.Match[str]]) -> bool:
    """Whether the counts of the folders show that their numbers are those of the protocol, in every variant there."""
    pictures = {variant: [0] * len(_PERSONS) for variant in _COUNTS}
    tested: dict[str, set[tuple[int, int]]] = {variant: set() for variant in _COUNTS}
    for found in names:
        person = person_of_number(int(found["pid"]))
        if person is None:
            return False
        pictures[found["variant"]][person[0] - 1] += 1
        if NP_PARTS[found["folder"]] != "train":
            tested[found["variant"]].add(person)
    counted = {variant: (tuple(of_pair), _per_pair(tested[variant])) for variant, of_pair in pictures.items()}
    there = {variant: counts for variant, counts in counted.items() if any(counts[0])}
    return bool(there) and all(counts == _COUNTS[variant] for variant, counts in there.items())


def _per_pair(persons: set[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(sum(of == pair for of, _ in persons) for pair in range(1, len(_PERSONS) + 1))
