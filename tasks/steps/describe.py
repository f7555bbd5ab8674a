"""Describe one source: human captions cleaned, attributes gathered, captions made through the generation store.

store/steps/describe/<digest>/captions.parquet, attributes.parquet, rejects.parquet

What the store held before never shows in the outcome: a stored answer and one asked now are the same bytes.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators import captions as wording
from generators import records as resolving
from generators.captions.human import attribute_rows, cleaned, read_attributes
from generators.captions.normalise import normalise
from generators.captions.requests import Planned, check_styles, plan
from generators.records import COLOURLESS, Records, resolve
from schemas import backend as backend_forms
from schemas import keys, recipe, tables, vocabulary
from schemas import rows as row_forms
from schemas.backend import Backend
from schemas.discovery import find
from schemas.keys import code_revision, digest, folder_revision
from schemas.recipe import Describe
from schemas.rows import Caption, Reject
from schemas.tables import ATTRIBUTES, CAPTIONS, IMAGES, REJECTS
from schemas.vocabulary import MODALITIES, VOCABULARY
from tasks.generations import client, key
from tasks.generations.client import Generation, answer
from tasks.generations.store import GenerationStore
from tasks.packs import columns
from tasks.packs.columns import table_of
from tasks.steps.parts import read_table
from tasks.steps.store import StepOutput, run_step
from tasks.versions import writer

_ASKED_SPLITS = ("train", "val", "test")
_LOW_RESOLUTION = 48
_CODE = (resolving, backend_forms, keys, recipe, tables, vocabulary, row_forms, client, key, columns, writer)


def describe(store: Path, ingested: StepOutput, recipe: Describe, seed: int, replay: bool = False) -> StepOutput:
    """Captions and attributes of one source. Facts: counts by source, style, key and flag, and the captioning model.

    Captions are made for the normal images of a split whose record says enough. With `replay` the backend is never
    asked. Raises UnknownName for a backend or style that does not exist, and MissingGenerations in a replay that the
    store cannot serve.
    """
    backend: Backend = find("generators.backends", "BACKEND", recipe.backend)
    check_styles(recipe.styles)
    inputs = {
        "ingest": ingested.digest,
        "recipe": recipe.model_dump(mode="json"),
        "seed": seed,
        "model": [backend.model, backend.revision],
        "code": _revision(),
    }
    return run_step(store, "describe", inputs, _Job(store, ingested, recipe, seed, replay, backend).work)


def _revision() -> str:
    folder = Path(str(wording.__file__)).parent
    return digest([folder_revision(folder), code_revision(import_module(__name__), *_CODE)])[:16]


@dataclass(frozen=True, slots=True)
class _Job:
    """One description of one source."""

    store: Path
    ingested: StepOutput
    recipe: Describe
    seed: int
    replay: bool
    backend: Backend

    def work(self, folder: Path) -> dict[str, Any]:
        """Write the step's tables and return its facts."""
        people = read_table(self.ingested, "person_images")
        human = cleaned(read_table(self.ingested, "captions"))
        stored = stored_images(self.store, self.ingested)
        read = without_colours(read_attributes(human), people)
        labelled = read_table(self.ingested, "attributes")
        attributes = pa.concat_tables([labelled, from_metadata(people, stored), read])
        records = resolve(people, attributes)
        planned = self._planned(people, records, stored)
        made, refused = self._made(planned, records, people, human)
        captions = pa.concat_tables([human, made])
        for spec, table in ((CAPTIONS, captions), (ATTRIBUTES, attributes), (REJECTS, refused)):
            writer.write(spec, table, folder / f"{spec.name}.parquet")
        return self._facts(captions, attributes, refused, planned)

    def _planned(self, people: pa.Table, records: Records, stored: pa.Table) -> list[Planned]:
        normal = pc.equal(people["role_flag"], "normal")
        asked = pc.and_(normal, pc.is_in(people["split"], value_set=pa.array(_ASKED_SPLITS)))
        sha256 = dict(zip(stored["image_id"].to_pylist(), stored["sha256"].to_pylist(), strict=True))
        return list(plan(records, np.flatnonzero(asked.to_numpy()).tolist(), sha256, self.recipe, self.seed))

    def _made(
        self, planned: Sequence[Planned], records: Records, people: pa.Table, human: pa.Table
    ) -> tuple[pa.Table, pa.Table]:
        """The captions that came back, and rejects for the requests that failed."""
        with GenerationStore(self.store / "generations") as generations:
            given = answer([each.request for each in planned], self.backend, generations, self.replay)
        persons = people["person_key"].to_pylist()
        written = Counter(human["image_id"].to_pylist())
        made: list[Caption] = []
        refused: list[Reject] = []
        said: set[tuple[int, str]] = set()
        for each, got in zip(planned, given, strict=True):
            image_id = records.image_ids[each.row]
            if got.answer.status != "ok":
                refused.append(self._reject(image_id, each, got))
            elif (each.row, got.answer.text) not in said:
                said.add((each.row, got.answer.text))
                made.append(self._caption(image_id, persons[each.row], written[image_id], each, got))
        return table_of(CAPTIONS, made, {"n_words": _n_words}), table_of(REJECTS, refused, {"reject_id": _reject_id})

    def _caption(self, image_id: str, person: str | None, written: int, each: Planned, got: Generation) -> Caption:
        made = normalise(got.answer.text)
        model = f"{self.backend.model}@{self.backend.revision}"
        return Caption(
            caption_id=f"{image_id}#made{each.number}",
            image_id=image_id,
            person_key=person,
            caption_index=written + each.number,
            text_raw=got.answer.text,
            text=made.text,
            caption_source="rule" if self.backend.model == "grammar" else f"mllm:{model}",
            style=each.request.style,
            model=model,
            generation_key=got.key,
            valid=made.valid,
            flags=made.flags,
        )

    def _reject(self, image_id: str, each: Planned, got: Generation) -> Reject:
        """What a failed request leaves behind: the model's status as the reason, its answer by digest."""
        text = got.answer.text
        return Reject(
            table="captions",
            source=self.ingested.facts["source"],
            subject=f"{image_id}#made{each.number}",
            reason=f"generation_{got.answer.status}",
            detail=got.answer.detail or f"The backend {self.recipe.backend!r} answered {got.answer.status!r}.",
            payload_sha256=hashlib.sha256(text.encode()).hexdigest() if text else None,
        )

    def _facts(
        self, captions: pa.Table, attributes: pa.Table, refused: pa.Table, planned: Sequence[Planned]
    ) -> dict[str, Any]:
        return {
            "source": self.ingested.facts["source"],
            "model": self.backend.model,
            "revision": self.backend.revision,
            "counts": {
                "captions": captions.num_rows,
                "invalid_captions": captions.filter(pc.invert(captions["valid"])).num_rows,
                "attributes": attributes.num_rows,
                "described_images": len({each.row for each in planned}),
                "rejects": refused.num_rows,
            },
            "captions_by_source": _tally(captions["caption_source"]),
            "captions_by_style": _tally(captions["style"].drop_null()),
            "captions_by_flag": _tally(pc.list_flatten(captions["flags"])),
            "attributes_by_source": _tally(attributes["attribute_source"]),
        }


def _n_words(row: Caption) -> int:
    return len(row.text.split())


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
