"""Chat models in local folders: opened once, asked in batches of equal image counts and similar lengths."""

import importlib
import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from generators.endpoint.chat import repair_turns
from generators.endpoint.parts import shown_parts
from generators.endpoint.reply import Reply, verdict
from schemas.backend import Answer, ImageSource, Request, Turn
from schemas.errors import BadRecipe, MissingExtra
from schemas.keys import digest, file_sha256

BATCH = 16
MAX_REPAIRS = 2
PIXELS = (50_176, 200_704)
"""Least and most pixels a picture is scaled to before a model with eyes sees it."""
SAFELY = {"local_files_only": True, "trust_remote_code": False}
"""How every part of a model is opened: nothing is fetched, and no code from its folder is run."""
_READ = (".json", ".safetensors", ".txt", ".jinja", ".model")
_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """An open model with its tokenizer, and its picture processor where it has eyes."""

    network: Any
    tokenizer: Any
    processor: Any


def folder_digest(folder: Path) -> str:
    """The revision of a model folder: a digest of its configuration, weights and tokenizer."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _READ and path.is_file())
    stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _digest(folder, stamps)


@lru_cache(maxsize=8)
def _digest(folder: Path, stamps: tuple[tuple[Path, int, int], ...]) -> str:
    return digest({path.relative_to(folder).as_posix(): file_sha256(path) for path, _, _ in stamps})[:16]


def libraries(wanted_by: str) -> tuple[Any, Any]:
    """torch and transformers. Raises MissingExtra, in the name of what wants them."""
    try:
        return importlib.import_module("torch"), importlib.import_module("transformers")
    except ImportError as error:
        raise MissingExtra.of(wanted_by, "train") from error


@contextmanager
def opening(folder: Path, what: str) -> Iterator[None]:
    """Opens the parts of a model folder inside the block. Raises BadRecipe where they are not those of `what`."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadRecipe(f"The model folder {str(folder)!r} cannot be opened as {what}: {reason}") from error


def batches(requests: Sequence[Request], size: int) -> Iterator[list[int]]:
    """Places of requests in batches of one image count and one sampling, longest first, so that little is padding."""
    groups: dict[tuple[int, str], list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault((len(request.images), digest(dict(request.sampling))), []).append(place)
    for name in sorted(groups):
        places = sorted(groups[name], key=lambda place: (-_length(requests[place]), place))
        for start in range(0, len(places), size):
            yield places[start : start + size]


def _length(request: Request) -> int:
    return len(request.system) + len(request.prompt) + sum(len(turn.text) for turn in request.history)


@lru_cache(maxsize=1)
def open_local(folder: Path) -> LocalModel:
    """Open a folder. Raises MissingExtra without torch and transformers, BadRecipe for what is no chat model."""
    torch, transformers = libraries("The backend 'transformers_local'")
    with opening(folder, "a chat model"):
        config = transformers.AutoConfig.from_pretrained(folder, **SAFELY)
        seeing = getattr(config, "vision_config", None)
        family = transformers.AutoModelForImageTextToText if seeing else transformers.AutoModelForCausalLM
        network = family.from_pretrained(folder, use_safetensors=True, dtype=_dtype(torch), **SAFELY)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, padding_side="left", **SAFELY)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LocalModel(network.to(device).eval(), tokenizer, _processor(folder, seeing) if seeing else None)


def _dtype(torch: Any) -> Any:
    if not torch.cuda.is_available():
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _processor(folder: Path, vision: Any) -> Any:
    """The picture processor of the Qwen-VL family, with the sizes of the model's own tower."""
    where = "transformers.models.qwen2_vl.image_processing_pil_qwen2_vl"
    family = importlib.import_module(where).Qwen2VLImageProcessorPil
    sizes = {"patch_size": vision.patch_size, "merge_size": getattr(vision, "spatial_merge_size", 2)}
    sizes["temporal_patch_size"] = getattr(vision, "temporal_patch_size", 2)
    bounds = dict(zip(("min_pixels", "max_pixels"), PIXELS, strict=True))
    if (folder / "preprocessor_config.json").is_file():
        return family.from_pretrained(folder, **bounds, **sizes)
    return family(**bounds, **sizes)


def generated(model: LocalModel, requests: Sequence[Request], images: ImageSource) -> list[Answer]:
    """One answer per request of a batch; answers that miss their schema are asked again, with other seeds."""
    begun = time.monotonic()
    rows = [_Row(request) for request in requests]
    for row in rows:
        row.look(images)
    waiting = [row for row in rows if row.answer is None]
    for repair in range(MAX_REPAIRS + 1):
        if not waiting:
            break
        for row, reply in zip(waiting, _replies(model, waiting, repair), strict=True):
            row.take(reply, last=repair == MAX_REPAIRS)
        waiting = [row for row in waiting if row.answer is None]
    seconds = round(time.monotonic() - begun, 3)
    return [replace(row.answer, seconds=seconds) for row in rows if row.answer is not None]


