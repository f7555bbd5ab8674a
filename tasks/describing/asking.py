"""What is asked about one source: first about its images, then about the texts that there are.

`image_requests` needs no answer, so a plan or a batch file can be made of it; `text_requests` works on captions, those
of people and those that were just made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.asking import Images, Planned, Source, about_images, about_texts, kind_of
from generators.captions.requests import plan
from generators.records import Records
from schemas.kind import Subject
from schemas.recipe import Describe
from schemas.rows import Caption
from tasks.describing.models import Model, default_captions, wanted_of

_ASKED_SPLITS = ("train", "val", "test")


class Known(NamedTuple):
    """What is known of a source before anything is asked."""

    images: Images
    human: pa.Table

    @property
    def records(self) -> Records:
        """What is known of each image."""
        return self.images.records


def asked_images(people: pa.Table, records: Records, stored: pa.Table) -> Images:
    """The normal images of a split, which are the ones that are asked about."""
    asked = pc.and_(
        pc.equal(people["role_flag"], "normal"), pc.is_in(people["split"], value_set=pa.array(_ASKED_SPLITS))
    )
    sha256 = dict(zip(stored["image_id"].to_pylist(), stored["sha256"].to_pylist(), strict=True))
    return Images(records, people, np.flatnonzero(asked.to_numpy()).tolist(), sha256)


def image_requests(known: Known, recipe: Describe, model: Model, seed: int) -> list[Planned]:
    """Everything a model is asked about images, captions first."""
    wanted = [choice for choice in wanted_of(recipe, model) if kind_of(choice.kind).images]
    planned = list(_default(known, recipe, model, seed))
    for choice in wanted:
        planned.extend(about_images(known.images, choice, seed, model.by_rule))
    return [_named(each, known, model) for each in planned]


def _default(known: Known, recipe: Describe, model: Model, seed: int) -> Iterator[Planned]:
    choice = default_captions(recipe, model)
    if choice is None:
        return
    if not model.by_rule:
        yield from about_images(known.images, choice, seed, by_rule=False)
        return
    images = known.images
    for row, number, request in plan(images.records, images.rows, images.sha256, recipe, seed):
        yield Planned("caption", row, number, request.style or "", _subject(images, row, request.facts), request)


def _subject(images: Images, row: int, facts: object) -> Subject:
    records = images.records
    known = dict(facts) if isinstance(facts, dict) else {}
    return Subject(images=(images.sha256[records.image_ids[row]],), facts=known, colourless=bool(records.infrared[row]))


def text_requests(known: Known, made: Sequence[Caption], recipe: Describe, model: Model, seed: int) -> list[Planned]:
    """Everything a model is asked about captions: those of people come before those that were made."""
    wanted = [choice for choice in wanted_of(recipe, model) if not kind_of(choice.kind).images]
    if not wanted:
        return []
    texts = list(_texts(known, made))
    planned = [each for choice in wanted for each in about_texts(known.images, texts, choice, seed, model.by_rule)]
    return [_named(each, known, model) for each in planned]


def _texts(known: Known, made: Sequence[Caption]) -> Iterator[Source]:
    """The usable English captions of the asked images, image by image."""
    rows = {known.records.image_ids[row]: row for row in known.images.rows}
    usable = known.human.filter(pc.and_(known.human["valid"], pc.equal(known.human["language"], "en")))
    names = ("image_id", "caption_index", "caption_id", "text")
    human = zip(*(usable[name].to_pylist() for name in names), strict=True)
    own = ((caption.image_id, caption.caption_index, caption.caption_id, caption.text) for caption in made)
    for image_id, _, caption_id, text in sorted([*human, *own]):
        if image_id in rows:
            yield Source(rows[image_id], caption_id, text)


def name_of(planned: Planned, known: Known, model: Model) -> str:
    """The name of what is made: `<image>#made0` for the recipe's own captions, else with kind and the model's mark."""
    image_id = known.records.image_ids[planned.row]
    if model.first and planned.kind == "caption":
        return f"{image_id}#made{planned.number}"
    return f"{image_id}#{planned.kind}{planned.number}-{model.mark}"


def _named(planned: Planned, known: Known, model: Model) -> Planned:
    """The request with the name of what it is for, sampled as the recipe says of its model."""
    sampling = {**planned.request.sampling, **model.choice.sampling.given()}
    request = replace(planned.request, subject=name_of(planned, known, model), sampling=sampling)
    return replace(planned, request=request)
