"""The tiny Qwen3-VL: our order of its forward pass gives what the stock one gives."""

import numpy as np
import pytest
import torch

from tasks.training.augment import plain
from tasks.training.collate import IGNORED, collate
from tasks.training.comparing import DEEP, LOOKS, PLACES, TOLD, WIDTH, start_comparing
from tasks.training.data import Sample
from tasks.training.heads import caption_ids, caption_vectors, parts_of
from tasks.training.network import SHAPE, TOKEN_GRID, Size, answer_losses, build, read, see
from tasks.training.patches import cut
from tasks.training.stages import level_features
from tasks.training.tokens import SPECIAL_IDS, encode, train_tokenizer
from tasks.training.warmup import contrast

TEXTS = ["What colour is the top?", "red", "Yes", "No", "Same person?"]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, 300)


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(1)
    return build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=3, tower_depth=3)).eval()


@pytest.fixture(scope="module")
def patches():
    pixels = np.random.default_rng(4).integers(0, 256, (5, 128, 64, 3), dtype=np.uint8)
    return torch.from_numpy(cut(plain(pixels), SHAPE))


def test_the_tower_over_all_crops_at_once_equals_the_stock_tower(model, patches):
    with torch.no_grad():
        ours = see(model.model.visual, patches)
        stock = model.model.visual(patches.flatten(0, 1), torch.tensor([SHAPE.grid] * len(patches)))
    torch.testing.assert_close(ours[:, 0].flatten(0, 1), stock.pooler_output, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours[:, 1].flatten(0, 1), stock.deepstack_features[0], atol=1e-5, rtol=1e-4)


def test_reading_kept_features_equals_the_stock_forward_pass_and_loss(model, tokenizer, patches):
    samples = [
        Sample("ATTR_QA", "attr", (3,), "[[image:1]] What colour is the top?", "red"),
        Sample("SAME_YN", "yesno", (0, 4), "Same person? [[image:1]] [[image:2]]", "No"),
    ]
    batch = collate(encode(tokenizer, samples, SHAPE.tokens), TOKEN_GRID)
    shown = patches[batch.images]
    with torch.no_grad():
        features = see(model.model.visual, patches)[batch.images]
        every = np.broadcast_to(np.arange(batch.ids.shape[1]), batch.ids.shape).copy()
        ours = read(model, batch, features, every)
        some = read(model, batch, features, batch.lengths[:, None] - [[3, 1], [2, 5]])
        losses = answer_losses(model, batch, features)
        stock = model(
            input_ids=torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy((np.arange(batch.ids.shape[1]) < batch.lengths[:, None]).astype(np.int64)),
            mm_token_type_ids=torch.from_numpy(batch.kinds),
            pixel_values=shown.flatten(0, 1),
            image_grid_thw=torch.tensor([SHAPE.grid] * len(shown)),
            labels=torch.from_numpy(batch.labels),
        )
    real = np.arange(batch.ids.shape[1]) < batch.lengths[:, None]
    logits = model.lm_head(ours)
    wanted = torch.from_numpy(batch.lengths[:, None] - [[3, 1], [2, 5]])
    torch.testing.assert_close(some, torch.take_along_dim(ours, wanted[..., None], dim=1), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(logits[real], stock.logits[real], atol=1e-4, rtol=1e-3)
    counts = (batch.labels != IGNORED).sum(axis=1)
    mean = float((losses.numpy() * counts).sum() / counts.sum())
    assert mean == pytest.approx(float(stock.loss), abs=1e-4)


def test_levelled_features_have_unit_spread_and_keep_every_vector(tokenizer, patches):
    torch.manual_seed(2)
    fresh = build(tokenizer.get_vocab_size(), SPECIAL_IDS, Size(layers=1))
    with torch.no_grad():
        before = see(fresh.model.visual, patches)
        level_features(fresh, before)
        seen = see(fresh.model.visual, patches)
    assert float(seen.std()) == pytest.approx(1.0, abs=1e-3)
    for name, vectors in parts_of(before).items():
        torch.testing.assert_close(parts_of(seen)[name], vectors, atol=1e-4, rtol=1e-3)


def test_captions_of_any_length_become_unit_rows_that_padding_does_not_change(model, tokenizer):
    language = model.model.language_model
    start_comparing(language)
    texts = ["red", "What colour is the top? " * 30, ""]
    with torch.no_grad():
        alone = caption_vectors(language, caption_ids(tokenizer, texts[:1]))
        both = caption_vectors(language, caption_ids(tokenizer, texts))
    torch.testing.assert_close(alone[0], both[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(both.norm(dim=1), torch.ones(3))
    assert float(both[0] @ both[1]) < 0.999


def test_a_caption_is_read_in_a_dialogue_as_it_is_alone(model, tokenizer):
    language = model.model.language_model
    start_comparing(language)
    features = torch.randn(1, 2, SHAPE.tokens, WIDTH)
    features[:, 0, :, : LOOKS.start] = 0.0
    features[:, 1, :, DEEP.stop :] = 0.0
    features[:, 1, :, :PLACES] = 2.0 * torch.eye(PLACES)
    caption = "A tall person in a red top and blue trousers, with a black bag on the left shoulder."
    (encoded,) = encode(tokenizer, [Sample("X", "yesno", (0,), f"{caption} [[image:1]]", "Yes")], SHAPE.tokens)
    batch = collate([encoded], TOKEN_GRID)
    kept = []
    hook = language.layers[1].self_attn.register_forward_hook(lambda module, given, told: kept.append(told[0]))
    with torch.no_grad():
        read(model, batch, features, batch.lengths[:, None] - 1)
        alone = caption_vectors(language, caption_ids(tokenizer, [caption, "Describe."]))
    hook.remove()
    told = kept[0][torch.from_numpy(batch.kinds).bool()][:, TOLD].flatten()
    of_caption, of_another = (alone @ torch.nn.functional.normalize(told, dim=0)).tolist()
    assert of_caption > 0.9 > of_another + 0.2


def test_contrast_is_least_when_equals_agree_and_nothing_when_all_are_alone():
    labels = np.array([0, 0, 1, 1], dtype=np.int32)
    agree = torch.eye(2).repeat_interleave(2, dim=0)
    mixed = torch.eye(2).repeat(2, 1)
    assert float(contrast(agree, labels, 0.1)) < 0.01 < float(contrast(mixed, labels, 0.1))
    assert float(contrast(torch.eye(3), np.array([0, 1, 2], dtype=np.int32), 0.1)) == 0.0
