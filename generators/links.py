"""Which person keys are one person: clusters of linked keys, the evidence between two of them, accepted overlaps.

cluster = clusters((row["person_a"], row["person_b"]) for row in rows)
steps = evidence_path(rows, "cuhk_pedes:00007", "icfg_pedes:12")   # link rows that lead from one to the other
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
# Reasons from the strongest to the weakest; `derived_from_<source>` stands before all of them.
REASONS = ("same_bytes", "near_duplicate", "near_embedding")


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


def members_of(cluster: Mapping[str, str]) -> dict[str, list[str]]:
    """The keys of each cluster, sorted."""
    found: dict[str, list[str]] = {}
    for key in sorted(cluster):
        found.setdefault(cluster[key], []).append(key)
    return found


def source_of(person_key: str) -> str:
    """The dataset that a person key belongs to."""
    return person_key.partition(":")[0]


def strength(row: Row) -> tuple[int, int]:
    """How good a link's evidence is, the best first: its reason, then its distance in bits."""
    reason = row["reason"]
    return REASONS.index(reason) + 1 if reason in REASONS else 0, row["distance"] or 0


def evidence_path(rows: Iterable[Row], start: str, goal: str) -> list[Row]:
    """The fewest links that lead from one person to another, the strongest of equally few; empty when none do.

    Links come in the order of the walk; their sides as they are in the table.
    """
    beside: dict[str, list[tuple[tuple[int, int], str, Row]]] = {}
    for row in rows:
        for one, other in ((row["person_a"], row["person_b"]), (row["person_b"], row["person_a"])):
            beside.setdefault(one, []).append((strength(row), other, row))
    came: dict[str, tuple[str, Row] | None] = {start: None}
    queue = deque([start])
    while queue and goal not in came:
        here = queue.popleft()
        for _, other, row in sorted(beside.get(here, ()), key=lambda step: step[:2]):
            if other not in came:
                came[other] = (here, row)
                queue.append(other)
    return _walked(came, goal)


def _walked(came: Mapping[str, tuple[str, Row] | None], goal: str) -> list[Row]:
    steps = []
    at = came.get(goal)
    while at is not None:
        steps.append(at[1])
        at = came[at[0]]
    return steps[::-1]


def told(steps: Sequence[Row], start: str) -> str:
    """A path of evidence in words: `a = b (near_duplicate, 2 bits: image ~ image) = c (same_bytes: image ~ image)`."""
    words, here = [start], start
    for row in steps:
        forward = row["person_a"] == here
        here = row["person_b"] if forward else row["person_a"]
        sides = (row["evidence_a"], row["evidence_b"]) if forward else (row["evidence_b"], row["evidence_a"])
        bits = f", {row['distance']} bits" if row["distance"] else ""
        words.append(f"{here} ({row['reason']}{bits}: {sides[0]} ~ {sides[1]})")
    return " = ".join(words)


def overlaps(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Per pair of datasets: how many links of each reason, and how many persons of either side they touch."""
    pairs: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        keys = sorted((row["person_a"], row["person_b"]), key=lambda key: (source_of(key), key))
        names = (source_of(keys[0]), source_of(keys[1]))
        found = pairs.setdefault(names, {"persons": (set(), set()), "reasons": {}})
        for persons, key in zip(found["persons"], keys, strict=True):
            persons.add(key)
        found["reasons"][row["reason"]] = found["reasons"].get(row["reason"], 0) + 1
    return [_overlap(names, pairs[names]) for names in sorted(pairs)]


def _overlap(names: tuple[str, str], found: Mapping[str, Any]) -> dict[str, Any]:
    first, second = found["persons"]
    if names[0] == names[1]:
        first = second = first | second
    reasons = dict(sorted(found["reasons"].items()))
    return {
        "source_a": names[0],
        "source_b": names[1],
        "persons_a": len(first),
        "persons_b": len(second),
        "links": sum(reasons.values()),
        "reasons": reasons,
    }


def leaks(
    pairs: Iterable[tuple[str, str]], tested: Iterable[str], accepted: Sequence[Mapping[str, str]] = ()
) -> Iterator[tuple[str, str, str | None]]:
    """Every (person, tested person of the same cluster, reason why that is accepted or None).

    An accepted overlap names in `train` and in `test` a dataset or a person key. A person who is tested is no leak of
    another.
    """
    held_out = set(tested)
    for members in members_of(clusters(pairs)).values():
        mates = [key for key in members if key in held_out]
        for person in members if mates else ():
            if person not in held_out:
                yield from ((person, mate, accepting(person, mate, accepted)) for mate in mates)


def accepting(person: str, tested: str, accepted: Sequence[Mapping[str, str]]) -> str | None:
    """Why it is accepted that one person is trained on although another is tested; None when it is not."""
    for one in accepted:
        if one["train"] in (person, source_of(person)) and one["test"] in (tested, source_of(tested)):
            return one["reason"]
    return None


def groups_of_equal(values: Sequence[str]) -> Iterator[list[int]]:
    """Positions that share a value, for values that occur more than once."""
    places: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    return (group for group in places.values() if len(group) > 1)
