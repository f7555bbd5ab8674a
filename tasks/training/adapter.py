"""Real models: any Qwen2-VL, Qwen2.5-VL or Qwen3-VL folder or hub id, tuned by LoRA on its language side.

The stages are the same rows in the model's own chat format. Weights are read as safetensors only, no code of the model
is run, the tower stays as it is (Hu et al. 2022). On a GPU bfloat16 is used, on a CPU float32.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas.answers import markers
from schemas.errors import WrongUse
from schemas.keys import canonical_json, digest
from schemas.recipe import Train
from tasks.scoring.scorer import Pair, Vectors
from tasks.steps.store import new_folder
from tasks.training.checkpoint import FORMAT, RECORD, read_record
from tasks.training.collate import IGNORED
from tasks.training.data import Sample, TrainingData
from tasks.training.keep import Keeper, Losses, OnProgress, Part, random_of, run_part, seed_torch
from tasks.training.plan import Stage, plan_of
from tasks.training.questions import score_split
from tasks.training.reading import read_split
from tasks.training.stages import shares_of
from tasks.training.wordings import ask
from tasks.versions.reader import VersionFolder
from tasks.view import decode

if TYPE_CHECKING:
    pass

MODEL_TYPES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
PIXELS = (50_176, 100_352)
RANK = 16
"""LoRA rank; the update is scaled by 2 (alpha is twice the rank)."""


@dataclass(slots=True)
class Tuned:
    """A model with its tokenizer and picture processor, on the device that it runs on."""

    model: Any
    tokenizer: Any
    processor: Any
    name: str

    @property
    def device(self) -> Any:
        """Where the weights are."""
        return next(self.model.parameters()).device


def open_model(name: str) -> Tuned:
    """A model folder or hub id, ready for its language side to be tuned. Raises WrongUse for another architecture."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoTokenizer

    try:
        kind = AutoConfig.from_pretrained(name, trust_remote_code=False).model_type
    except (OSError, ValueError) as error:
        raise WrongUse(f"The model {name!r} cannot be opened: {str(error).splitlines()[0]}") from error
    if kind not in MODEL_TYPES:
        raise WrongUse(f"The model {name!r} is of type {kind!r}; {', '.join(MODEL_TYPES)} can be tuned.")
    on_gpu = torch.cuda.is_available()
    model = AutoModelForImageTextToText.from_pretrained(
        name, use_safetensors=True, trust_remote_code=False, dtype=torch.bfloat16 if on_gpu else torch.float32
    )
    tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    return Tuned(model.to("cuda" if on_gpu else "cpu"), tokenizer, _processor(name, model.config.vision_config), name)


