"""What stage 0 learns with: the re-identification vector inside the visual tokens, captions, attribute heads.

The vector is no extra layer: each visual token of the deep stream holds its share of three parts, so that what ranks
galleries is exactly what the language model reads. Part `outfit` tells outfits apart, `person` persons whatever they
wear, `text` is where captions land: the vector of a caption is what the places of an empty picture find in its words.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tasks.training.collate import positions
from tasks.training.comparing import DEEP, LAYER, LOOKS, PARTS, PLACES, TOLD
from tasks.training.network import SHAPE, TOKEN_GRID
from tasks.training.tokens import IMAGE, PAD, SEE, START

if TYPE_CHECKING:
    import torch

_LONGEST = 64
_SHARPER = 10.0


def build_heads(sizes: Sequence[int]) -> Any:
    """The modules that only stage 0 trains: attribute heads of these sizes, and the sharpness of caption matching."""
    import torch

    nn = torch.nn
    values = LOOKS.stop - LOOKS.start + DEEP.stop - PLACES
    return nn.ModuleDict(
        {
            "norm": nn.LayerNorm(values),
            "attributes": nn.Linear(values, max(1, sum(sizes))),
            "where": nn.ParameterList([nn.Parameter(torch.zeros(len(sizes), SHAPE.tokens))]),
            "scale": nn.ParameterList([nn.Parameter(torch.tensor(math.log(10.0)))]),
        }
    )


def parts_of(features: "torch.Tensor") -> "dict[str, torch.Tensor]":
    """The parts of the vector, unit rows, from features (n, streams, tokens, width)."""
    from torch.nn.functional import normalize

    return {name: normalize(features[:, -1, :, where].flatten(1), dim=1) for name, where in PARTS.items()}


def attribute_logits(heads: Any, features: "torch.Tensor", sizes: Sequence[int]) -> "tuple[torch.Tensor, ...]":
    """One block of logits per attribute: one reading of every place alike, averaged over the places it looks at.

    That is what one head of the language model can do with the same values, so that it need not learn each place apart.
    """
    import torch

    told = torch.cat([features[:, 0, :, LOOKS], features[:, -1, :, PLACES : DEEP.stop]], dim=2)
    read = heads["attributes"](heads["norm"](told))
    looks = (_SHARPER * heads["where"][0]).softmax(dim=1).repeat_interleave(torch.tensor(sizes), dim=0)
    found: tuple[torch.Tensor, ...] = torch.einsum("npv,vp->nv", read, looks).split(list(sizes), dim=1)
    return found


def caption_ids(tokenizer: Any, texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Captions as padded ids (n, length), cut at 64 tokens, each before an empty picture."""
    picture = [SEE, *[IMAGE] * SHAPE.tokens]
    found = [[START, *encoding.ids[:_LONGEST], *picture] for encoding in tokenizer.encode_batch(list(texts))]
    ids = np.full((len(found), max(map(len, found), default=1)), PAD, dtype=np.int64)
    for row, tokens in enumerate(found):
        ids[row, : len(tokens)] = tokens
    return ids


def caption_vectors(language: Any, ids: npt.NDArray[np.int64]) -> "torch.Tensor":
    """Unit rows (n, d) for captions as ids: what head 1 of the comparing layer brings to the places of the picture."""
    import torch

    image = ids == IMAGE
    mask = torch.from_numpy(image)
    hidden = language.embed_tokens(torch.from_numpy(ids)).masked_fill(mask[..., None], 0.0)
    turn = language.rotary_emb(hidden, torch.from_numpy(positions(image, TOKEN_GRID)))
    for layer in language.layers[:LAYER]:
        hidden = layer(hidden, position_embeddings=turn, attention_mask=None)
    empty = torch.zeros(SHAPE.tokens, hidden.shape[-1])
    empty[:, :PLACES] = torch.eye(PLACES)
    hidden = hidden.masked_scatter(mask[..., None], empty.repeat(len(ids), 1))
    layer = language.layers[LAYER]
    found, _ = layer.self_attn(layer.input_layernorm(hidden), position_embeddings=turn, attention_mask=None)
    told = found[mask][:, TOLD].reshape(len(ids), -1)
    return torch.nn.functional.normalize(told, dim=1)
