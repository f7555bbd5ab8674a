"""Pictures, tokens and batches: what reaches the model is exactly what was meant."""

import itertools

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks.training import reading
from tasks.training.augment import Augment, augment, plain
from tasks.training.collate import IGNORED, collate, positions, prompts
from tasks.training.data import Sample
from tasks.training.patches import PatchShape, cut
from tasks.training.reading import VersionPictures
from tasks.training.tokens import END, IMAGE, encode, texts_of, train_tokenizer

TEXTS = ["What colour is the top?", "dark blue", "Yes", "No", "Image 3", "Same person?", "A man in a red coat."]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, 300)


@pytest.mark.parametrize("frames", [1, 2])
def test_patches_equal_those_of_the_stock_picture_processor(frames):
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    pixels = np.random.default_rng(0).integers(0, 256, (3, 128, 64, 3), dtype=np.uint8)
    stock = Qwen2VLImageProcessorPil(
        min_pixels=8192,
        max_pixels=8192,
        patch_size=16,
        merge_size=2,
        temporal_patch_size=frames,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )(images=[Image.fromarray(picture) for picture in pixels], return_tensors="np")
    ours = cut(plain(pixels), PatchShape(frames=frames))
    assert stock["image_grid_thw"].tolist() == [list(PatchShape().grid)] * 3
    np.testing.assert_allclose(ours.reshape(-1, ours.shape[-1]), stock["pixel_values"], atol=1e-6)


def test_pictures_of_a_version_are_decoded_once_unless_they_are_too_many(monkeypatch):
    read = []

    class Version:
        def image_bytes(self, ids):
            read.extend(ids)
            return [simplejpeg.encode_jpeg(np.full((96, 48, 3), int(name), np.uint8)) for name in ids]

    def taken():
        read.clear()
        pictures = VersionPictures(Version(), ("0", "60", "120"))
        return [pictures.take(numbers)[:, 0, 0, 0].tolist() for numbers in ([2, 0, 2], [0, 1], [2])]

    kept = taken()
    np.testing.assert_allclose(np.concatenate(kept), [120, 0, 120, 0, 60, 120], atol=3)
    assert read == ["0", "120", "60"]
    monkeypatch.setattr(reading, "MOST_KEPT", 2)
    assert taken() == kept
    assert len(read) == 6


def test_augmented_pictures_depend_on_their_key_alone():
    pixels = np.random.default_rng(2).integers(0, 256, (8, 128, 64, 3), dtype=np.uint8)
    first, again = (augment(pixels, Augment(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (8, 3, 128, 64)
    assert np.abs(first).max() <= 1.0
    assert np.abs(first - augment(pixels, Augment(), np.random.default_rng(6))).max() > 0.1


def test_labels_hold_the_answer_and_its_end_and_nothing_else(tokenizer):
    samples = [
        Sample("ATTR_QA", "attr", (4,), "[[image:1]] What colour is the top?", "dark blue"),
        Sample("SAME_YN", "yesno", (7, 2), "Same person? [[image:1]] [[image:2]]", "No"),
    ]
    batch = collate(encode(tokenizer, samples, 8), (4, 2))
    said = [tokenizer.decode(row[row != IGNORED].tolist(), skip_special_tokens=False) for row in batch.labels]
    assert said == ["dark blue<|im_end|>", "No<|im_end|>"]
    assert (batch.ids[batch.labels != IGNORED] == batch.labels[batch.labels != IGNORED]).all()
    assert batch.images.tolist() == [4, 7, 2]
    assert batch.kinds.sum() == 3 * 8


def test_a_gallery_shown_out_of_order_keeps_its_pictures_with_their_markers(tokenizer):
    (encoded,) = encode(tokenizer, [Sample("X", "pick1", (10, 11), "[[image:2]] or [[image:1]]?", "Image 3")], 8)
    assert encoded.images == (11, 10)


def test_a_prompt_ends_where_its_answer_begins(tokenizer):
    encoded = encode(tokenizer, [Sample("X", "yesno", (0,), "[[image:1]] Same person?", "Yes")], 8)
    (asked,) = prompts(encoded)
    assert asked.ids[-1] == END
    assert tokenizer.decode(encoded[0].ids[len(asked.ids) :].tolist()) == "Yes"


@settings(deadline=None, max_examples=25)
@given(st.lists(st.one_of(st.integers(1, 6), st.just("image")), min_size=1, max_size=6))
def test_positions_are_those_of_the_stock_model(layout):
    import torch
    from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLModel

    image = np.concatenate([np.ones(8, bool) if part == "image" else np.zeros(part, bool) for part in layout])
    kinds = image[None].astype(np.int64)
    grid = torch.tensor([[1, 8, 4]] * layout.count("image"))

    class Shape:
        class config:
            class vision_config:
                spatial_merge_size = 2

        get_vision_position_ids = Qwen3VLModel.get_vision_position_ids

    if any(a == b == "image" for a, b in itertools.pairwise(layout)):
        return  # the stock model takes touching pictures for one; our chat format keeps them apart
    stock, _ = Qwen3VLModel.get_rope_index(
        Shape(), torch.zeros(1, len(image), dtype=torch.long), torch.from_numpy(kinds), image_grid_thw=grid
    )
    np.testing.assert_array_equal(positions(kinds.astype(bool), (4, 2)), stock.numpy())


def test_the_tokenizer_does_not_depend_on_the_order_of_texts_and_spells_every_byte():
    texts = [f"{word} {number}" for word in TEXTS for number in range(5)]
    one, other = train_tokenizer(texts, 320), train_tokenizer(reversed(texts), 320)
    assert one.to_str() == other.to_str()
    assert one.decode(one.encode("Straße 東京 \x07").ids) == "Straße 東京 \x07"


def test_texts_to_learn_from_leave_out_markers(toy_data):
    texts = texts_of(sample for rows in toy_data.stages.values() for sample in rows)
    assert not any("[[image" in text for text in texts)
    assert "Image 3" in texts


def test_an_image_token_is_one_per_merged_patch(tokenizer):
    (encoded,) = encode(tokenizer, [Sample("X", "yesno", (0,), "[[image:1]]?", "Yes")], 8)
    assert int((encoded.ids == IMAGE).sum()) == PatchShape().tokens == 8
