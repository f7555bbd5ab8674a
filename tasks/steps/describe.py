"""Describe one source: human captions cleaned, attributes gathered, captions made through the generation store.

store/steps/describe/<digest>/captions.parquet, attributes.parquet, rejects.parquet
and, where the recipe asks for their kinds, statements.parquet and text_scores.parquet

What the store held before never shows in the outcome: a stored answer and one asked now are the same bytes.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators import asking as kind_requests
from generators import (
    attribute_masks,
    kinds,
    merging,
    numbering,
    partners,
    prompts,
    raw_answers,
    raw_names,
    similarity,
    stated,
)
from generators import captions as wording
from generators import records as resolving
from generators.asking import Planned, check_kinds
from generators.captions.human import attribute_rows, cleaned, read_attributes
from generators.captions.requests import check_styles
from generators.merging import Merged, merge
from generators.records import COLOURLESS, resolve
from generators.similarity import Pair, cosines, similarity_revision
from schemas import backend as backend_forms
from schemas import filter as filter_forms
from schemas import keys, recipe, tables, vocabulary
from schemas import kind as kind_forms
from schemas import rows as row_forms
from schemas.keys import code_revision, digest, folder_revision
from schemas.recipe import Describe
from schemas.rows import Attribute, Caption, Reject
from schemas.tables import ATTRIBUTES, CAPTIONS, IMAGES, REJECTS, STATEMENTS, TEXT_SCORES
from schemas.vocabulary import MODALITIES, VOCABULARY
from tasks import describing
from tasks.describing.accounts import accounts
from tasks.describing.answers import Answered, Reader, Rows, outlier_reject
from tasks.describing.asking import Known, asked_images, image_requests, text_requests
from tasks.describing.models import Model, models_of
from tasks.describing.unanswered import FAILED, failed_now, named, remember, remembered
from tasks.generations import client, key
from tasks.generations.client import answer
from tasks.generations.images import PackImages
from tasks.generations.store import GenerationStore
from tasks.packs import columns
from tasks.packs.columns import table_of
from tasks.steps.parts import read_table
from tasks.steps.store import StepOutput, find_step, run_step
from tasks.versions import writer

_LOW_RESOLUTION = 48
_CODE = (
    *(
        resolving,
        attribute_masks,
        numbering,
        kind_requests,
        partners,
        merging,
        prompts,
        raw_answers,
        raw_names,
        stated,
        similarity,
        client,
        key,
        columns,
        writer,
    ),
    *(backend_forms, filter_forms, kind_forms, row_forms, keys, recipe, tables, vocabulary),
)


def describe(
    store: Path, ingested: StepOutput, recipe: Describe, seed: int, replay: bool = False, asked: bool = False
) -> StepOutput:
    """Captions and attributes of one source. Facts: counts by source, style, key and flag, and the captioning model.

    Captions are made for the normal images of a split whose record says enough. With `replay` no backend is asked; with
    `asked`, which is for after the `generate` steps, no model is, and what failed there stands as it is. Raises
    UnknownName for a backend or style that does not exist, and MissingGenerations when answers that may not be asked
    for are not in the store.
    """
    models = models_of(recipe)
    check_styles(recipe.styles)
    check_kinds(recipe.kinds)
    inputs = inputs_of(ingested, recipe, seed, models)
    job = _Job(store, ingested, recipe, seed, replay, asked, models)
    if all(model.by_rule for model in models) or find_step(store, "describe", inputs):
        return run_step(store, "describe", inputs, lambda folder: job.work(folder, job.made()))
    lacking = find_step(store, "describe", named(inputs, _failed_before(store, inputs)))
    if lacking:
        return lacking
    made = job.made()
    remember(store, inputs, made.failed)
    return run_step(store, "describe", named(inputs, made.failed), lambda folder: job.work(folder, made))


def _failed_before(store: Path, inputs: dict[str, Any]) -> dict[str, str]:
    """What the last description of these inputs lacked and still lacks: key to reason."""
    keys = remembered(store, inputs)
    if not keys:
        return {}
    with GenerationStore(store / "generations") as generations:
        return failed_now(generations, keys)


def inputs_of(ingested: StepOutput, recipe: Describe, seed: int, models: Sequence[Model]) -> dict[str, Any]:
    """What a description depends on: its name in the store."""
    return {
        "ingest": ingested.digest,
        "recipe": recipe.placeless(),
        "seed": seed,
        "models": [model.full_name for model in models],
        "similarity": similarity_revision(recipe.similarity) if recipe.similarity else None,
        "code": _revision(),
    }


def _revision() -> str:
    folders = [Path(str(package.__file__)).parent for package in (wording, kinds, describing)]
    return digest([folder_revision(*folders), code_revision(import_module(__name__), *_CODE)])[:16]


class _Made(NamedTuple):
    """What came back about one source, what it took, and the keys that the endpoint failed to answer, with why."""

    known: Known
    attributes: pa.Table
    rows: Rows
    asked: list[dict[str, Any]]
    failed: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Job:
    """One description of one source."""

    store: Path
    ingested: StepOutput
    recipe: Describe
    seed: int
    replay: bool
    asked: bool
    models: Sequence[Model]

    def work(self, folder: Path, whole: _Made) -> dict[str, Any]:
        """Write the step's tables and return its facts."""
        known, attributes, made = whole.known, whole.attributes, whole.rows
        captions = pa.concat_tables([known.human, table_of(CAPTIONS, made.captions, {"n_words": _n_words})])
        merged = merge(made.attributes, known.images.people, known.records)
        told = table_of(ATTRIBUTES, [*made.attributes, *merged.attributes], {"attribute_id": _attribute_id})
        attributes = pa.concat_tables([attributes, told])
        made.rejects.extend(outlier_reject(each, self.ingested.facts["source"]) for each in merged.outliers)
        refused = table_of(REJECTS, made.rejects, {"reject_id": _reject_id})
        for spec, table in ((CAPTIONS, captions), (ATTRIBUTES, attributes), (REJECTS, refused)):
            writer.write(spec, table, folder / f"{spec.name}.parquet")
        for spec, rows in ((STATEMENTS, made.statements), (TEXT_SCORES, made.scores)):
            if rows:
                writer.write(spec, table_of(spec, rows), folder / f"{spec.name}.parquet")
        facts = self._facts(captions, attributes, refused, made) | _agreement(merged)
        return facts | {"asked": whole.asked, "failed": len(whole.failed)}

    def made(self) -> _Made:
        """What came back: first about images, then about the texts that there are after that."""
        known, attributes = known_of(self.store, self.ingested)
        reader = Reader(known, self.ingested.facts["source"])
        look = self._look if self.recipe.similarity else None
        with GenerationStore(self.store / "generations") as generations:
            first = [
                each
                for model in self.models
                for each in self._answered(image_requests(known, self.recipe, model, self.seed), model, generations)
            ]
            made = reader.rows(first, look)
            second = [
                each
                for model in self.models
                for each in self._answered(
                    text_requests(known, made.captions, self.recipe, model, self.seed), model, generations
                )
            ]
        rows = made.plus(reader.rows(second, look))
        answers = [*first, *second]
        failed = {each.got.key: each.got.answer.detail for each in answers if each.got.answer.status == FAILED}
        return _Made(known, attributes, rows, accounts(answers, reader.refused), failed)

    def _look(self, pairs: Sequence[Pair]) -> dict[str, float]:
        return cosines(str(self.recipe.similarity), pairs, PackImages(self.store, [self.ingested]))

    def _answered(self, planned: list[Planned], model: Model, generations: GenerationStore) -> Iterator[Answered]:
        given = answer(
            [each.request for each in planned],
            model.backend,
            generations,
            self.replay or (self.asked and not model.by_rule),
            preprocessing_id=model.choice.preprocessing,
            images=PackImages(self.store, [self.ingested]),
        )
        return (Answered(each, model, got) for each, got in zip(planned, given, strict=True))

    def _facts(self, captions: pa.Table, attributes: pa.Table, refused: pa.Table, made: Rows) -> dict[str, Any]:
        first = self.models[0].backend
        counts = {
            "captions": captions.num_rows,
            "invalid_captions": captions.filter(pc.invert(captions["valid"])).num_rows,
            "attributes": attributes.num_rows,
            "described_images": len({row.image_id for row in made.captions}),
            "rejects": refused.num_rows,
        }
        found = {
            "source": self.ingested.facts["source"],
            "model": first.model,
            "revision": first.revision,
            "counts": counts,
            "captions_by_source": _tally(captions["caption_source"]),
            "captions_by_style": _tally(captions["style"].drop_null()),
            "captions_by_flag": _tally(pc.list_flatten(captions["flags"])),
            "attributes_by_source": _tally(attributes["attribute_source"]),
        }
        if made.statements:
            found["statements_by_kind"] = dict(sorted(Counter(row.kind for row in made.statements).items()))
        return found