class _Row:
    """One request on its way to its answer."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.repairs: list[Turn] = []
        self.pictures: list[Image.Image] = []
        self.answer: Answer | None = None
        self.sent = self.prompt_tokens = self.completion_tokens = 0

    def look(self, images: ImageSource) -> None:
        """Open its pictures; a request whose picture is gone has failed."""
        try:
            encoded = [images(sha256) for sha256 in self.request.images]
            self.pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in encoded]
        except KeyError as error:
            detail = f"the image {error.args[0]!r} is not in the store"
            self.answer = Answer(text="", status="failed", detail=detail, sent=0)
        except OSError:
            self.answer = Answer(text="", status="failed", detail="an image cannot be decoded", sent=0)

    def take(self, reply: Reply, last: bool) -> None:
        """What the model said: the answer, or the reason for another turn."""
        self.sent += 1
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        status, detail = verdict(reply, self.request)
        schema = self.request.response_schema
        if status == "invalid" and schema is not None and not last:
            self.repairs += repair_turns(reply.text, detail, schema)
            return
        cost = {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens, "sent": self.sent}
        self.answer = Answer(text=reply.text, status=status, detail=detail, **cost)

    def messages(self, sees: bool) -> tuple[list[dict[str, str]], list[int]]:
        """The chat as text with a mark where a picture stands, and the pictures in the order of their marks."""
        system = [{"role": "system", "content": self.request.system}] if self.request.system else []
        turns = [*self.request.history, Turn("user", self.request.prompt), *self.repairs]
        said: list[dict[str, str]] = []
        shown: list[int] = []
        for turn, parts in zip(turns, shown_parts(turns, len(self.request.images) if sees else 0), strict=True):
            shown += [part for part in parts if isinstance(part, int)]
            text = "".join(_IMAGE if isinstance(part, int) else part for part in parts)
            said.append({"role": turn.role, "content": text})
        return [*system, *said], shown


def _replies(model: LocalModel, rows: Sequence[_Row], repair: int) -> list[Reply]:
    torch = importlib.import_module("torch")
    inputs = _inputs(model, rows)
    sampling = rows[0].request.sampling
    torch.manual_seed((rows[0].request.seed + repair) % 2**31)
    with torch.inference_mode():
        out = model.network.generate(**inputs, **_options(sampling), pad_token_id=model.tokenizer.pad_token_id)
    width = inputs["input_ids"].shape[1]
    asked = inputs["attention_mask"].sum(dim=1).tolist()
    return [
        _reply(model, row[width:].tolist(), int(n), int(sampling.get("max_tokens", 256)))
        for row, n in zip(out, asked, strict=True)
    ]


def _options(sampling: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"max_new_tokens": int(sampling.get("max_tokens", 256))}
    temperature = float(sampling.get("temperature", 0.0))
    if not temperature:
        return options | {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return options | {"do_sample": True, "temperature": temperature, "top_p": float(sampling.get("top_p", 1.0))}


def _inputs(model: LocalModel, rows: Sequence[_Row]) -> dict[str, Any]:
    """A batch padded on the left, with its pictures when the model has eyes."""
    torch = importlib.import_module("torch")
    sees = model.processor is not None
    chats = [row.messages(sees) for row in rows]
    texts = [_templated(model.tokenizer, messages) for messages, _ in chats]
    pictures = [row.pictures[place] for row, (_, shown) in zip(rows, chats, strict=True) for place in shown]
    seen: dict[str, Any] = {}
    if pictures:
        seen = dict(model.processor(images=pictures, return_tensors="pt"))
        texts = _expanded(texts, (seen["image_grid_thw"].prod(-1) // model.processor.merge_size**2).tolist())
    inputs = dict(model.tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False))
    inputs.pop("token_type_ids", None)
    if pictures:
        pad = model.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        inputs["mm_token_type_ids"] = (inputs["input_ids"] == pad).to(torch.int)
    return {name: value.to(model.network.device) for name, value in (inputs | seen).items()}


def _templated(tokenizer: Any, messages: list[dict[str, str]]) -> str:
    """The chat in the model's own template; the ChatML form where it has none."""
    if tokenizer.chat_template:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    said = "".join(f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n" for each in messages)
    return f"{said}<|im_start|>assistant\n"


def _expanded(texts: Sequence[str], counts: list[int]) -> list[str]:
    """The texts with as many image tokens at each mark as its picture has."""
    remaining = iter(counts)
    expanded = []
    for text in texts:
        first, *rest = text.split("<|image_pad|>")
        expanded.append(first + "".join("<|image_pad|>" * next(remaining) + piece for piece in rest))
    return expanded


def _reply(model: LocalModel, tokens: list[int], asked: int, most: int) -> Reply:
    """The tokens as a reply: up to the end mark, or cut at the most that was allowed."""
    ends = {model.tokenizer.eos_token_id, *_listed(model.network.generation_config.eos_token_id)}
    length = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
    text = model.tokenizer.decode(tokens[:length], skip_special_tokens=True).strip()
    finish = "length" if length == len(tokens) and length >= most else "stop"
    return Reply(id="", text=text, refusal="", finish=finish, prompt_tokens=asked, completion_tokens=length)


def _listed(value: Any) -> list[int]:
    return value if isinstance(value, list) else [] if value is None else [value]
