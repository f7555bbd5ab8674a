"""Every choice has its own key: a family or a source that is added to a recipe changes no other row of a real build."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.order import compose_all
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators.sample import write_sample
from schemas.keys import file_sha256
from schemas.recipe import Recipe
from tasks.steps.parts import SourceParts

SOURCES = ("market1501", "ltcc")
ROWS = {"ATTR_QA": 1, "CAP_SHORT": 1, "SAME_YN": 2, "I2I_PICK1": 2, "T2I_YN": 3}


def recipe(sources: tuple[str, ...], families: tuple[str, ...], each: int = 16) -> Recipe:
    """So many rows of each source for every family."""
    shares = {"source": dict.fromkeys(sources, 1.0)}
    rows = {"train": each * len(sources), "test": each // 2 * len(sources)}
    asked = {name: {"stage": ROWS[name], "rows": rows, "options": {"shares": shares}} for name in families}
    chosen = [{"name": name} for name in sources]
    mine = {"top_k": 5, "margins": True}
    return Recipe.model_validate(
        {"name": "keyed", "version": "0.1.0", "title": "Keyed", "sources": chosen, "mine": mine, "families": asked}
    )


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    """Compose a recipe over drawn datasets, every time in a store of its own: files by family."""
    base = tmp_path_factory.mktemp("keyed")
    write_sample(base / "raw", "tiny", sources=list(SOURCES))
    run = PlainRunner(1, Reporter(quiet=True))

    def build(asked: Recipe, name: str) -> dict[str, dict[str, Path]]:
        store = base / name
        ingests = run.map("ingest", [(store, one.name, base / "raw", one.root, None) for one in asked.sources])
        linked = run.call("link", store, ingests, asked.link)
        described = run.map("describe", [(store, done, asked.describe, asked.seed, False, False) for done in ingests])
        mined = run.map("mine", [(store, done, asked.mine) for done in ingests])
        parts = [SourceParts(*three) for three in zip(ingests, described, mined, strict=True)]
        steps = compose_all(run, store, parts, asked, linked)
        assert all(not step.facts["shortfalls"] for step in steps.values())
        return {family: {path.name: path for path in step.folder.glob("*.parquet")} for family, step in steps.items()}

    return build


def lines(paths: dict[str, Path], source: str) -> set[str]:
    rows: list[dict[str, Any]] = [row for path in paths.values() for row in pq.read_table(path).to_pylist()]
    return {json.dumps(row, sort_keys=True) for row in rows if row["images"][0]["source"] == source}


def test_a_family_that_is_added_leaves_every_file_of_the_others_as_it_is(composed):
    few = composed(recipe(SOURCES, ("ATTR_QA", "SAME_YN", "T2I_YN")), "few")
    many = composed(recipe(SOURCES, tuple(ROWS)), "many")
    assert set(many) - set(few) == {"CAP_SHORT", "I2I_PICK1"}
    for family, files in few.items():
        assert len(files) == 2
        assert {name: file_sha256(path) for name, path in files.items()} == {
            name: file_sha256(path) for name, path in many[family].items()
        }


def test_a_source_that_is_added_leaves_every_row_of_the_others_as_it_is(composed):
    alone = composed(recipe(SOURCES[:1], tuple(ROWS)), "alone")
    both = composed(recipe(SOURCES, tuple(ROWS)), "both")
    for family, files in alone.items():
        before, after = lines(files, "market1501"), lines(both[family], "market1501")
        assert len(before) == len(after) == len(lines(both[family], "ltcc")) == 24, family
        assert after == before, family
