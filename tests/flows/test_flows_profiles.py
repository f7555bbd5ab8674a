"""A profile that withholds labels is built as it ships: its gates let it pass, and its rows know no outfit."""

from pathlib import Path

import pyarrow.parquet as pq

from flows.order import build_version
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators.sample import write_sample
from schemas.recipe import SourceChoice


def test_a_version_whose_families_know_no_outfits_passes_every_gate_that_blocks(tmp_path: Path) -> None:
    shipped = find_recipe("rgb_only")
    few = {
        name: quota.model_copy(update={"rows": {"train": 30, "test": 10}}) for name, quota in shipped.families.items()
    }
    recipe = shipped.model_copy(update={"sources": (SourceChoice(name="ltcc"),), "families": few})
    write_sample(tmp_path / "raw", "tiny", sources=["ltcc"])
    built = build_version(recipe, tmp_path / "raw", tmp_path / "store", PlainRunner(1, Reporter(quiet=True)))
    gates = built.validated.facts["gates"]
    assert [gate["name"] for gate in gates if not gate["passed"] and gate["severity"] == "error"] == []
    paths = [path for step in built.composed.values() for path in step.folder.glob("*.parquet")]
    rows = [row for path in paths for row in pq.read_table(path, columns=["images"]).to_pylist()]
    assert len(rows) == 80
    assert {shown["clothes_key"] for row in rows for shown in row["images"]} == {None}
