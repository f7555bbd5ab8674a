"""What stage 0 learns with: the re-identification vector inside the visual tokens, attribute heads, a caption encoder.

The vector is no extra layer: each visual token of the deep stream holds its share of three parts, so that what ranks
galleries is exactly what the language model reads. Part `outfit` tells outfits apart, `person` persons whatever they
wear, `text` is where captions land.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tasks.training.comparing import DEEP, LOOKS, PARTS
from tasks.training.tokens import PAD

if TYPE_CHECKING:
    import torch

_WINDOW = 5
_LONGEST = 64


def build_heads(sizes: Sequence[int], features: int, vector: int, vocabulary: int) -> Any:
    """The modules that only stage 0 trains: attribute heads of these sizes over all features, and a caption encoder."""
    import torch

    nn = torch.nn
    return nn.ModuleDict(
        {
            "norm": nn.LayerNorm(features),
            "attributes": nn.Linear(features, max(1, sum(sizes))),
            "words": nn.Embedding(vocabulary, 96, padding_idx=PAD),
            "ngrams": nn.Linear(96 * _WINDOW, 256),
            "caption": nn.Linear(256, vector),
            "scale": nn.ParameterList([nn.Parameter(torch.tensor(math.log(10.0)))]),
        }
    )


def parts_of(features: "torch.Tensor") -> "dict[str, torch.Tensor]":
    """The parts of the vector, unit rows, from features (n, streams, tokens, width)."""
    from torch.nn.functional import normalize

    return {name: normalize(features[:, -1, :, where].flatten(1), dim=1) for name, where in PARTS.items()}


def attribute_logits(heads: Any, features: "torch.Tensor", sizes: Sequence[int]) -> "tuple[torch.Tensor, ...]":
    """One block of logits per attribute."""
    found: tuple[torch.Tensor, ...] = heads["attributes"](heads["norm"](_told(features))).split(list(sizes), dim=1)
    return found


def _told(features: "torch.Tensor") -> "torch.Tensor":
    """What attribute heads read: the looks of every place and the deep stream, flat, so that places stay apart."""
    import torch

    return torch.cat([features[:, 0, :, LOOKS], features[:, -1, :, DEEP]], dim=2).flatten(1)


def caption_vectors(heads: Any, ids: "torch.Tensor") -> "torch.Tensor":
    """Unit rows (n, d) for captions as padded ids (n, length): windows of words, the strongest of each kind."""
    import torch

    functional = torch.nn.functional
    words = functional.dropout(heads["words"](ids), 0.1, heads.training)
    reach = _WINDOW // 2
    windows = functional.pad(words, (0, 0, reach, reach)).unfold(1, _WINDOW, 1).flatten(2)
    found = functional.gelu(heads["ngrams"](windows)).masked_fill((ids == PAD)[:, :, None], -1e4)
    return functional.normalize(heads["caption"](found.amax(1)), dim=1)


def caption_ids(tokenizer: Any, texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Captions as padded ids (n, length), cut at 64 tokens."""
    found = [encoding.ids[:_LONGEST] or [PAD + 1] for encoding in tokenizer.encode_batch(list(texts))]
    ids = np.full((len(found), max(map(len, found), default=1)), PAD, dtype=np.int64)
    for row, tokens in enumerate(found):
        ids[row, : len(tokens)] = tokens
    return ids
