"""Compose the conversations of one question family over all sources: one file per split of its quota.

store/steps/compose/<digest>/conversations-train.parquet, conversations-test.parquet
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators import (
    attribute_masks,
    choosing,
    claims,
    composing,
    described,
    dialogue,
    evidence,
    facts,
    galleries,
    golds,
    groups,
    lineups,
    links,
    near_hashes,
    pairing,
    pictures,
    pool,
    portraits,
    quotas,
    records,
    sayings,
    searching,
    sets,
    told,
    toys,
    wording,
)
from generators.captions import attribute_read, phrases
from schemas import answers, keys, question, tables, vocabulary
from schemas.discovery import find
from schemas.question import Pool
from schemas.recipe import Recipe
from tasks.steps.parts import SourceParts, read_all, read_table
from tasks.steps.store import StepOutput, run_step
from tasks.versions import writer

_PACKAGE = "generators.questions"
_CODE = (
    attribute_masks,
    attribute_read,
    choosing,
    claims,
    composing,
    described,
    dialogue,
    evidence,
    facts,
    galleries,
    golds,
    groups,
    lineups,
    links,
    near_hashes,
    pairing,
    pictures,
    phrases,
    pool,
    portraits,
    quotas,
    records,
    sayings,
    searching,
    sets,
    told,
    toys,
    wording,
)
_SCHEMAS = (answers, keys, question, tables, vocabulary, writer)


def compose(
    store: Path, parts: Sequence[SourceParts], recipe: Recipe, family: str, linked: StepOutput | None = None
) -> StepOutput:
    """The rows of one family. Facts: rows, answers and distinct questions per split, shortfalls with their reasons.

    Train persons that `linked` says may be a test person are left out and counted. Raises UnknownName for a family
    without a file.
    """
    declared = find(_PACKAGE, "QUESTION", family.lower())
    ordered = sorted(parts, key=lambda part: part.source)
    quota = recipe.families[family]

    def work(folder: Path) -> dict[str, Any]:
        withheld = withheld_persons(ordered, linked, recipe.link.accepted())
        words = wording.load_wording(family)
        facts: dict[str, Any] = {"family": family, "title": declared.title, "withheld_persons": len(withheld)}
        facts |= {"rows": {}, "answers": {}, "distinct": {}, "shortfalls": []}
        for split, wanted in sorted(quota.rows.items()):
            people = read_pool(store, ordered, split, withheld, also=tuple(quota.options.get("also_splits", ())))
            people = pool.withhold(people, tuple(quota.options.get("withhold", ())))
            table, why = composing.compose_rows(
                family, declared, words, people, quota, recipe.seed, recipe.pixel_budget
            )
            writer.write(tables.CONVERSATIONS, table, folder / f"conversations-{split}.parquet")
            _note(facts, split, wanted, table, why)
        return facts

    inputs = _inputs(ordered, recipe, family, linked)
    return run_step(store, "compose", inputs, work)


def _inputs(parts: Sequence[SourceParts], recipe: Recipe, family: str, linked: StepOutput | None) -> dict[str, Any]:
    steps = {part.source: [part.ingested.digest, part.described.digest, part.mined.digest] for part in parts}
    return {
        "sources": steps,
        "links": linked.digest if linked else None,
        "accepted": recipe.link.accepted(),
        "family": family,
        "quota": recipe.families[family].model_dump(),
        "seed": recipe.seed,
        "pixel_budget": list(recipe.pixel_budget),
        "wording": keys.file_sha256(wording.wording_file(family)),
        "facts": keys.digest([keys.file_sha256(path) for path in (facts.FACT_WORDS, phrases.PHRASE_WORDS)]),
        "lexicon": keys.file_sha256(Path(attribute_read.__file__).with_name("lexicon.yaml")),
        "code": keys.code_revision(import_module(f"{_PACKAGE}.{family.lower()}"), *_CODE, *_SCHEMAS),
    }


def read_pool(
    store: Path, parts: Sequence[SourceParts], split: str, withheld: set[str], also: Sequence[str] = ()
) -> Pool:
    """The people of one split over all sources, with what was described and mined of them."""
    return pool.build_pool(
        split,
        read_all([part.ingested for part in parts], "person_images"),
        pa.concat_tables([image_sizes(store, part.ingested) for part in parts]),
        read_all([part.described for part in parts], "captions"),
        read_all([part.described for part in parts], "attributes"),
        read_all([part.mined for part in parts], "neighbours"),
        withheld=withheld if split != "test" else (),
        also=also if split == "train" else (),
    )


def image_sizes(store: Path, ingested: StepOutput) -> pa.Table:
    """image_id, width, height and perceptual hash of every stored image of a source."""
    columns = ["image_id", "width", "height", "phash"]
    schema = pa.schema([tables.IMAGES.schema.field(name) for name in columns])
    packs = [store / "packs" / pack["file"] for pack in ingested.facts["packs"]]
    sizes = [pq.read_table(path, columns=columns, partitioning=None).cast(schema) for path in packs]
    return pa.concat_tables([schema.empty_table(), *(size.replace_schema_metadata(None) for size in sizes)])


def withheld_persons(
    parts: Sequence[SourceParts], linked: StepOutput | None, accepted: Sequence[Mapping[str, str]] = ()
) -> set[str]:
    """Persons of any other split whose cluster of linked identities also holds a test person, but for accepted ones."""
    if linked is None:
        return set()
    rows = read_table(linked, "identity_links").select(["person_a", "person_b"])
    people = read_all([part.ingested for part in parts], "person_images")
    tested = pc.unique(people.filter(pc.equal(people.column("split"), "test")).column("person_key")).to_pylist()
    pairs = zip(*rows.to_pydict().values(), strict=True)
    return {person for person, _, reason in links.leaks(pairs, tested, accepted) if reason is None}


def _note(facts: dict[str, Any], split: str, wanted: int, table: pa.Table, why: str) -> None:
    facts["rows"][split] = table.num_rows
    text = pc.struct_field(table.column("answer"), "text")
    counted = pc.value_counts(text.combine_chunks()).to_pylist()
    top = sorted(counted, key=lambda pair: (-pair["counts"], pair["values"]))[:20]
    facts["answers"][split] = {pair["values"]: pair["counts"] for pair in top}
    facts["distinct"][split] = _distinct(table)
    if table.num_rows < wanted:
        shortfall = {"split": split, "wanted": wanted, "filled": table.num_rows, "reason": why}
        facts["shortfalls"].append(shortfall)


def _distinct(table: pa.Table) -> dict[str, int]:
    """How many different images and answers stand behind the rows: row counts alone flatter."""
    flat = pc.list_flatten(table.column("images").combine_chunks())
    answers_given = pc.struct_field(table.column("answer"), "text")
    return {
        "images": pc.count_distinct(pc.struct_field(flat, "image_id")).as_py(),
        "persons": pc.count_distinct(pc.struct_field(flat, "person_key")).as_py(),
        "answers": pc.count_distinct(answers_given).as_py(),
    }
