"""The blind solver on answers with several parts: sets, ranks and partitions.

A set is judged by its likeliest member and by whether it is empty, a rank by its first place, a partition by the pair
that likeliest belongs together and by how many groups there are: each against a blind draw among what the row shows.
"""

from collections.abc import Sequence

import numpy as np

from schemas.answers import Parsed, parse
from tasks.checking.blind import Blind, Candidates, Ints, candidate_features, row_features
from tasks.checking.guessing import Floats, Tried, Tries, guessed, likeliest, picked
from tasks.checking.rows import codes

_PLACES = 12


def parsed_answers(blind: Blind, rows: Ints) -> list[Parsed]:
    """The answers of some rows as values; rows that the grammar refuses are left to its gate and count as empty."""
    said = zip(blind.facts.kind[rows].tolist(), blind.facts.text[rows].tolist(), strict=True)
    return [parse(kind, text) or Parsed(kind) for kind, text in said]


def set_tries(blind: Blind, train: Ints, held: Ints, penalty: float) -> Tries:
    """Which candidate is likeliest in the set, and whether there is any."""
    rows = np.concatenate([train, held])
    golds = [one.gold_set or () for one in parsed_answers(blind, rows)]
    found = _candidates(blind, rows, golds)
    right, base, at = likeliest(found, len(train), penalty)
    yield Tried("the likeliest member", right, base, rows[at])
    empty = np.array([not gold for gold in golds], dtype=np.int64)
    if empty[: len(train)].any():
        yield _classes("whether there is any", blind, (train, held), empty, blind.facts.n_options[rows], penalty)


def rank_tries(blind: Blind, train: Ints, held: Ints, penalty: float) -> Tries:
    """Which candidate comes first; several pictures of the person wanted may, and the lowest number among them does."""
    rows = np.concatenate([train, held])
    golds = [(one.gold_rank or ())[:1] for one in parsed_answers(blind, rows)]
    found = _candidates(blind, rows, golds)
    fit = np.bincount(found.row, _is_wanted(blind, rows, found), len(rows))[len(train) :]
    base = np.maximum(fit, 1) / np.bincount(found.row, minlength=len(rows))[len(train) :]
    yield Tried("the first place", picked(found, len(train), penalty), base, held)


def partition_tries(blind: Blind, train: Ints, held: Ints, penalty: float) -> Tries:
    """Which two pictures are likeliest of one person, and how many persons there are."""
    rows = np.concatenate([train, held])
    groups = [one.gold_json or "[]" for one in parsed_answers(blind, rows)]
    right, base, at = likeliest(_pairs(blind, rows, groups), len(train), penalty)
    yield Tried("the likeliest pair", right, base, rows[at])
    counts = np.array([text.count("[") - 1 for text in groups], dtype=np.int64)
    shown = np.bincount(blind.shown.row, minlength=len(blind.facts))[rows]
    yield _classes("the number of groups", blind, (train, held), counts, shown, penalty)


def _classes(how: str, blind: Blind, split: tuple[Ints, Ints], answers: Ints, asked: Ints, penalty: float) -> Tried:
    """A class per row against the most frequent one among rows that ask the same."""
    rows = np.concatenate(split)
    known = np.arange(len(rows)) < len(split[0])
    right, base = guessed(row_features(blind, rows), answers, asked, known, penalty)
    return Tried(how, right, base.astype(np.float64), split[1])


def _candidates(blind: Blind, rows: Ints, golds: Sequence[Sequence[int]]) -> Candidates:
    """The candidate images of some rows, of which those in `golds` are right."""
    found = candidate_features(blind, rows)
    kept = found.number > 0
    row, number = found.row[kept], found.number[kept]
    gold = np.array([shown in golds[at] for at, shown in zip(row.tolist(), number.tolist(), strict=True)], dtype=bool)
    return Candidates(found.features[kept], row, number, gold)


def _is_wanted(blind: Blind, rows: Ints, found: Candidates) -> Floats:
    """1 for each candidate of the person in image 1, where that is a query."""
    person, role = codes(blind.shown.texts("person_key")), blind.shown.texts("role")
    query = blind.first[rows[found.row]]
    shown = query + found.number - 1
    return np.asarray((role[query] == "query") & (person[shown] == person[query]), dtype=np.float64)


def _pairs(blind: Blind, rows: Ints, groups: Sequence[str]) -> Candidates:
    """Every two pictures of each row; right are those of one group. `number` counts the pairs of a row."""
    shown = np.bincount(blind.shown.row, minlength=len(blind.facts))[rows]
    sides = [np.triu_indices(int(count), 1) for count in shown]
    row = np.repeat(np.arange(len(rows)), [len(one) for one, _ in sides])
    first, second = (np.concatenate([side[at] for side in sides]).astype(np.int64) for at in (0, 1))
    start = blind.first[rows[row]]
    places = np.eye(_PLACES)[np.minimum(first, _PLACES - 1)] + np.eye(_PLACES)[np.minimum(second, _PLACES - 1)]
    group = _group_of(groups, shown)
    gold = group[row, first] == group[row, second]
    number = np.concatenate([np.arange(len(one)) for one, _ in sides])
    return Candidates(np.hstack([places, blind.beside(start + first, start + second)]), row, number, gold)


def _group_of(groups: Sequence[str], shown: Ints) -> Ints:
    """The group of each picture, (rows, most pictures); a picture that no group names has one of its own."""
    found = np.tile(-1 - np.arange(int(shown.max(initial=1))), (len(groups), 1))
    for at, text in enumerate(groups):
        for number, members in enumerate(text.strip("[]").split("],[")):
            for image in members.split(",") if members else ():
                found[at, int(image) - 1] = number
    return found
