"""The hash that others publish: one picture at a time by the book, and many at once here."""

import numpy as np
import scipy.fft
from packs_toy import picture
from PIL import Image

from tasks.packs.exact_phash import exact_phashes


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
