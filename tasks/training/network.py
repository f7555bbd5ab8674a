"""The tiny Qwen3-VL: its configuration, and its own forward pass taken in the order that is cheap for equal crops.

The tower is run once over all crops of a batch (`see`), its features can be kept, and the language model is run on
them (`read`). Both give what the stock forward pass gives; tests hold them to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.training.collate import IGNORED, Batch, Ids, answers_at
from tasks.training.comparing import WIDTH
from tasks.training.patches import PatchShape

if TYPE_CHECKING:
    import torch

SHAPE = PatchShape(frames=1)
TOKEN_GRID = (SHAPE.grid[1] // SHAPE.merge, SHAPE.grid[2] // SHAPE.merge)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the tiny model is."""

    width: int = WIDTH
    tower_depth: int = 3
    tower_inner: int = 256
    heads: int = 4
    layers: int = 4
    inner: int = 384
    deep_layers: tuple[int, ...] = (2,)


def configuration(vocabulary: int, special: Mapping[str, int], size: Size) -> Any:
    """The Qwen3-VL configuration; `special` names the ids of pad, end, image, video, vision_start, vision_end."""
    from transformers import Qwen3VLConfig

    ids = {f"{name}_token_id": special[name] for name in ("image", "video", "vision_start", "vision_end")}
    return Qwen3VLConfig(
        text_config=_text(vocabulary, special, size), vision_config=_vision(size), tie_word_embeddings=False, **ids
    )


def _text(vocabulary: int, special: Mapping[str, int], size: Size) -> dict[str, Any]:
    head = size.width // size.heads
    return {
        "vocab_size": vocabulary,
        "hidden_size": size.width,
        "intermediate_size": size.inner,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.heads,
        "head_dim": head,
        "max_position_embeddings": 1024,
        "initializer_range": 0.05,
        "pad_token_id": special["pad"],
        "eos_token_id": special["end"],
        "bos_token_id": None,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            "mrope_section": [head // 2 - 2 * (head // 8), head // 8, head // 8],
            "mrope_interleaved": True,
        },
    }


def _vision(size: Size) -> dict[str, Any]:
    return {
        "depth": size.tower_depth,
        "hidden_size": size.width,
        "intermediate_size": size.tower_inner,
        "num_heads": size.heads,
        "patch_size": SHAPE.patch,
        "spatial_merge_size": SHAPE.merge,
        "temporal_patch_size": SHAPE.frames,
        "out_hidden_size": size.width,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": list(size.deep_layers),
        "initializer_range": 0.05,
    }


def build(vocabulary: int, special: Mapping[str, int], size: Size) -> Any:
    """A model with random weights, drawn from torch's generator."""
    from transformers import Qwen3VLForConditionalGeneration

    return Qwen3VLForConditionalGeneration(configuration(vocabulary, special, size))


def see(tower: Any, patches: "torch.Tensor") -> "torch.Tensor":
    """Features of equal crops: patches (n, patches, values) to (n, streams, tokens, width).

    Stream 0 enters at the image tokens, the others are added behind the first layers of the language model. This is
    the stock tower, without its loop over pictures and with its convolution written as the product that it is.
    """
    import torch

    linear = torch.nn.functional.linear
    places, turn = _positions(tower)
    embed = tower.patch_embed.proj
    hidden = linear(patches, embed.weight.flatten(1), embed.bias) + places
    streams = []
    for depth, block in enumerate(tower.blocks):
        hidden = hidden + _attend(block.attn, block.norm1(hidden), turn)
        hidden = hidden + block.mlp(block.norm2(hidden))
        if depth in tower.deepstack_visual_indexes:
            place = list(tower.deepstack_visual_indexes).index(depth)
            streams.append(tower.deepstack_merger_list[place](hidden))
    streams.insert(0, tower.merger(hidden))
    return torch.stack([stream.view(len(patches), SHAPE.tokens, -1) for stream in streams], dim=1)


def _attend(attention: Any, hidden: "torch.Tensor", turn: Any) -> "torch.Tensor":
    """Attention inside each picture; `turn` is the rotary (cosine, sine) of one picture."""
    from torch.nn.functional import scaled_dot_product_attention
    from transformers.models.qwen3_vl.modeling_qwen3_vl import rotate_half

    count, length, _ = hidden.shape
    query, key, value = attention.qkv(hidden).view(count, length, 3, attention.num_heads, -1).unbind(2)
    cosine, sine = (part[None, :, None] for part in turn)
    query, key = (part * cosine + rotate_half(part) * sine for part in (query, key))
    seen = scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
    mixed: torch.Tensor = attention.proj(seen.transpose(1, 2).reshape(count, length, -1))
    return mixed


