"""Mining: exact neighbours of other persons, and encoders that see clothes."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generators.mining import SCALE, nearest, whole
from schemas.discovery import find, names
from schemas.errors import BadRecipe, BadTable, UnknownName
from schemas.miner import Miner


def vectors(n: int, d: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def sorted_in_full(rows: np.ndarray, persons: np.ndarray, top_k: int) -> np.ndarray:
    """What argsort finds: by similarity, ties by row number, own person left out."""
    product = whole(rows).astype(np.int64) @ whole(rows).astype(np.int64).T
    found = np.full((len(rows), top_k), -1)
    for row in range(len(rows)):
        others = np.flatnonzero(persons != persons[row])
        best = others[np.argsort(-product[row, others], kind="stable")][:top_k]
        found[row, : len(best)] = best
    return found


@given(n=st.integers(1, 90), persons=st.integers(1, 9), top_k=st.integers(1, 30), seed=st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_neighbours_are_those_of_a_full_sort_ties_included(n: int, persons: int, top_k: int, seed: int):
    rows = np.round(vectors(n, 3, seed) * 2) / 2  # coarse values, so that many similarities are equal
    who = np.random.default_rng(seed).integers(0, persons, n)
    near, distance = nearest(rows.astype(np.float32), who, top_k, block=16)
    assert near.tolist() == sorted_in_full(rows.astype(np.float32), who, top_k).tolist()
    assert (np.isnan(distance) == (near < 0)).all()


def test_blocks_of_any_size_give_the_same_bytes():
    rows, who = vectors(300, 64, 1), np.arange(300) % 40
    one = nearest(rows, who, 10, block=7)
    other = nearest(rows, who, 10, block=300)
    assert one[0].tobytes() == other[0].tobytes()
    assert one[1].tobytes() == other[1].tobytes()


def test_equal_pictures_are_at_distance_0_and_opposite_ones_at_2_although_rows_are_rounded():
    rows = vectors(60, 16, 3)
    lengths = (whole(rows) ** 2).sum(axis=1)
    assert lengths.max() > SCALE**2
    _, distance = nearest(np.concatenate([rows, rows, -rows]), np.arange(180), 179)
    assert distance.min() == 0
    assert distance.max() == 2


def test_rounding_keeps_every_sum_a_whole_number_that_float32_holds():
    rounded = whole(vectors(50, 768, 2))
    assert np.array_equal(rounded, np.rint(rounded))
    assert (rounded**2).sum(axis=1).max() < 2**24
    assert abs((rounded**2).sum(axis=1) / SCALE**2 - 1).max() < 0.01


def picture(
    top: tuple[int, int, int], legs: tuple[int, int, int], size: tuple[int, int] = (64, 128), kind: str = "JPEG"
):
    drawn = Image.new("RGB", size, (120, 120, 120))
    width, height = size
    drawn.paste(top, (width // 4, height // 4, 3 * width // 4, height // 2))
    drawn.paste(legs, (width // 4, height // 2, 3 * width // 4, height - 4))
    held = io.BytesIO()
    drawn.save(held, kind)
    return held.getvalue()


RED, BLUE, GREEN, BLACK = (200, 30, 30), (30, 30, 200), (30, 160, 40), (15, 15, 15)


def test_there_are_two_miners_and_an_unknown_one_is_answered_with_their_names():
    assert names("generators.miners") == ["striped_colour", "transformers_vision"]
    with pytest.raises(UnknownName, match="striped_colour"):
        find("generators.miners", "MINER", "striped_color")


def test_striped_colour_finds_the_same_clothes_before_the_same_colours_elsewhere():
    miner: Miner = find("generators.miners", "MINER", "striped_colour")
    seen = miner.embed([picture(RED, BLUE), picture((190, 40, 35), (40, 35, 190)), picture(BLUE, RED)], None)
    assert seen.shape == (3, 224)
    assert seen.dtype == np.float32
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    assert seen[0] @ seen[1] > seen[0] @ seen[2] + 0.1


def test_striped_colour_sees_the_same_person_in_any_size_and_format():
    miner: Miner = find("generators.miners", "MINER", "striped_colour")
    sizes = [(64, 128), (50, 120), (128, 384), (20, 50)]
    seen = miner.embed([picture(GREEN, BLACK, size, kind) for size in sizes for kind in ("JPEG", "PNG", "BMP")], None)
    assert (seen @ seen.T).min() > 0.85


def test_grey_pictures_differ_too():
    miner: Miner = find("generators.miners", "MINER", "striped_colour")
    light, dark = picture((200, 200, 200), (90, 90, 90)), picture((60, 60, 60), (20, 20, 20))
    seen = miner.embed([light, light, dark], None)
    assert seen[0] @ seen[1] > 0.999
    assert seen[0] @ seen[2] < 0.9


def test_no_pictures_give_no_rows_and_damaged_bytes_are_named():
    miner: Miner = find("generators.miners", "MINER", "striped_colour")
    assert miner.embed([], None).shape == (0, 224)
    with pytest.raises(BadTable, match="7 bytes"):
        miner.embed([b"nothing"], None)


@pytest.mark.parametrize("model", [None, "no/such/folder"])
def test_a_model_miner_without_a_model_folder_says_what_it_needs(model: str | None):
    miner: Miner = find("generators.miners", "MINER", "transformers_vision")
    with pytest.raises(BadRecipe, match=r"needs mine\.model, a local folder"):
        miner.revision(model)


def test_a_model_folder_without_safetensors_is_refused(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    miner: Miner = find("generators.miners", "MINER", "transformers_vision")
    with pytest.raises(BadRecipe, match=r"no \.safetensors weights"):
        miner.embed([picture(RED, BLUE)], str(tmp_path))


@pytest.mark.slow
def test_a_local_vision_model_gives_unit_rows_and_a_revision_of_its_files(tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.ViTConfig(**shape, image_size=32, patch_size=16)
    transformers.ViTModel(config).save_pretrained(tmp_path)
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    miner: Miner = find("generators.miners", "MINER", "transformers_vision")
    seen = miner.embed([picture(RED, BLUE), picture(GREEN, BLACK, (50, 120))], str(tmp_path))
    assert seen.shape == (2, 16)
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    before = miner.revision(str(tmp_path))
    (tmp_path / "config.json").write_text((tmp_path / "config.json").read_text() + "\n")
    assert miner.revision(str(tmp_path)) != before
