"""The start that compares: before any training, a pair of equal pictures looks more alike than a pair of others."""

import numpy as np
import pytest
import torch

from tasks.training.collate import collate
from tasks.training.comparing import ALIKE, DEEP, LOOKS, PLACES, WIDTH, keep_apart, start_comparing
from tasks.training.data import Sample
from tasks.training.network import SHAPE, TOKEN_GRID, Size, build, read, see
from tasks.training.patches import patchify
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
    """The mean of each ALIKE value over the second picture's tokens, (pairs, parts), behind the second layer."""
    samples = [Sample("X", "yesno", pair, "Image 1 [[image:1]] Image 2 [[image:2]] Same?", "Yes") for pair in pairs]
    batch = collate(encode(tokenizer, samples, SHAPE.tokens), TOKEN_GRID)
    kept = []
    hook = model.model.language_model.layers[1].register_forward_hook(lambda module, given, told: kept.append(told))
    with torch.no_grad():
        read(model, batch, features[batch.images])
    hook.remove()
    second = (batch.kinds == 1) & (batch.kinds.cumsum(axis=1) > SHAPE.tokens)
    return kept[0].numpy()[second].reshape(len(pairs), SHAPE.tokens, WIDTH)[:, :, list(ALIKE.values())].mean(axis=1)


def test_equal_pictures_look_more_alike_than_others_before_any_training(tokenizer):
    torch.manual_seed(0)
    model = build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=2)).eval()
    start_comparing(model.model.language_model)
    features = drawn_features(12)
    same = alike(model, tokenizer, features, [(n, n) for n in range(12)])
    other = alike(model, tokenizer, features, [(n, (n + 1) % 12) for n in range(12)])
    assert (same.min(axis=0) > other.max(axis=0)).all()


def test_a_language_model_of_one_layer_is_left_as_it_is(tokenizer):
    torch.manual_seed(0)
    model = build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=1))
    before = {name: value.clone() for name, value in model.named_parameters()}
    start_comparing(model.model.language_model)
    assert all(torch.equal(before[name], value) for name, value in model.named_parameters())


def test_the_streams_of_the_tower_speak_only_in_their_own_values(tokenizer):
    torch.manual_seed(0)
    model = build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=1))
    keep_apart(model.model.visual)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 128, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        features = see(model.model.visual, torch.from_numpy(patchify(pixels, SHAPE)))
    spoken = features.abs().amax(dim=(0, 2)) > 0
    assert spoken[0].nonzero().flatten().tolist() == list(range(LOOKS.start, LOOKS.stop))
    assert spoken[1].nonzero().flatten().tolist() == list(range(DEEP.start, DEEP.stop))
