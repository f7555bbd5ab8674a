"""The hash that others publish: one picture at a time by the book, and many at once here."""

import numpy as np
import numpy.typing as npt
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st
from packs_toy import picture
from PIL import Image

from tasks.packs import exact_resize
from tasks.packs.exact_phash import exact_phashes
from tasks.packs.exact_resize import small

Pixels = npt.NDArray[np.uint8]


def by_the_book(image: Image.Image) -> int:
    small = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), dtype=float)
    low = scipy.fft.dct(scipy.fft.dct(small, axis=0), axis=1)[:8, :8]
    return int("".join("1" if bit else "0" for bit in (low > np.median(low)).ravel()), 2)


def test_many_pictures_have_the_hashes_they_have_one_by_one() -> None:
    sizes = [(64, 128), (64, 128), (33, 20), (128, 96), (20, 300)]
    images = [picture(seed, *sizes[seed % len(sizes)]) for seed in range(70)]
    found = exact_phashes([np.asarray(image) for image in images])
    assert found.dtype == np.uint64
    assert found.tolist() == [by_the_book(image) for image in images]


def test_a_grey_picture_is_hashed_like_its_coloured_twin_and_no_picture_gives_no_hash() -> None:
    grey = picture(3).convert("L")
    one, other = exact_phashes([np.asarray(grey), np.asarray(grey.convert("RGB"))])
    assert one == other
    assert len(exact_phashes([])) == 0


def test_a_picture_without_structure_has_its_brightness_alone() -> None:
    flat = np.full((128, 64, 3), 90, dtype=np.uint8)
    assert exact_phashes([flat]).tolist() == [1 << 63]


def one_by_one(pictures: Pixels) -> Pixels:
    """Each picture made small by Pillow."""
    size, smooth = (32, 32), Image.Resampling.LANCZOS
    return np.stack([np.asarray(Image.fromarray(one).resize(size, smooth)) for one in pictures])


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 200), seed=st.integers(0, 999), hard=st.booleans())
def test_pictures_of_any_size_are_made_small_to_the_bit_as_pillow_does_it(
    height: int, width: int, seed: int, hard: bool
) -> None:
    pictures = np.random.default_rng(seed).integers(0, 256, (4, height, width), dtype=np.uint8)
    if hard:
        pictures = np.where(pictures < 128, 0, 255).astype(np.uint8)
    assert np.array_equal(small(pictures), one_by_one(pictures))
    assert np.array_equal(small(pictures[:1]), one_by_one(pictures[:1]))


def test_the_usual_sizes_take_the_quick_way_and_large_ones_and_few_go_to_pillow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[tuple[int, ...]] = []
    quick = exact_resize._by_products
    monkeypatch.setattr(exact_resize, "_by_products", lambda p, order: taken.append(p.shape) or quick(p, order))
    for shape in ((8, 128, 64), (8, 256, 128), (3, 128, 64), (4, 400, 200)):
        pictures = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
        assert np.array_equal(small(pictures), one_by_one(pictures))
    assert {shape for shape in taken if shape[0] > 1} == {(8, 128, 64), (8, 256, 128)}


def test_a_pillow_that_smooths_in_another_way_does_the_work_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_resize, "_STEP", float(1 << 9))
    for name in ("_order", "_weights"):
        monkeypatch.setattr(exact_resize, name, getattr(exact_resize, name).__wrapped__)
    pictures = np.random.default_rng(2).integers(0, 256, (6, 99, 41), dtype=np.uint8)
    assert exact_resize._order(99, 41) is None
    assert np.array_equal(small(pictures), one_by_one(pictures))
