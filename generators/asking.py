"""Requests of a kind of generation, planned from what is known of images and texts, by key.

    request = requested("attributes", kind, Subject(images=(sha256,)), "record", seed, by_rule=False)

A rule-made backend is given facts and no prompt; a model is given the prompt and no facts, so that a corrected label
asks a model for nothing again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from generators.captions.requests import PROMPT_ID, facts_of
from generators.partners import partners
from generators.records import Records
from schemas.backend import Request
from schemas.discovery import find
from schemas.errors import UnknownName
from schemas.keys import below, hash_ids, mix, seed_of
from schemas.kind import Kind, Subject
from schemas.recipe import KindChoice

_SEED_BITS = 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing to be made: what it is about, its number there, and what is asked.

    `row` is the image in the records, `other` the second image of a pair, `caption` the id of the text to work on.
    """

    kind: str
    row: int
    number: int
    style: str
    subject: Subject
    request: Request
    other: int | None = None
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One text to work on: the image it is about, its id and its words."""

    row: int
    caption: str
    text: str


def kind_of(name: str) -> Kind:
    """The kind of that name. Raises UnknownName."""
    found: Kind = find("generators.kinds", "KIND", name)
    return found


def check_kinds(choices: Sequence[KindChoice]) -> None:
    """Raises UnknownName for a kind, or a style of a kind, that does not exist."""
    for choice in choices:
        known = kind_of(choice.kind).styles
        for style in choice.styles:
            if style not in known:
                raise UnknownName.of(f"{choice.kind} style", style, known)


def requested(name: str, kind: Kind, subject: Subject, style: str, seed: int, by_rule: bool) -> Request:
    """The request for one subject; a model's seed has 31 bits, as most servers want it."""
    images = subject.images[: kind.images]
    if by_rule:
        facts = kind.facts(subject)
        return Request(kind=name, prompt="", prompt_id=PROMPT_ID, images=images, facts=facts, style=style, seed=seed)
    prompt = kind.prompt(subject, style, seed)
    return Request(
        kind=name,
        prompt=prompt.text,
        prompt_id=prompt.name,
        images=images,
        style=style,
        sampling=kind.sampling,
        seed=seed & _SEED_BITS,
        response_schema=prompt.schema,
    )


@dataclass(frozen=True, slots=True)
class Images:
    """What is known of the images that are asked about: their rows in the records, and the sha256 of each image."""

    records: Records
    people: pa.Table
    rows: Sequence[int]
    sha256: dict[str, str]

    def subjects(self) -> Iterator[tuple[int, Subject]]:
        """Each row with its image and facts."""
        for row, facts in zip(self.rows, facts_of(self.records, self.rows), strict=True):
            image = self.sha256[self.records.image_ids[row]]
            yield row, Subject(images=(image,), facts=facts, colourless=bool(self.records.infrared[row]))


def about_images(images: Images, choice: KindChoice, seed: int, by_rule: bool) -> Iterator[Planned]:
    """What is asked of one or two pictures. Rules are only asked what they can answer."""
    kind = kind_of(choice.kind)
    known = dict(images.subjects())
    ids = [images.records.image_ids[row] for row in known]
    for k in range(choice.per_image):
        others: Iterable[int | None] = [None] * len(known)
        if kind.images == 2:
            others = partners(images.records, images.people, images.rows, k, seed)
        for row, other, drawn in zip(known, others, _draws(choice, kind, ids, k, seed), strict=True):
            if kind.images == 2 and other is None:
                continue
            subject = known[row] if other is None else _pair(known[row], known[other])
            made = _request(choice.kind, kind, subject, drawn, by_rule)
            if made is not None:
                yield Planned(choice.kind, row, k, drawn.style, subject, made, other)


def _pair(first: Subject, second: Subject) -> Subject:
    dark = first.colourless or second.colourless
    return Subject(images=first.images + second.images, facts=first.facts, other=second.facts, colourless=dark)


def about_texts(
    images: Images, texts: Sequence[Source], choice: KindChoice, seed: int, by_rule: bool
) -> Iterator[Planned]:
    """What is asked of captions: the first `per_image` of each image."""
    kind = kind_of(choice.kind)
    draws = _draws(choice, kind, [source.caption for source in texts], 0, seed)
    asked: Counter[int] = Counter()
    for source, drawn in zip(texts, draws, strict=True):
        asked[source.row] += 1
        if asked[source.row] > choice.per_image:
            continue
        subject = Subject(text=source.text, colourless=bool(images.records.infrared[source.row]))
        made = _request(choice.kind, kind, subject, drawn, by_rule)
        if made is not None:
            number = asked[source.row] - 1
            yield Planned(choice.kind, source.row, number, drawn.style, subject, made, caption=source.caption)


class _Drawn(NamedTuple):
    """What is drawn for one request."""

    style: str
    seed: int


def _draws(choice: KindChoice, kind: Kind, names: Sequence[str], k: int, seed: int) -> list[_Drawn]:
    """Style and seed of the k-th request about each named thing; the k-th styles of one thing differ."""
    styles = choice.styles or kind.styles
    words = hash_ids(names)
    starts = below(mix(seed_of(choice.kind, "style", seed), words), len(styles)).tolist()
    seeds = mix(seed_of(choice.kind, seed), words, k).tolist()
    return [_Drawn(styles[(start + k) % len(styles)], word) for start, word in zip(starts, seeds, strict=True)]


def _request(name: str, kind: Kind, subject: Subject, drawn: _Drawn, by_rule: bool) -> Request | None:
    """The request about one thing; None where rules could not answer it."""
    if by_rule and kind.by_rule(kind.facts(subject), drawn.style, drawn.seed) is None:
        return None
    return requested(name, kind, subject, drawn.style, drawn.seed, by_rule)
