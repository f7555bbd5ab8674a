"""Compose the conversations of one question family over all sources: one file per split of its quota.

store/steps/compose/<digest>/conversations-train.parquet, conversations-test.parquet; a large family has several files
of a split, conversations-train-0000.parquet and so on, cut by position in the order of row ids.
"""

from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators import (
    attribute_masks,
    by_source,
    choosing,
    claims,
    composing,
    described,
    descriptions,
    dialogue,
    distractors,
    evidence,
    facts,
    galleries,
    golds,
    groups,
    label_flags,
    lineups,
    links,
    margins,
    mining,
    near_hashes,
    numbering,
    pairing,
    pictures,
    pool,
    portraits,
    quotas,
    records,
    sayings,
    searching,
    sets,
    toys,
    wording,
)
from generators.captions import attribute_read, lexicon, phrases
from schemas import answers, keys, question, tables, vocabulary
from schemas.discovery import find
from schemas.errors import BadRecipe
from schemas.recipe import Recipe
from tasks.steps import pools
from tasks.steps.apart import apart
from tasks.steps.parts import SourceParts
from tasks.steps.pools import People, give_back
from tasks.steps.store import StepOutput, find_step, run_step
from tasks.versions import streaming, writer

_PACKAGE = "generators.questions"
_CODE = (
    attribute_masks,
    attribute_read,
    by_source,
    choosing,
    claims,
    composing,
    described,
    descriptions,
    dialogue,
    distractors,
    evidence,
    facts,
    galleries,
    golds,
    groups,
    label_flags,
    lexicon,
    lineups,
    links,
    margins,
    mining,
    near_hashes,
    numbering,
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
    toys,
    wording,
)
_SCHEMAS = (answers, keys, question, tables, vocabulary, writer, streaming, pools)


def compose(
    store: Path,
    parts: Sequence[SourceParts],
    recipe: Recipe,
    family: str,
    linked: StepOutput | None = None,
    people: Path | None = None,
) -> StepOutput:
    """The rows of one family. Facts: rows, answers and distinct questions per split, shortfalls with their reasons.

    Train persons that `linked` says may be a test person are left out and counted. With a folder of `people`, see
    `pools.people_laid_out`, the work is done in a process of its own. Raises UnknownName for a family without a file,
    BadRecipe for an option that cannot be followed.
    """
    work = (store, parts, recipe, family, linked, people)
    if people is None or is_composed(store, parts, recipe, family, linked):
        return _compose(*work)
    return apart(_compose, *work)


def is_composed(
    store: Path, parts: Sequence[SourceParts], recipe: Recipe, family: str, linked: StepOutput | None = None
) -> bool:
    """Whether `compose` has nothing left to do for a family; told from digests alone, without reading a table."""
    return find_step(store, "compose", _inputs(parts, recipe, family, linked)) is not None


def _compose(
    store: Path,
    parts: Sequence[SourceParts],
    recipe: Recipe,
    family: str,
    linked: StepOutput | None,
    laid_out: Path | None,
) -> StepOutput:
    people = People(store, sorted(parts, key=lambda part: part.source), recipe, linked, laid_out)
    declared, words = find(_PACKAGE, "QUESTION", family.lower()), wording.load_wording(family)
    quota = recipe.families[family]

    def work(folder: Path) -> dict[str, Any]:
        facts: dict[str, Any] = {"family": family, "title": declared.title, "withheld_persons": people.withheld()}
        facts |= {"rows": {}, "answers": {}, "distinct": {}, "shortfalls": [], "files": []}
        for split, wanted in sorted(quota.rows.items()):
            shown = pool.withhold(people.pool(split, quota), tuple(quota.options.get("withhold", ())))
            rows = composing.choose_rows(family, declared, words, shown, quota, recipe.seed, recipe.pixel_budget)
            _write(facts, split, wanted, rows, folder)
        return facts

    inputs = _inputs(parts, recipe, family, linked)
    try:
        return run_step(store, "compose", inputs, work)
    except BadRecipe as error:
        raise BadRecipe(f"The recipe {recipe.name!r} cannot be used for {family}: {error}") from error


def _inputs(parts: Sequence[SourceParts], recipe: Recipe, family: str, linked: StepOutput | None) -> dict[str, Any]:
    find(_PACKAGE, "QUESTION", family.lower())
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
        "code": keys.code_revision(*map(import_module, (__name__, f"{_PACKAGE}.{family.lower()}")), *_CODE, *_SCHEMAS),
    }


def _write(facts: dict[str, Any], split: str, wanted: int, rows: composing.Rows, folder: Path) -> None:
    """Word the rows block by block into files, and note what they hold."""
    give_back()
    given = Given()
    blocks = (given.heard(block) for block in rows.blocks())
    files = streaming.write_files(tables.CONVERSATIONS, blocks, folder, f"conversations-{split}")
    give_back()
    facts["files"] += [{**asdict(file), "split": split} for file in files]
    facts["rows"][split] = rows.size
    facts["answers"][split] = given.most_given(20)
    facts["distinct"][split] = {**_distinct(rows), "answers": given.distinct}
    if rows.size < wanted:
        shortfall = {"split": split, "wanted": wanted, "filled": rows.size, "reason": rows.shortfall}
        facts["shortfalls"].append(shortfall)


class Given:
    """The answers of blocks of rows, counted as the blocks go by."""

    def __init__(self) -> None:
        self._counts = pa.table({"text": pa.array([], pa.string()), "rows": pa.array([], pa.int64())})

    def heard(self, block: pa.Table) -> pa.Table:
        """The same block, after its answers were counted."""
        text = pc.struct_field(block.column("answer"), "text")
        values, counts = pc.value_counts(text.combine_chunks()).flatten()
        both = pa.concat_tables([self._counts, pa.table({"text": values, "rows": counts})])
        self._counts = both.group_by("text").aggregate([("rows", "sum")]).rename_columns(["text", "rows"])
        return block

    @property
    def distinct(self) -> int:
        """How many different answers there are."""
        return int(self._counts.num_rows)

    def most_given(self, most: int) -> dict[str, int]:
        """The answers given most often, with their counts; of equally frequent ones the first by name."""
        order = [("rows", "descending"), ("text", "ascending")]
        top = self._counts.take(pc.select_k_unstable(self._counts, most, order)).to_pylist()
        return {pair["text"]: pair["rows"] for pair in top}


def _distinct(rows: composing.Rows) -> dict[str, int]:
    """How many different images and persons stand behind the rows: row counts alone flatter."""
    shown = np.unique(rows.draft.images)
    images = pa.array(shown[shown != question.NOBODY])
    persons = rows.pool.shown_table.column("person_key").combine_chunks().take(images)
    return {"images": len(images), "persons": pc.count_distinct(persons).as_py()}