def _positions(tower: Any) -> Any:
    """The tower's learned and rotary positions of one crop."""
    import torch
    from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

    grid = torch.tensor([SHAPE.grid])
    indices, weights = get_vision_interpolation_indices_and_weights(
        grid,
        num_grid_per_side=tower.num_grid_per_side,
        mode=tower.interpolation_mode,
        align_corners=tower.interpolation_align_corners,
        spatial_merge_size=SHAPE.merge,
    )
    learned = (tower.pos_embed(indices) * weights[:, :, None]).sum(1)
    return learned, tower.rotary_pos_emb(learned, get_vision_position_ids(grid, SHAPE.merge))


def read(model: Any, batch: Batch, features: "torch.Tensor", at: Ids) -> "torch.Tensor":
    """Last hidden states (n, m, width) at the places `at` (n, m) of dialogues whose pictures' features are given.

    `features` (pictures, streams, tokens, width) are in reading order, as `batch.images` is. Padding needs no mask: it
    stands on the right, where a causal model never looks from a real token. The last layer is worked out only where it
    is asked for, which spares most of it.
    """
    import torch

    language = model.model.language_model
    image = torch.from_numpy(batch.kinds).bool()
    streams = features.transpose(0, 1).flatten(1, 2)
    hidden = language.embed_tokens(torch.from_numpy(batch.ids)).masked_scatter(image[..., None], streams[0])
    turn = language.rotary_emb(hidden, torch.from_numpy(batch.positions))
    for depth, layer in enumerate(language.layers[:-1]):
        hidden = layer(hidden, position_embeddings=turn, attention_mask=None)
        if depth + 1 < len(streams):
            hidden = hidden.masked_scatter(image[..., None], hidden[image] + streams[depth + 1])
    found: torch.Tensor = language.norm(_layer_at(language.layers[-1], hidden, turn, torch.from_numpy(at)))
    return found


def _layer_at(layer: Any, hidden: "torch.Tensor", turn: Any, at: "torch.Tensor") -> "torch.Tensor":
    """What a layer of the language model gives at some places (n, m) of its input (n, length, width)."""
    import torch

    attention, every = layer.self_attn, layer.input_layernorm(hidden)
    own = _pick(hidden, at)
    query = attention.q_norm(_by_head(attention, attention.q_proj(_pick(every, at))))
    key = attention.k_norm(_by_head(attention, attention.k_proj(every)))
    value = _by_head(attention, attention.v_proj(every))
    before = torch.arange(hidden.shape[1]) <= at[..., None]
    seen = torch.nn.functional.scaled_dot_product_attention(
        _turned(query, [_pick(part, at) for part in turn]), _turned(key, turn), value, attn_mask=before[:, None]
    )
    own = own + attention.o_proj(seen.transpose(1, 2).flatten(2))
    found: torch.Tensor = own + layer.mlp(layer.post_attention_layernorm(own))
    return found


def _pick(rows: "torch.Tensor", at: "torch.Tensor") -> "torch.Tensor":
    return rows.gather(1, at[..., None].expand(-1, -1, rows.shape[-1]))


def _by_head(attention: Any, rows: "torch.Tensor") -> "torch.Tensor":
    return rows.view(*rows.shape[:2], -1, attention.head_dim).transpose(1, 2)


def _turned(rows: "torch.Tensor", turn: Any) -> "torch.Tensor":
    from transformers.models.qwen3_vl.modeling_qwen3_vl import rotate_half

    cosine, sine = (part[:, None] for part in turn)
    turned: torch.Tensor = rows * cosine + rotate_half(rows) * sine
    return turned


def answer_losses(model: Any, batch: Batch, features: "torch.Tensor") -> "torch.Tensor":
    """The mean loss over its answer's tokens of every dialogue, (n,)."""
    import torch

    at, labels = answers_at(batch)
    gold = torch.from_numpy(labels)
    logits = model.lm_head(read(model, batch, features, at)).transpose(1, 2)
    losses = torch.nn.functional.cross_entropy(logits, gold, ignore_index=IGNORED, reduction="none")
    return losses.sum(dim=1) / (gold != IGNORED).sum(dim=1)
