"""A build whose look-alikes a local vision model chooses, by the command line; what could run code is refused."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from flows.cli import app
from generators.sample import write_sample

pytestmark = pytest.mark.slow
RUN = CliRunner()
RECIPE = """name: vision_mined
version: 0.1.0
title: Look-alikes by a vision model
seed: 7
sources:
  - name: market1501
describe: {{backend: grammar, captions_per_image: 1}}
mine: {{miner: transformers_vision, model: {model}, top_k: 5}}
families:
  SAME_YN: {{stage: 2, rows: {{train: 20}}}}
  I2I_PICK1: {{stage: 2, rows: {{train: 10}}}}
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_sample(folder, "tiny", sources=("market1501",))
    return folder


def vision_model(folder: Path) -> Path:
    """A folder of a vision model with drawn weights."""
    transformers = pytest.importorskip("transformers")
    transformers.set_seed(7)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.ViTConfig(**shape, image_size=32, patch_size=16, initializer_range=1.0)
    transformers.ViTModel(config).save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def built(model: Path, raw: Path, store: Path):
    recipe = store.parent / "vision_mined.yaml"
    recipe.write_text(RECIPE.format(model=json.dumps(str(model))), encoding="utf-8")
    return RUN.invoke(app, ["build", str(recipe), "--raw", str(raw), "--store", str(store), "--no-orchestrator"])


def neighbours(store: Path) -> list[Path]:
    return sorted((store / "steps" / "mine").glob("*/neighbours.parquet"))


def test_a_build_mines_with_the_model_of_its_recipe_wherever_its_folder_stands(raw: Path, tmp_path: Path):
    model, store = vision_model(tmp_path / "model"), tmp_path / "store"
    done = built(model, raw, store)
    assert done.exit_code == 0, done.output
    [first] = neighbours(store)
    [miner] = set(pq.read_table(first, columns=["miner"]).column("miner").to_pylist())
    assert miner.startswith("transformers_vision@")
    (tmp_path / "elsewhere").mkdir()
    again = built(model.rename(tmp_path / "elsewhere" / "model"), raw, store)
    assert again.exit_code == 0, again.output
    assert neighbours(store) == [first]


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def with_code(folder: Path) -> None:
    """The model names code of its own for a kind of model that transformers does not know."""
    told = json.loads((folder / "config.json").read_text())
    told |= {"model_type": "ours", "auto_map": {"AutoConfig": "ours.Config", "AutoModel": "ours.Model"}}
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "ours.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")


@pytest.mark.parametrize(
    ("harm", "words"), [(pickled, "no .safetensors weights"), (with_code, "cannot be opened as a vision model")]
)
def test_a_folder_that_could_run_code_is_refused_in_one_sentence(harm, words: str, raw: Path, tmp_path: Path):
    model = vision_model(tmp_path / "model")
    harm(model)
    done = built(model, raw, tmp_path / "store")
    assert done.exit_code == 2
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert not (model / "ran").exists()
