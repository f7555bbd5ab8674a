"""The start that compares: before any training, a pair of equal pictures looks more alike than a pair of others."""

import numpy as np
import pytest
import torch

from tasks.training.augment import plain
from tasks.training.collate import collate
from tasks.training.comparing import (
    ALIKE,
    DEEP,
    LOOKS,
    PLACES,
    WIDTH,
    hold_laid,
    keep_apart,
    start_comparing,
)
from tasks.training.data import Sample
from tasks.training.network import SHAPE, TOKEN_GRID, Size, answer_losses, build, read, see
from tasks.training.patches import cut
from tasks.training.tokens import SPECIAL_IDS, encode, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["Same person?", "Image 1", "Image 2", "Yes", "No"], 300)


def drawn_features(count):
    features = torch.zeros(count, 2, SHAPE.tokens, WIDTH)
    features[:, 0, :, LOOKS] = torch.randn(count, SHAPE.tokens, LOOKS.stop - LOOKS.start)
    features[:, 1, :, DEEP] = torch.randn(count, SHAPE.tokens, DEEP.stop - DEEP.start)
    features[:, 1, :, :PLACES] = 2.0 * torch.eye(PLACES)
    return features


def alike(model, tokenizer, features, pairs):
    """Means of the ALIKE values of outfit and person over the second picture's tokens behind layer 1: (pairs, 2)."""
    samples = [Sample("X", "yesno", pair, "Image 1 [[image:1]] Image 2 [[image:2]] Same?", "Yes") for pair in pairs]
    batch = collate(encode(tokenizer, samples, SHAPE.tokens), TOKEN_GRID)
    kept = []
    hook = model.model.language_model.layers[1].register_forward_hook(lambda module, given, told: kept.append(told))
    with torch.no_grad():
        read(model, batch, features[batch.images], batch.lengths[:, None] - 1)
    hook.remove()
    second = (batch.kinds == 1) & (batch.kinds.cumsum(axis=1) > SHAPE.tokens)
    seen = kept[0].numpy()[second].reshape(len(pairs), SHAPE.tokens, WIDTH)
    return seen[:, :, [ALIKE["outfit"], ALIKE["person"]]].mean(axis=1)


def test_equal_pictures_look_more_alike_than_others_before_any_training(tokenizer):
    torch.manual_seed(0)
    model = build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=3)).eval()
    start_comparing(model.model.language_model)
    features = drawn_features(12)
    same = alike(model, tokenizer, features, [(n, n) for n in range(12)])
    other = alike(model, tokenizer, features, [(n, (n + 1) % 12) for n in range(12)])
    assert (same.min(axis=0) > other.max(axis=0)).all()


def test_training_on_anything_leaves_what_was_laid_as_it_is(tokenizer):
    torch.manual_seed(0)
    model = build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=3)).eval()
    language = model.model.language_model
    start_comparing(language)
    hold_laid(language)
    weights = {name: value.detach().clone() for name, value in language.named_parameters()}
    features, optimiser = drawn_features(4), torch.optim.AdamW(language.parameters(), lr=1e-2, weight_decay=0.0)
    samples = [Sample("X", "yesno", (0, 1), "Image 1 [[image:1]] Image 2 [[image:2]] Same?", "Yes")]
    batch = collate(encode(tokenizer, samples, SHAPE.tokens), TOKEN_GRID)
    answer_losses(model, batch, features[batch.images]).sum().backward()
    optimiser.step()
    held = {
        name: (value == weights[name]).flatten(1).all(dim=1)
        for name, value in language.named_parameters()
        if value.ndim == 2
    }
    assert held["layers.1.self_attn.v_proj.weight"][: language.layers[1].self_attn.head_dim].all()
    assert not held["layers.1.self_attn.v_proj.weight"].all()
    assert held["layers.1.mlp.down_proj.weight"][: LOOKS.start].all()
    assert not held["layers.2.mlp.down_proj.weight"].any()
    after = alike(model, tokenizer, features, [(0, 0), (1, 2)])
    assert (after[0] > after[1]).all()


def test_the_streams_of_the_tower_speak_only_in_their_own_values(tokenizer):
    torch.manual_seed(0)
    model = build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=1))
    keep_apart(model.model.visual)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 128, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        features = see(model.model.visual, torch.from_numpy(cut(plain(pixels), SHAPE)))
    spoken = features.abs().amax(dim=(0, 2)) > 0
    assert spoken[0].nonzero().flatten().tolist() == list(range(LOOKS.start, LOOKS.stop))
    assert spoken[1].nonzero().flatten().tolist() == list(range(DEEP.start, DEEP.stop))
