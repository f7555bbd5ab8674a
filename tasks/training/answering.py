"""Asking the tiny model: first-token yes and no, and short answers by greedy decoding, on features made beforehand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tasks.training.checkpoint import Modules
from tasks.training.collate import collate, prompts
from tasks.training.data import Sample
from tasks.training.network import SHAPE, TOKEN_GRID, read
from tasks.training.stages import alike
from tasks.training.tokens import END, Encoded, encode

if TYPE_CHECKING:
    import torch

_BATCH = 192
_LONGEST = {"caption": 64, "json": 64}
_SHORT = 8


def yes_share(modules: Modules, samples: Sequence[Sample], features: "torch.Tensor") -> npt.NDArray[np.float64]:
    """The probability of Yes against No as the first token of each answer, (n,)."""
    import torch

    yes, no = (modules.tokenizer.encode(word).ids[0] for word in ("Yes", "No"))
    found = np.zeros(len(samples))
    asked = prompts(encode(modules.tokenizer, samples, SHAPE.tokens))
    with torch.inference_mode():
        for places, group in _grouped(asked):
            logits = _next_logits(modules.model, group, features)[:, [yes, no]]
            found[places] = logits.double().softmax(dim=1)[:, 0].numpy()
    return found


def answers(modules: Modules, samples: Sequence[Sample], features: "torch.Tensor") -> list[str]:
    """The greedy answer to each sample's prompt; yes/no questions are answered by the likelier of the two words."""
    import torch

    found = [""] * len(samples)
    closed = [place for place, sample in enumerate(samples) if sample.kind == "yesno"]
    shares = yes_share(modules, [samples[place] for place in closed], features) if closed else np.zeros(0)
    for place, share in zip(closed, shares.tolist(), strict=True):
        found[place] = "Yes" if share >= 0.5 else "No"
    opened = [place for place, sample in enumerate(samples) if sample.kind != "yesno"]
    asked = prompts(encode(modules.tokenizer, [samples[place] for place in opened], SHAPE.tokens))
    with torch.inference_mode():
        for places, group in _grouped(asked):
            most = max(_LONGEST.get(samples[opened[place]].kind, _SHORT) for place in places)
            for place, tokens in zip(places, _decode(modules.model, group, features, most), strict=True):
                found[opened[place]] = modules.tokenizer.decode(tokens).strip()
    return found


def _grouped(asked: Sequence[Encoded]) -> list[tuple[list[int], list[Encoded]]]:
    """Prompts of about one length together, with their places, at most _BATCH at a time."""
    place_of = {id(sample): place for place, sample in enumerate(asked)}
    groups = [group[start : start + _BATCH] for group in alike(asked) for start in range(0, len(group), _BATCH)]
    return [([place_of[id(sample)] for sample in group], group) for group in groups]


def _next_logits(model: Any, group: Sequence[Encoded], features: "torch.Tensor") -> "torch.Tensor":
    """The logits of the token after each dialogue, (n, vocabulary)."""
    batch = collate(group, TOKEN_GRID)
    hidden = read(model, batch, features[batch.images], batch.lengths[:, None] - 1)
    logits: torch.Tensor = model.lm_head(hidden[:, 0])
    return logits


def _decode(model: Any, group: Sequence[Encoded], features: "torch.Tensor", most: int) -> list[list[int]]:
    """Greedy tokens for each dialogue until the end token; answers are short, so nothing is cached between tokens."""
    grown = list(group)
    found: list[list[int]] = [[] for _ in group]
    open_ = list(range(len(group)))
    for _ in range(most):
        tokens = _next_logits(model, [grown[row] for row in open_], features).argmax(dim=1).tolist()
        for row, token in zip(open_, tokens, strict=True):
            found[row] += [token] if token != END else []
            grown[row] = _longer(grown[row], token)
        open_ = [row for row, token in zip(open_, tokens, strict=True) if token != END]
        if not open_:
            break
    return found


def _longer(sample: Encoded, token: int) -> Encoded:
    return Encoded(np.append(sample.ids, token), sample.answer_at, sample.images, sample.family)
