"""A whole run of the tiny model: stage 0, then stages 1, 2, 3, each from the last checkpoint.

    run = Run(data, Path("run"), plan_of(Train()), identity={"version": "…"})
    run.train((1, 2, 3))          # writes run/stage0 … run/stage3, run/losses.json

It knows nothing of versions: `data` may come from anywhere.
"""

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import WrongUse
from schemas.keys import canonical_json, digest
from tasks.training.checkpoint import RECORD, Modules, layout, load_checkpoint, read_record, save_checkpoint
from tasks.training.comparing import hold_laid, hold_told, keep_apart, start_comparing
from tasks.training.data import TrainingData
from tasks.training.heads import build_heads
from tasks.training.keep import Keeper, OnProgress, Part, run_part, seed_torch
from tasks.training.network import Size, build
from tasks.training.plan import Plan
from tasks.training.stages import StageStep, features_of, level_features
from tasks.training.tokens import SPECIAL_IDS, texts_of, train_tokenizer
from tasks.training.warmup import WarmUpStep, attribute_sizes

if TYPE_CHECKING:
    import torch

Measure = Callable[[Modules, Mapping[str, Any], int], Mapping[str, Any]]


@dataclass(slots=True)
class Run:
    """One run over one body of data; `identity` is what its checkpoints say they were made from."""

    data: TrainingData
    out: Path
    plan: Plan
    identity: Mapping[str, Any]
    size: Size = field(default_factory=Size)
    on_progress: OnProgress = lambda done, total, note: None
    measure: Measure | None = None
    keeper: Keeper = field(init=False)
    _features: "torch.Tensor | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        plan = digest(dataclasses.asdict(self.plan))
        self.identity = {**self.identity, "plan": plan, "seed": self.plan.seed, "layout": layout()}
        self.keeper = Keeper(self.out / "unfinished", self.identity)

    def train(self, stages: Sequence[int], resume: bool = True) -> Path:
        """Train what is not there yet; returns the last stage's folder. Raises WrongUse for another run's folder."""
        wanted = [0, *sorted(stages)]
        if not resume:
            self._clear()
        done = self._done(wanted)
        with one_thread():
            modules = self._modules(done)
            for number in wanted[len(done) :]:
                self._train_one(number, modules)
        return self.out / f"stage{wanted[-1]}"

    def _clear(self) -> None:
        """Remove the stages of an earlier run, and nothing else."""
        self.keeper.forget()
        for folder in sorted(self.out.glob("stage[0-3]")):
            if (folder / RECORD).is_file():
                shutil.rmtree(folder)

    def _done(self, wanted: Sequence[int]) -> list[int]:
        """The leading stages that are finished. Raises WrongUse when they were made by another run."""
        done: list[int] = []
        for number in wanted:
            folder = self.out / f"stage{number}"
            if not (folder / RECORD).is_file():
                break
            if read_record(folder).get("run") != digest(self.identity):
                raise WrongUse(
                    f"The folder {str(self.out)!r} holds a run on another version, with other settings or by other "
                    "code: name another folder, or remove this one."
                )
            done.append(number)
        return done

    def _modules(self, done: Sequence[int]) -> Modules:
        if done:
            modules, _ = load_checkpoint(self.out / f"stage{done[-1]}")
            self.keeper.losses = read_losses(self.out)
            return modules
        samples = [sample for rows in self.data.stages.values() for sample in rows]
        texts = texts_of(samples) | {text for _, text in self.data.captions}
        tokenizer = train_tokenizer(texts, self.plan.vocabulary)
        seed_torch("weights", self.plan.seed)
        vocabulary = tokenizer.get_vocab_size()
        model = build(vocabulary, SPECIAL_IDS, self.size)
        keep_apart(model.model.visual)
        start_comparing(model.model.language_model)
        return Modules(model, build_heads(attribute_sizes(self.data)), tokenizer)

    def _train_one(self, number: int, modules: Modules) -> None:
        modules.model.train()
        modules.heads.train()
        part = self._warm_up(modules) if number == 0 else self._stage(number, modules)
        total = self.plan.warm_up.steps + sum(stage.steps for stage in self.plan.stages.values())
        before = self._steps_before(number)
        run_part(part, self.keeper, lambda step, note: self.on_progress(before + step, total, note))
        modules.model.eval()
        modules.heads.eval()
        if number == 0:
            level_features(modules.model, features_of(modules.model, self.data.pictures, min(512, self.data.size)))
        record = self._record(number, modules)
        metrics = self.measure(modules, record, number) if self.measure else {}
        save_checkpoint(modules, record, metrics, self.out / f"stage{number}")
        (self.out / "losses.json").write_bytes(canonical_json(self.keeper.losses))
        self.keeper.forget()

    def _steps_before(self, number: int) -> int:
        earlier = sum(stage.steps for at, stage in self.plan.stages.items() if at < number)
        return earlier + (self.plan.warm_up.steps if number else 0)

    def _warm_up(self, modules: Modules) -> Part:
        plan = self.plan.warm_up
        step = WarmUpStep(self.data, modules.model, modules.heads, modules.tokenizer, plan, self.plan.seed)
        hold_laid(modules.model.model.language_model)
        trained = {"tower": modules.model.model.visual, "heads": modules.heads, **_language(modules)}
        return Part("stage0", plan.steps, plan.rate, trained, step)

    def _stage(self, number: int, modules: Modules) -> Part:
        plan, seen = self.plan.stages[number], self._see_all(modules)
        step = StageStep(self.data, modules.model, modules.tokenizer, seen, number, plan, self.plan.seed)
        if not step.pools:
            raise WrongUse(f"The version has no row for stage {number}: train with fewer stages, or add families.")
        return Part(f"stage{number}", plan.steps, plan.rate, _language(modules), step)

    def _see_all(self, modules: Modules) -> "torch.Tensor":
        """The features of every picture and every part of one that is shown.

        Made once a process, when the tower and what compares are frozen.
        """
        if self._features is None:
            modules.model.model.visual.requires_grad_(False)
            hold_laid(modules.model.model.language_model)
            hold_told(modules.model.model.language_model)
            self._features = features_of(modules.model, self.data.pictures, self.data.size + self.data.parts)
        return self._features

    def _record(self, number: int, modules: Modules) -> dict[str, Any]:
        return {
            **self.identity,
            "run": digest(self.identity),
            "stage": number,
            "attributes": {key: list(self.data.values[key]) for key in sorted(self.data.attributes)},
            "attribute_sizes": attribute_sizes(self.data),
            "parameters": sum(weight.numel() for weight in modules.model.parameters()),
        }


def _language(modules: Modules) -> dict[str, Any]:
    return {"language": modules.model.model.language_model, "answers": modules.model.lm_head}


def read_losses(out: Path) -> dict[str, list[dict[str, float]]]:
    """The losses of the finished stages of a run: by part, a list of {step, loss, …}."""
    import json

    path = out / "losses.json"
    found: dict[str, list[dict[str, float]]] = json.loads(path.read_bytes()) if path.is_file() else {}
    return found


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread inside the block: faster for a small model on shared cores, and the same bytes every time."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