def _agreement(merged: Merged) -> dict[str, Any]:
    """Per model the share of its values that labels confirm, where any label speaks of what it told."""
    return {"confirmed_by_labels": merged.confirmed} if merged.confirmed else {}


def known_of(store: Path, ingested: StepOutput) -> tuple[Known, pa.Table]:
    """What is known of a source before anything is asked, and the attributes that say so."""
    people = read_table(ingested, "person_images")
    human = cleaned(read_table(ingested, "captions"))
    stored = stored_images(store, ingested)
    read = without_colours(read_attributes(human), people)
    labelled = read_table(ingested, "attributes")
    attributes = pa.concat_tables([labelled, from_metadata(people, stored), read])
    return Known(asked_images(people, resolve(people, attributes), stored), human), attributes


def _n_words(row: Caption) -> int:
    return len(row.text.split())


def _attribute_id(row: Attribute) -> str:
    return f"{row.image_id or row.clothes_key or row.person_key}#{row.key}#{row.attribute_source}"


def _reject_id(row: Reject) -> str:
    return digest([row.table, row.source, row.subject, row.reason, row.detail, row.payload_sha256])[:32]


def _tally(column: pa.ChunkedArray) -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(column).to_pylist()}


def stored_images(store: Path, ingested: StepOutput) -> pa.Table:
    """image_id, sha256, width and height of every stored image of a source."""
    names = ["image_id", "sha256", "width", "height"]
    schema = pa.schema([IMAGES.schema.field(name) for name in names])
    paths = [store / "packs" / pack["file"] for pack in ingested.facts["packs"]]
    parts = [pq.read_table(path, columns=names, partitioning=None).cast(schema) for path in paths]
    return pa.concat_tables([schema.empty_table(), *(part.replace_schema_metadata(None) for part in parts)])


