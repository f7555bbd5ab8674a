"""The whole build on the smallest sample: same bytes every time, nothing done twice, clear refusals."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.order import build_and_publish, publish_last
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators.sample import write_sample

pytestmark = pytest.mark.slow
RUN = CliRunner()
QUIET = PlainRunner(2, Reporter(quiet=True))


def _build(*arguments: str):
    return RUN.invoke(app, ["build", *arguments, "--no-orchestrator"])


def test_the_build_fills_every_cell_of_its_recipe_and_keeps_its_gates(first_build):
    _, built, published = first_build
    for family, step in built.composed.items():
        assert step.facts["shortfalls"] == []
        assert dict(step.facts["rows"]) == dict(built.recipe.families[family].rows)
    assert published.folder.name == published.digest[:12]


def test_a_second_build_skips_every_step_and_reads_no_image(first_build, raw, monkeypatch):
    store, built, published = first_build
    opened = []
    monkeypatch.setattr("generators.raw_tree._read", lambda *args: opened.append(args))
    recipe = find_recipe("demo_tiny")
    again, republished = build_and_publish(recipe, raw, store, store / "published", QUIET)
    assert all(step.skipped for step in again.steps)
    assert opened == []
    assert republished.digest == published.digest
    assert [step.digest for step in again.steps] == [step.digest for step in built.steps]


def test_publishing_later_needs_no_raw_data_and_gives_the_same_version(first_build, tmp_path):
    store, _, published = first_build
    assert publish_last("demo_tiny", store, tmp_path / "remote", QUIET).digest == published.digest


def test_plain_datasets_loads_every_stage_of_the_version(first_build, tmp_path):
    _, _, published = first_build
    code = (
        "import sys; from datasets import load_dataset\n"
        "for stage in ('stage1', 'stage2', 'stage3'):\n"
        "    rows = load_dataset(sys.argv[1], stage)\n"
        "    assert rows['train'].num_rows and rows['test'].num_rows\n"
        "assert load_dataset(sys.argv[1], 'images', split='train')[0]['image'].size[0] > 8\n"
    )
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-c", code, str(published.folder)], env=environment, check=True)


def test_a_version_that_exists_is_never_replaced(first_build, raw, tmp_path):
    store, _, published = first_build
    recipe = tmp_path / "demo_tiny.yaml"
    original = Path("flows/recipes/demo_tiny.yaml").read_text(encoding="utf-8")
    recipe.write_text(original.replace("seed: 7\n\n", "seed: 8\n\n"), encoding="utf-8")
    done = _build(str(recipe), "--raw", str(raw), "--store", str(store))
    assert done.exit_code == 1
    assert published.digest[:12] in done.output
    assert "version" in done.output


def test_a_tampered_file_is_refused_at_pull_and_leaves_nothing(first_build, tmp_path):
    store, _, published = first_build
    remote = tmp_path / "remote"
    shutil.copytree(store / "published", remote)
    victim = next((remote / "demo_tiny" / published.digest[:12] / "data" / "stage2").glob("*.parquet"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    done = RUN.invoke(app, ["pull", "demo_tiny@latest", "--from", str(remote), "--to", str(tmp_path / "here")])
    assert done.exit_code == 1
    assert victim.name in done.output
    assert not (tmp_path / "here").exists()


def _empty(raw):
    shutil.rmtree(raw)
    raw.mkdir()


def _other_dataset(raw):
    shutil.rmtree(raw / "Market-1501-v15.09.15")


def _missing_folder(raw):
    shutil.rmtree(raw / "Market-1501-v15.09.15" / "query")


@pytest.mark.parametrize(
    ("damage", "words"),
    [(_empty, "is empty"), (_other_dataset, "ltcc"), (_missing_folder, "query")],
    ids=["empty folder", "folder of other datasets", "missing subfolder"],
)
def test_raw_folders_that_are_not_the_dataset_are_refused_in_one_sentence(damage, words, raw_copy, tmp_path):
    damage(raw_copy)
    done = _build("market1501", "--raw", str(raw_copy), "--store", str(tmp_path / "s"))
    assert done.exit_code == 2, done.output
    assert words in done.output.lower()
    assert "Traceback" not in done.output


def test_a_store_that_cannot_be_written_is_the_machines_fault(raw, tmp_path):
    (tmp_path / "s").write_text("a file where a folder should be")
    done = _build("demo_tiny", "--raw", str(raw), "--store", str(tmp_path / "s"))
    assert done.exit_code == 3, done.output
    assert str(tmp_path / "s") in done.output


def test_a_misspelt_recipe_key_names_the_key_that_was_meant(raw, tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("name: mine\nversion: 0.1.0\ntitle: Mine\nsourcs: [{name: ltcc}]\n", encoding="utf-8")
    done = _build(str(recipe), "--raw", str(raw), "--store", str(tmp_path / "s"))
    assert done.exit_code == 2
    assert "'sources'" in done.output


def test_a_recipe_of_which_nothing_can_be_made_says_why_for_every_family(tmp_path):
    write_sample(tmp_path / "raw", "tiny", sources=["msmt17"])
    (tmp_path / "wordless.yaml").write_text(
        "name: wordless\nversion: 0.1.0\ntitle: t\nsources: [{name: msmt17}]\n"
        "families: {CAP_SHORT: {stage: 1, rows: {train: 20}}, ATTR_QA: {stage: 1, rows: {train: 30}}}\n"
    )
    done = _build(str(tmp_path / "wordless.yaml"), "--raw", str(tmp_path / "raw"), "--store", str(tmp_path / "store"))
    assert done.exit_code == 2
    assert "No question of wordless@0.1.0 could be made from its sources" in done.stderr
    assert "- ATTR_QA train: 0 of 30 rows, because there are not enough pictures with known attributes" in done.stderr
    assert "- CAP_SHORT train: 0 of 20 rows, because there are not enough pictures with a valid caption" in done.stderr


def test_the_smallest_msmt17_gives_pairs_and_line_ups_across_and_within_its_cameras(tmp_path):
    write_sample(tmp_path / "raw", "tiny", sources=["msmt17"])
    done = _build("msmt17", "--raw", str(tmp_path / "raw"), "--store", str(tmp_path / "store"), "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["rows"] > 50
    assert "SAME_YN train: " in said["unfilled"]
