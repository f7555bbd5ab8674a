"""Local model folders: tiny models with random weights, made on the spot, asked in batches on the CPU."""

import base64
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hostile_server import Hostile
from PIL import Image

from generators.asking import kind_of, requested
from generators.captions.attribute_read import read
from generators.captions.judging import judge
from generators.captions.normalise import normalise
from generators.endpoint.asking import ask_endpoint
from generators.endpoint.settings import Endpoint
from generators.local_models import batches, folder_digest, generated, open_local
from schemas.backend import Backend, Request, Turn
from schemas.errors import BadRecipe
from schemas.filter import Said
from schemas.kind import Refusal, Subject
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


class Serving(Hostile):
    """A real model behind a chat completion server: what comes in over HTTP is asked of a local folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.model = open_local(folder)

    def _completion(self, fault: str, prompt: str, asked: dict[str, Any]) -> bytes:
        shown: list[bytes] = []
        turns = [(message["role"], _text(message["content"], shown)) for message in asked["messages"]]
        system = "".join(text for role, text in turns if role == "system")
        said = [Turn(role, text) for role, text in turns if role != "system"]
        names = {f"{n}": data for n, data in enumerate(shown)}
        request = ask(
            said[-1].text,
            history=tuple(said[:-1]),
            system=system,
            images=tuple(names),
            sampling={"max_tokens": asked["max_tokens"], "temperature": asked.get("temperature", 0)},
        )
        [found] = generated(self.model, [request], names.__getitem__)
        self._numbers += 1
        finish = "length" if found.status == "truncated" else "stop"
        usage = {"prompt_tokens": found.prompt_tokens, "completion_tokens": found.completion_tokens}
        choice = {"message": {"role": "assistant", "content": found.text}, "finish_reason": finish}
        return json.dumps({"id": f"s-{self._numbers}", "choices": [choice], "usage": usage}).encode()


def _text(content: Any, shown: list[bytes]) -> str:
    """The text of a message, pictures as marks; their bytes are added to `shown`."""
    if isinstance(content, str):
        return content
    parts = []
    for part in content:
        if part["type"] == "text":
            parts.append(part["text"])
            continue
        shown.append(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
        parts.append(f"[[image:{len(shown)}]]")
    return "".join(parts)


@pytest.mark.slow
def test_a_real_model_says_the_same_behind_a_server_and_in_this_process(seeing_folder: Path, tmp_path: Path):
    shown = {"red": picture("red"), "blue": picture("blue")}
    requests = [
        ask("what is this", images=("red",)),
        ask("[[image:2]] or [[image:1]]?", images=("red", "blue"), system="Look."),
        ask("no picture at all", history=(Turn("user", "hello"), Turn("assistant", "hi"))),
    ]
    with GenerationStore(tmp_path / "here") as store:
        here = answer(requests, local(seeing_folder), store, images=shown.__getitem__)
    with Serving(seeing_folder) as server, GenerationStore(tmp_path / "there") as store:
        endpoint = Endpoint(url=server.url)
        remote = Backend(title="served", model="tiny-vl", ask=lambda asked, means: ask_endpoint(endpoint, asked, means))
        there = answer(requests, remote, store, images=shown.__getitem__)
    assert [(got.answer.text, got.answer.status, got.answer.prompt_tokens) for got in there] == [
        (got.answer.text, got.answer.status, got.answer.prompt_tokens) for got in here
    ]


@pytest.mark.skipif(
    not os.environ.get("REIDFORGE_TEST_CHAT_URL"),
    reason="needs a text model behind a server: set REIDFORGE_TEST_CHAT_URL and REIDFORGE_TEST_CHAT_MODEL",
)
def test_a_small_text_model_rewords_and_what_it_loses_or_adds_is_caught(tmp_path: Path):
    model = os.environ["REIDFORGE_TEST_CHAT_MODEL"]
    texts = [
        "A woman with long black hair wears a red coat, blue jeans and white shoes and carries a brown handbag.",
        "A man in a grey jacket and black trousers carries a blue backpack.",
        "A man with short hair wears a white shirt, grey shorts and sandals.",
    ]
    kind = kind_of("rewording")
    subjects = [Subject(text=text) for text in texts]
    requests = [
        replace(requested("rewording", kind, subject, "paraphrase", 7, by_rule=False), sampling={"max_tokens": 60})
        for subject in subjects
    ]
    endpoint = Endpoint(url=os.environ["REIDFORGE_TEST_CHAT_URL"], concurrency=2, timeout=300)
    backend = Backend(title="served", model=model, ask=lambda asked, means: ask_endpoint(endpoint, asked, means))
    with GenerationStore(tmp_path) as store:
        found = answer(requests, backend, store)
    assert all(got.answer.status in {"ok", "truncated"} and got.answer.text for got in found)
    for subject, got in zip(subjects, found, strict=True):
        records = kind.parse(got.answer.text, subject, "paraphrase")
        if isinstance(records, Refusal):
            continue
        text = normalise(got.answer.text).text
        judged = judge(Said(text, source=subject.text))
        lost = read(subject.text).items() - read(text).items()
        assert judged.faults or not lost, f"{text!r} lost {lost}"
