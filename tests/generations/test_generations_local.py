"""Local model folders: tiny models with random weights, made on the spot, asked in batches on the CPU."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generators.local_models import batches, folder_digest
from schemas.backend import Backend, Request
from schemas.errors import BadRecipe
from schemas.recipe import ModelChoice
from tasks.generations.backends import open_backend
from tasks.generations.client import answer
from tasks.generations.store import GenerationStore

_NAMES = ("endoftext", "im_start", "im_end", "image_pad", "video_pad", "vision_start", "vision_end")
SPECIAL = [f"<|{name}|>" for name in _NAMES]


def save_tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, decoders
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(BPE(unk_token=None))
    raw.pre_tokenizer, raw.decoder = ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    raw.train_from_iterator(
        ["a man in a red coat"],
        BpeTrainer(vocab_size=300, special_tokens=SPECIAL, initial_alphabet=ByteLevel.alphabet()),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>", additional_special_tokens=SPECIAL[1:]
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


@pytest.fixture(scope="module")
def text_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "tiny-text"
    tokenizer = save_tokenizer(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes, **ends)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def seeing_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    folder = tmp_path_factory.mktemp("models") / "tiny-vl"
    tokenizer = save_tokenizer(folder)
    ids = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad", "vision_start")}
    text = {"vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "num_key_value_heads": 2, "eos_token_id": tokenizer.eos_token_id}
    text |= {"rope_parameters": {"rope_type": "default", "mrope_section": [4, 6, 6], "rope_theta": 1e4}}
    eyes = {"depth": 1, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14}
    torch.manual_seed(0)
    config = Qwen2VLConfig(
        text_config=text,
        vision_config=eyes | {"spatial_merge_size": 2, "temporal_patch_size": 2},
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    Qwen2VLForConditionalGeneration(config).save_pretrained(folder)
    return folder


def local(folder: Path, **more: Any) -> Backend:
    return open_backend(ModelChoice(backend="transformers_local", model=str(folder), **more))


def ask(prompt: str, **more: Any) -> Request:
    given = {"kind": "caption", "prompt_id": "toy", "sampling": {"max_tokens": 6}} | more
    return Request(prompt=prompt, **given)


def picture(colour: str) -> bytes:
    with io.BytesIO() as out:
        Image.new("RGB", (64, 128), colour).save(out, "PNG")
        return out.getvalue()


def test_batches_share_an_image_count_and_a_sampling_and_begin_with_the_longest():
    requests = [
        ask("short"),
        ask("a picture", images=("x",)),
        ask("a longer one"),
        ask("warm", sampling={"temperature": 1}),
        ask("the very longest"),
    ]
    found = list(batches(requests, 2))
    assert sorted(place for batch in found for place in batch) == list(range(5))
    assert [4, 2] in found
    assert [1] in found
    assert [3] in found


@pytest.mark.slow
def test_a_text_model_answers_in_batches_and_the_answers_do_not_depend_on_them(text_folder: Path, tmp_path: Path):
    backend = local(text_folder)
    assert (backend.model, backend.revision) == ("tiny-text", folder_digest(text_folder))
    requests = [ask(f"a man in {n} coats " * (n + 1)) for n in range(20)]
    with GenerationStore(tmp_path / "all") as store:
        together = answer(requests, backend, store)
    with GenerationStore(tmp_path / "one") as store:
        alone = [answer([request], backend, store)[0] for request in requests[:3]]
    assert {got.answer.status for got in together} <= {"ok", "truncated", "invalid"}
    assert [got.answer.text for got in together[:3]] == [got.answer.text for got in alone]
    assert all(got.answer.prompt_tokens > 0 for got in together)
    assert all(got.answer.completion_tokens <= 6 for got in together)


@pytest.mark.slow
def test_a_model_with_eyes_sees_the_picture(seeing_folder: Path, tmp_path: Path):
    shown = {"red": picture("red"), "blue": picture("blue"), "torn": b"\xff\xd8\xff"}
    requests = [
        ask("what is this", images=("red",)),
        ask("what is this", images=("blue",)),
        ask("[[image:2]] or [[image:1]]", images=("red", "blue")),
        ask("no picture at all"),
        ask("gone", images=("gone",)),
        ask("torn", images=("torn",)),
    ]
    with GenerationStore(tmp_path) as store:
        found = answer(requests, local(seeing_folder), store, images=shown.__getitem__)
    red, blue, both, none, gone, torn = (got.answer for got in found)
    assert red.prompt_tokens == blue.prompt_tokens > none.prompt_tokens
    assert both.prompt_tokens > red.prompt_tokens + 10
    assert (gone.status, torn.status) == ("failed", "failed")
    assert "'gone' is not in the store" in gone.detail
    assert "cannot be decoded" in torn.detail


@pytest.mark.slow
def test_a_model_that_knows_no_json_is_asked_three_times_and_rejected(text_folder: Path, tmp_path: Path):
    schema = json.dumps({"type": "object"})
    with GenerationStore(tmp_path) as store:
        [got] = answer([ask("a", response_schema=schema)], local(text_folder), store)
    assert got.answer.status in {"invalid", "truncated"}
    assert got.answer.sent == (3 if got.answer.status == "invalid" else got.answer.sent)


def test_the_revision_is_the_content_of_the_folder_and_a_named_one_needs_no_folder(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    before = folder_digest(tmp_path)
    assert local(tmp_path, revision=before[:6]).revision == before[:6]
    (tmp_path / "weights.safetensors").write_bytes(b"x")
    assert folder_digest(tmp_path) != before
    with pytest.raises(BadRecipe, match="and the recipe wants"):
        local(tmp_path, revision=before)
    assert local(tmp_path / "elsewhere" / "m", revision="abc").revision == "abc"
    with pytest.raises(BadRecipe, match=r"has no config\.json"):
        local(tmp_path / "elsewhere")


def test_a_folder_that_is_no_chat_model_is_refused(tmp_path: Path):
    pytest.importorskip("transformers")
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    with GenerationStore(tmp_path / "store") as store, pytest.raises(BadRecipe, match="cannot be opened"):
        answer([ask("a")], local(tmp_path), store)