def _processor(name: str, vision: Any) -> Any:
    """The picture processor of a model: its own settings where it has some, its tower's sizes otherwise."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    low, high = PIXELS
    sizes = {"patch_size": vision.patch_size, "merge_size": vision.spatial_merge_size}
    sizes["temporal_patch_size"] = vision.temporal_patch_size
    try:
        return Qwen2VLImageProcessorPil.from_pretrained(name, min_pixels=low, max_pixels=high, **sizes)
    except OSError:
        return Qwen2VLImageProcessorPil(min_pixels=low, max_pixels=high, **sizes)


def adapt(tuned: Tuned) -> None:
    """Put LoRA on every linear layer of the language side; nothing else is trained."""
    from peft import LoraConfig, get_peft_model

    tuned.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    config = LoraConfig(
        r=RANK,
        lora_alpha=2 * RANK,
        target_modules="all-linear",
        exclude_modules=r".*visual.*",
        task_type="CAUSAL_LM",
    )
    tuned.model = get_peft_model(tuned.model, config)


def model_inputs(tuned: Tuned, samples: Sequence[Sample], pixels: Sequence[npt.NDArray[np.uint8]], learn: bool) -> Any:
    """A padded batch for the stock forward pass; `pixels` are the pictures that samples number.

    With `learn`, answers follow and `labels` keep nothing but them; without, the batch ends where answers begin and is
    padded on the left.
    """
    import torch

    shown = [sample.images[number - 1] for sample in samples for number in markers(sample.prompt)]
    found = tuned.processor(images=[Image.fromarray(pixels[number]) for number in shown], return_tensors="pt")
    counts = (found["image_grid_thw"].prod(-1) // tuned.processor.merge_size**2).tolist()
    rows = [_row(tuned.tokenizer, sample, counts, learn) for sample in samples]
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), tuned.tokenizer.pad_token_id or 0)
    labels, mask = torch.full_like(ids, IGNORED), torch.zeros_like(ids)
    for row, (tokens, answer_at) in enumerate(rows):
        where = slice(0, len(tokens)) if learn else slice(longest - len(tokens), longest)
        ids[row, where], mask[row, where] = torch.tensor(tokens), 1
        labels[row, answer_at : len(tokens)] = ids[row, answer_at : len(tokens)]
    image = tuned.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    batch = {"input_ids": ids, "attention_mask": mask, "mm_token_type_ids": (ids == image).int(), **found}
    if learn:
        batch["labels"] = labels
    return {name: value.to(tuned.device) for name, value in batch.items()}


def _row(tokenizer: Any, sample: Sample, counts: list[int], learn: bool) -> tuple[list[int], int]:
    """The ids of one dialogue in ChatML, and where its answer begins; takes its pictures' token counts off `counts`."""
    text = sample.prompt
    for number in markers(sample.prompt):
        picture = "<|vision_start|>" + "<|image_pad|>" * int(counts.pop(0)) + "<|vision_end|>"
        text = text.replace(f"[[image:{number}]]", picture, 1)
    prompt = f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"
    ids = list(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    answer = tokenizer(f"{sample.answer}<|im_end|>", add_special_tokens=False)["input_ids"] if learn else []
    return ids + list(answer), len(ids)


@dataclass(slots=True)
class AdapterStep:
    """One step of a stage for a real model: a small batch through the stock forward pass."""

    tuned: Tuned
    data: TrainingData
    number: int
    stage: Stage
    seed: int
    batch: int = 8

    def __call__(self, step: int) -> Losses:
        """Step number `step`; what it draws depends on the seed, the stage and the step alone."""
        rng = random_of("adapter", self.number, self.seed, step)
        seed_torch("adapter", self.number, self.seed, step)
        pools: dict[str, list[Sample]] = {}
        for stage, samples in self.data.stages.items():
            for sample in samples if stage <= self.number else ():
                pools.setdefault(sample.family, []).append(sample)
        shares = shares_of(self.stage, list(pools))
        families = rng.choice(list(shares), self.batch, p=list(shares.values()))
        drawn = [pools[family][int(rng.integers(len(pools[family])))] for family in families]
        loss = self.tuned.model(**_drawn_inputs(self.tuned, drawn, self.data)).loss
        loss.backward()
        return {"loss": float(loss.detach())}


def _drawn_inputs(tuned: Tuned, drawn: Sequence[Sample], data: TrainingData) -> Any:
    numbers = sorted({number for sample in drawn for number in sample.images})
    local = {number: place for place, number in enumerate(numbers)}
    asked = [dataclasses.replace(sample, images=tuple(local[n] for n in sample.images)) for sample in drawn]
    return model_inputs(tuned, asked, list(data.pictures.take(numbers)), learn=True)


def train_adapter(
    version: VersionFolder, out: Path, settings: Train, stages: Sequence[int], version_digest: str, report: OnProgress
) -> Path:
    """Tune a real model through the stages; each writes out/stage<n> with the adapter and what it was made from."""
    seed_torch("adapter", settings.seed)
    tuned = open_model(settings.model)
    adapt(tuned)
    data, plan = read_split(version, "train", stages, version_digest), plan_of(settings)
    identity = {"version": version_digest, "settings": settings.model_dump(mode="json"), "seed": settings.seed}
    keeper = Keeper(out / "unfinished", identity)
    total = sum(plan.stages[number].steps for number in stages)
    before = 0
    for number in stages:
        step = AdapterStep(tuned, data, number, plan.stages[number], settings.seed)
        part = Part(f"stage{number}", plan.stages[number].steps, 1e-4, {"model": tuned.model}, step)
        tuned.model.train()
        run_part(part, keeper, _shifted(report, before, total))
        before += part.steps
        _save(tuned, {**identity, "run": digest(identity), "stage": number}, out / f"stage{number}")
        (out / "losses.json").write_bytes(canonical_json(keeper.losses))
        keeper.forget()
    return out / f"stage{stages[-1]}"


def _shifted(report: OnProgress, before: int, total: int) -> Callable[[int, str], None]:
    return lambda done, note: report(before + done, total, note)


def _save(tuned: Tuned, record: Mapping[str, Any], folder: Path) -> None:
    with new_folder(folder) as draft:
        tuned.model.save_pretrained(draft)
        tuned.tokenizer.save_pretrained(draft)
        (draft / RECORD).write_bytes(
            canonical_json({"format": FORMAT, "kind": "adapter", "base": tuned.name, **record})
        )


def load_adapter(checkpoint: Path) -> "AdapterReID":
    """A tuned model with its adapter merged into its weights."""
    from peft import PeftModel

    record = read_record(checkpoint)
    tuned = open_model(record["base"])
    tuned.model = PeftModel.from_pretrained(tuned.model, checkpoint).merge_and_unload().eval()
    return AdapterReID(tuned)


@dataclass(slots=True)
class AdapterReID:
    """A tuned real model as a scorer. Its vector is the mean of its visual tokens; it has no text side."""

    tuned: Tuned
    name: str = "embedding"
    batch: int = 16

    def embed_images(self, encoded: Sequence[bytes], modality: Sequence[str]) -> Vectors:
        """Unit rows (n, d)."""
        import torch

        found = []
        with torch.inference_mode():
            for start in range(0, len(encoded), self.batch):
                images = [Image.fromarray(decode(data)) for data in encoded[start : start + self.batch]]
                inputs = self.tuned.processor(images=images, return_tensors="pt").to(self.tuned.device)
                pooled = self.tuned.model.get_image_features(**inputs).pooler_output
                found += [tokens.float().mean(dim=0) for tokens in pooled]
        rows = torch.nn.functional.normalize(torch.stack(found), dim=1).cpu().numpy()
        return np.asarray(rows, dtype=np.float32)

    def embed_texts(self, texts: Sequence[str]) -> Vectors | None:
        """None: texts are only compared by asking."""
        return None

    def yes_probability(self, rows: Sequence[Pair]) -> npt.NDArray[np.float64]:
        """The probability of Yes against No as the first token, (n,)."""
        import torch

        yes, no = (self.tuned.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in ("Yes", "No"))
        found: list[float] = []
        with torch.inference_mode():
            for start in range(0, len(rows), self.batch):
                pictures: dict[bytes, int] = {}
                samples = [ask(pair, pictures) for pair in rows[start : start + self.batch]]
                inputs = model_inputs(self.tuned, samples, [decode(data) for data in pictures], learn=False)
                logits = self.tuned.model(**inputs, logits_to_keep=1).logits[:, -1, [yes, no]]
                found += logits.double().softmax(dim=1)[:, 0].tolist()
        return np.array(found)

    def answer(self, rows: Sequence[Sample], encoded: Sequence[bytes]) -> list[str]:
        """Short greedy answers; `encoded` are the pictures that the samples number."""
        import torch

        found: list[str] = []
        with torch.inference_mode():
            for start in range(0, len(rows), self.batch):
                asked = rows[start : start + self.batch]
                numbers = sorted({number for sample in asked for number in sample.images})
                local = {number: place for place, number in enumerate(numbers)}
                drawn = [dataclasses.replace(s, images=tuple(local[n] for n in s.images)) for s in asked]
                inputs = model_inputs(self.tuned, drawn, [decode(encoded[n]) for n in numbers], learn=False)
                told = self.tuned.model.generate(**inputs, max_new_tokens=12, do_sample=False)
                fresh = told[:, inputs["input_ids"].shape[1] :]
                found += [text.strip() for text in self.tuned.tokenizer.batch_decode(fresh, skip_special_tokens=True)]
        return found

    def question_accuracy(self, version: VersionFolder, split: str = "test") -> list[dict[str, Any]]:
        """Held-out questions answered, as TinyReID.question_accuracy."""
        return [score.row() for score in score_split(version, split, (1, 2, 3), self.answer)]
