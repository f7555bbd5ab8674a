"""Image-text similarity from a local folder of a CLIP-like model: a tiny one, made here with random weights."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from generators.similarity import Pair, cosines, similarity_revision
from schemas.errors import BadRecipe

WORDS = ["<|startoftext|>", "<|endoftext|>", *(f"{letter}</w>" for letter in "amn"), *"amn"]


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(3)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = size | {"vocab_size": len(WORDS), "max_position_embeddings": 20, "bos_token_id": 0, "eos_token_id": 1}
    vision = size | {"image_size": 16, "patch_size": 8}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    CLIPModel(config).save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    CLIPImageProcessor(**sizes).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(WORDS)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    named = {"tokenizer_class": "CLIPTokenizer", "unk_token": WORDS[1], "pad_token": WORDS[1]}
    (folder / "tokenizer_config.json").write_text(json.dumps(named | {"bos_token": WORDS[0], "eos_token": WORDS[1]}))
    return folder


def picture(sha256: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 32), {"r": "red", "b": "blue"}[sha256]).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.slow
def test_every_caption_gets_the_cosine_to_its_own_image(tiny_clip: Path):
    pairs = [Pair("one", "r", "a man"), Pair("two", "b", "a man"), Pair("three", "r", "man " * 40)]
    found = cosines(str(tiny_clip), pairs, picture)
    assert list(found) == ["one", "two", "three"]
    assert all(-1 <= value <= 1 for value in found.values())
    assert len(set(found.values())) == 3
    assert cosines(str(tiny_clip), pairs[:1], picture) == {"one": pytest.approx(found["one"], abs=0.002)}


@pytest.mark.slow
def test_a_model_that_compares_nothing_is_refused(tiny_clip: Path, tmp_path: Path):
    from transformers import CLIPVisionConfig, CLIPVisionModel

    for path in tiny_clip.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tiny = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    CLIPVisionModel(CLIPVisionConfig(**tiny, image_size=16, patch_size=8)).save_pretrained(tmp_path)
    with pytest.raises(BadRecipe, match="is no image-text model"):
        cosines(str(tmp_path), [Pair("one", "r", "a man")], picture)


def test_a_folder_without_weights_is_named(tmp_path: Path):
    with pytest.raises(BadRecipe, match=r"must be a local folder with a config\.json"):
        similarity_revision(str(tmp_path))
