"""Steps that can be killed: the loop over optimiser steps, and what it keeps on disk so that it can go on.

Whatever a step draws is keyed by (seed, part, step), never by what was drawn before. So weights, optimiser moments and
the number of the step are all there is to keep, and a run that was killed ends with the same bytes.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.keys import canonical_json, digest, seed_of
from tasks.steps.store import new_folder

if TYPE_CHECKING:
    import torch

OnProgress = Callable[[int, int, str], None]
Losses = dict[str, float]
_STATE, _MOMENTS = "weights.safetensors", "moments.safetensors"


def random_of(*key: str | int) -> np.random.Generator:
    """The random numbers of one step, by its key."""
    return np.random.default_rng(int(seed_of(*key)))


def seed_torch(*key: str | int) -> None:
    """Seed torch's own generator by key: initial weights and dropout."""
    import torch

    torch.manual_seed(int(seed_of(*key)) >> 1)


def rate_at(step: int, steps: int, peak: float, rise: int = 30) -> float:
    """Learning rate: a linear rise, level, and a linear fall over the last third of the steps."""
    up = min(1.0, (step + 1) / min(rise, max(1, steps // 3)))
    return peak * up * min(1.0, (steps - step) / (0.33 * steps))


@dataclass(slots=True)
class Keeper:
    """Where a run keeps its unfinished part, every few `blocks` of 1/40 of it.

    `identity` says what the run is; the state of another run is never taken up.
    """

    folder: Path
    identity: Mapping[str, Any]
    blocks: int = 10
    losses: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def save(self, part: str, step: int, modules: Mapping[str, Any], optimiser: Any) -> None:
        """Keep a part after `step` steps; what was kept before is replaced as a whole."""
        from safetensors.torch import save_file

        target = self.folder / f"{part}-{step:06d}"
        with new_folder(target) as draft:
            save_file(weights_of(modules), draft / _STATE)
            save_file(_moments(optimiser), draft / _MOMENTS)
            state = {"identity": digest(self.identity), "part": part, "step": step, "losses": self.losses}
            (draft / "state.json").write_bytes(canonical_json(state))
        self.forget(besides=target.name)

    def resume(self, part: str, modules: Mapping[str, Any], optimiser: Any) -> int:
        """Take up the newest kept state of a part of this run; returns the number of steps it has behind it."""
        from safetensors.torch import load_file

        kept = sorted(self.folder.glob(f"{part}-*/state.json")) if self.folder.is_dir() else []
        state = json.loads(kept[-1].read_bytes()) if kept else {}
        if state.get("identity") != digest(self.identity):
            return 0
        put_weights(modules, load_file(kept[-1].parent / _STATE))
        _put_moments(optimiser, load_file(kept[-1].parent / _MOMENTS))
        self.losses = state["losses"]
        return int(state["step"])

    def forget(self, besides: str = "") -> None:
        """Remove what is kept, but for one folder."""
        import shutil

        for path in sorted(self.folder.glob("*-*")) if self.folder.is_dir() else []:
            if path.name != besides:
                shutil.rmtree(path)
        if not besides and self.folder.is_dir():
            self.folder.rmdir()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a run: what is trained, for how long, and one step of it, which leaves gradients and tells losses."""

    name: str
    steps: int
    rate: float
    modules: Mapping[str, Any]
    work: Callable[[int], Losses]


def run_part(part: Part, keeper: Keeper, on_progress: Callable[[int, str], None]) -> None:
    """Train a part from where it was kept, or from its start; mean losses of each 1/40 of it go to the keeper."""
    import torch

    parameters = [p for module in part.modules.values() for p in module.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=part.rate, betas=(0.9, 0.98), weight_decay=0.0)
    first = keeper.resume(part.name, part.modules, optimiser)
    recent: list[Losses] = []
    block = max(1, math.ceil(part.steps / 40))
    for step in range(first, part.steps):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, part.steps, part.rate)
        optimiser.zero_grad(set_to_none=True)
        recent.append(part.work(step))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        on_progress(step + 1, part.name)
        if (step + 1) % block == 0 or step + 1 == part.steps:
            _note(keeper, part.name, step + 1, recent)
            recent = []
        if (step + 1) % (block * keeper.blocks) == 0 and step + 1 < part.steps:
            keeper.save(part.name, step + 1, part.modules, optimiser)


def _note(keeper: Keeper, part: str, step: int, recent: list[Losses]) -> None:
    names = sorted({name for losses in recent for name in losses})
    mean = {name: float(np.mean([losses[name] for losses in recent if name in losses])) for name in names}
    keeper.losses.setdefault(part, []).append({"step": step, **{name: round(value, 5) for name, value in mean.items()}})


def weights_of(modules: Mapping[str, Any]) -> "dict[str, torch.Tensor]":
    """Every weight of some modules by name, each stored once even where two places share it."""
    found: dict[str, torch.Tensor] = {}
    for name, module in modules.items():
        for key, value in module.named_parameters():
            found[f"{name}.{key}"] = value.detach().contiguous().clone()
    return found


def put_weights(modules: Mapping[str, Any], weights: "Mapping[str, torch.Tensor]") -> None:
    """Put weights back in place. KeyError when one is missing."""
    import torch

    with torch.no_grad():
        for name, module in modules.items():
            for key, value in module.named_parameters():
                value.copy_(weights[f"{name}.{key}"])


def _moments(optimiser: Any) -> "dict[str, torch.Tensor]":
    state = optimiser.state_dict()["state"]
    return {f"{number}.{name}": value for number, entry in state.items() for name, value in entry.items()}


def _put_moments(optimiser: Any, moments: "Mapping[str, torch.Tensor]") -> None:
    state = optimiser.state_dict()
    entries: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in moments.items():
        number, name = key.split(".")
        entries.setdefault(int(number), {})[name] = value
    state["state"] = entries
    optimiser.load_state_dict(state)