def from_metadata(people: pa.Table, stored: pa.Table) -> pa.Table:
    """The attributes that need no eye: each image's modality, and `low_resolution` where its short side is small."""
    ids = people["image_id"].to_pylist()
    shown = [
        (image, kind) for image, kind in zip(ids, people["modality"].to_pylist(), strict=True) if kind in MODALITIES
    ]
    short = pc.min_element_wise(stored["width"], stored["height"])
    small = set(stored.filter(pc.less(short, _LOW_RESOLUTION))["image_id"].to_pylist())
    poor = [image for image in ids if image in small]
    kinds = attribute_rows([image for image, _ in shown], ["modality"] * len(shown), [k for _, k in shown], "metadata")
    sizes = attribute_rows(poor, ["image_quality"] * len(poor), ["low_resolution"] * len(poor), "measured")
    return pa.concat_tables([kinds, sizes])


def without_colours(read: pa.Table, people: pa.Table) -> pa.Table:
    """Attributes without what cannot be seen: colours of images that have none."""
    colourless = people.filter(pc.is_in(people["modality"], value_set=pa.array(COLOURLESS)))["image_id"]
    colours = [name for name, declared in VOCABULARY.items() if not declared.in_infrared]
    unseen = pc.and_(
        pc.is_in(read["image_id"], value_set=colourless.combine_chunks()),
        pc.is_in(read["key"], value_set=pa.array(colours)),
    )
    return read.filter(pc.invert(unseen))
