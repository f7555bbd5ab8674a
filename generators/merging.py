"""Attribute records of several models made one: votes on each image, then between the images of one outfit.

- A value is taken for an image when most of the models' confidence is behind it.
- What clothes and bodies look like does not change between the views of one (person, clothes) or person: the majority
  of views is taken for all of them, and views that say otherwise are named as outliers (they may be mislabelled).
- Labels count as a sure vote of their image, and are never contradicted: where there is one, nothing is merged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from generators.captions.consistency import compared
from generators.records import MERGED, OF_THE_IMAGE, Records
from schemas.rows import Attribute
from schemas.vocabulary import NOT_VISIBLE, VOCABULARY

MAJORITY = 0.6
LEAST_SURE = 0.5
"""A single model's value needs this confidence; two that agree need none."""


class Outlier(NamedTuple):
    """A view that says otherwise than the other views of its outfit or person."""

    image_id: str
    key: str
    told: str
    majority: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What models agree on, the views that do not fit, and each model's share of values that labels confirm."""

    attributes: list[Attribute]
    outliers: list[Outlier]
    confirmed: dict[str, float]


class _Vote(NamedTuple):
    value: str
    weight: float
    sure: bool


def merge(told: Sequence[Attribute], people: pa.Table, records: Records) -> Merged:
    """Merge what models told of images; `records` is what labels and captions say of the rows of `people`."""
    row_of = {image_id: row for row, image_id in enumerate(records.image_ids)}
    known = {image_id: records.record(row_of[image_id]) for image_id in {str(each.image_id) for each in told}}
    views = dict(_views(told))
    merged = Merged([], [], _confirmed(told, known))
    settled: set[tuple[str, str]] = set()
    for group in _groups(people, {image for image, _ in views}):
        for key in group.keys:
            if all(key in known[image] for image in group.images):
                continue
            votes = _votes(group.images, key, views, known)
            settled.update((image, key) for image in _settle(group, key, votes, merged))
    for (image, key), vote in views.items():
        if (image, key) not in settled and key not in known[image]:
            merged.attributes.append(_row("image", image, key, vote))
    return merged


def _settle(group: "_Group", key: str, votes: Sequence[tuple[str, _Vote]], merged: Merged) -> Iterator[str]:
    """Take the majority of the views for all of them; gives the images that need no row of their own.

    A view on which two models agree against the others keeps its value, and is named all the same.
    """
    majority = _majority([vote for _, vote in votes]) if len(votes) > 1 else None
    if majority is None:
        return
    merged.attributes.append(_row(group.level, group.subject, key, majority))
    for image, vote in votes:
        if compared({key: vote.value}, {key: majority.value}).differing:
            merged.outliers.append(Outlier(image, key, vote.value, majority.value))
            if vote.sure:
                continue
        yield image


def _views(told: Iterable[Attribute]) -> Iterator[tuple[tuple[str, str], _Vote]]:
    """What the models together say of each image and key, hidden parts included."""
    found: dict[tuple[str, str], list[_Vote]] = {}
    for each in told:
        vote = _Vote(each.value, each.confidence or 0.0, sure=False)
        found.setdefault((str(each.image_id), each.key), []).append(vote)
    for place in sorted(found):
        taken = _majority(found[place])
        if taken is not None and (taken.sure or taken.weight >= LEAST_SURE):
            yield place, taken


def _majority(votes: Sequence[_Vote]) -> _Vote | None:
    """The value behind which most of the weight is, with its mean weight; sure when two voted for it."""
    weights: dict[str, list[float]] = {}
    for vote in votes:
        weights.setdefault(vote.value, []).append(vote.weight)
    total = sum(map(sum, weights.values()))
    value = max(sorted(weights), key=lambda name: sum(weights[name]))
    mine = weights[value]
    if not total or sum(mine) < MAJORITY * total:
        return None
    return _Vote(value, sum(mine) / total * max(mine), sure=len(mine) > 1)


class _Group(NamedTuple):
    """The images on which some keys should be alike."""

    level: str
    subject: str
    images: list[str]
    keys: tuple[str, ...]


_BODY = tuple(key for key, known in VOCABULARY.items() if known.survives_clothes_change and key not in OF_THE_IMAGE)
_CLOTHES = tuple(key for key in VOCABULARY if key not in _BODY and key not in OF_THE_IMAGE)


def _groups(people: pa.Table, looked_at: set[str]) -> Iterator[_Group]:
    """Every outfit with its clothes, and every person with the body; with the clothes too where no outfit is known."""
    names = ("image_id", "person_key", "clothes_key")
    columns = zip(*(people[name].to_pylist() for name in names), strict=True)
    outfits: dict[str, list[str]] = {}
    persons: dict[str, list[str]] = {}
    dressed: set[str] = set()
    for image, person, clothes in columns:
        if person is None or image not in looked_at:
            continue
        persons.setdefault(person, []).append(image)
        if clothes is not None:
            outfits.setdefault(clothes, []).append(image)
            dressed.add(person)
    for subject in sorted(outfits):
        yield _Group("clothes", subject, sorted(outfits[subject]), _CLOTHES)
    for subject in sorted(persons):
        keys = _BODY if subject in dressed else (*_BODY, *_CLOTHES)
        yield _Group("person", subject, sorted(persons[subject]), keys)


def _votes(
    images: Sequence[str], key: str, views: Mapping[tuple[str, str], _Vote], known: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, _Vote]]:
    """One vote per view that shows the key; a label outweighs what models told of its image."""
    found = []
    for image in images:
        label = known[image].get(key)
        vote = _Vote(label, 1.0, sure=True) if label else views.get((image, key))
        if vote is not None and vote.value != NOT_VISIBLE:
            found.append((image, vote))
    return found


def _row(level: str, subject: str, key: str, vote: _Vote) -> Attribute:
    return Attribute(
        level=level,
        key=key,
        value=vote.value,
        attribute_source=MERGED,
        image_id=subject if level == "image" else None,
        person_key=subject if level == "person" else None,
        clothes_key=subject if level == "clothes" else None,
        visible=vote.value != NOT_VISIBLE,
        confidence=round(vote.weight, 4),
    )


def _confirmed(told: Sequence[Attribute], known: Mapping[str, Mapping[str, str]]) -> dict[str, float]:
    """Of what each model told and a label speaks of too, the share on which both can be right."""
    counts: dict[str, list[int]] = {}
    for each in told:
        found = compared({each.key: each.value}, known[str(each.image_id)])
        mine = counts.setdefault(each.attribute_source, [0, 0])
        mine[0] += found.keys - len(found.differing)
        mine[1] += found.keys
    return {name: round(right / all_, 4) for name, (right, all_) in sorted(counts.items()) if all_}
