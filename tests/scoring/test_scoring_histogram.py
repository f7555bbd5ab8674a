import io

import numpy as np
import pytest
from PIL import Image

from schemas.errors import BadTable
from tasks.scoring.colour_histogram import ColourHistogram


def person(top, bottom, form="JPEG", mode="RGB", size=(64, 128), seed=0):
    pixels = np.zeros((size[1], size[0], 3), dtype=np.int16)
    pixels[: size[1] // 2], pixels[size[1] // 2 :] = top, bottom
    pixels += np.random.default_rng(seed).integers(-12, 12, pixels.shape, dtype=np.int16)
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert(mode).save(out, form)
    return out.getvalue()


RED_BLUE, RED_GREEN = ((200, 30, 30), (30, 40, 190)), ((200, 30, 30), (30, 170, 40))


def test_people_in_the_same_colours_are_nearer_than_people_in_others():
    same = [person(*RED_BLUE, seed=seed, size=size) for seed, size in ((1, (64, 128)), (2, (50, 140)))]
    rows = ColourHistogram().embed_images([*same, person(*RED_GREEN), person(*RED_BLUE[::-1])], ["rgb"] * 4)
    assert rows.shape == (4, 256)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-6)
    likeness = rows @ rows.T
    assert likeness[0, 1] > 0.9 > likeness[0, 2] > likeness[0, 3]


def test_grey_and_png_pictures_are_described_too_and_no_picture_gives_no_row():
    rows = ColourHistogram().embed_images(
        [person(*RED_BLUE, "PNG"), person(*RED_BLUE, mode="L")], ["rgb", "near_infrared"]
    )
    assert np.isfinite(rows).all()
    assert ColourHistogram().embed_images([], []).shape == (0, 256)


def test_bytes_that_are_no_image_are_refused_in_one_sentence():
    with pytest.raises(BadTable, match="An image of 13 bytes in the version cannot be decoded"):
        ColourHistogram().embed_images([b"<html></html>"], ["rgb"])


def test_it_has_no_text_side():
    assert ColourHistogram().embed_texts(["a red coat"]) is None
