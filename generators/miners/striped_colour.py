"""striped_colour: people look alike when the colours of their eight horizontal stripes do. Needs no model.

Each picture is decoded at a reduced scale and laid on a grid of 64 by 32. Pixels are sorted into 26 colours (five
greys, seven hues in three depths), counted per stripe with more weight on the middle columns, smoothed between kindred
colours, and compared as square roots (Hellinger); a little of each stripe's edge strength is added, so that grey
infrared pictures differ in more than brightness. Colour by horizontal parts follows Gray and Tao (ECCV 2008).
"""

import io
import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

from schemas.errors import BadTable
from schemas.keys import code_revision
from schemas.miner import Miner, Vectors

HEIGHT, WIDTH, STRIPES = 64, 32, 8
_GREYS, _HUES, _DEPTHS = 5, 7, 3
_COLOURS = _GREYS + _HUES * _DEPTHS
_EDGE_WEIGHT = 0.25
_BATCH = 512

Pixels = npt.NDArray[np.uint8]


def revision(model: str | None) -> str:
    """A digest of this file: the encoder has no weights."""
    return code_revision(sys.modules[__name__])


def embed(encoded: Sequence[bytes], model: str | None) -> Vectors:
    """Unit rows, shape (n, 224). Raises BadTable for bytes that are no image."""
    parts = [_embed_batch(encoded[start : start + _BATCH]) for start in range(0, len(encoded), _BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, STRIPES * (_COLOURS + 2)), dtype=np.float32)


def _embed_batch(encoded: Sequence[bytes]) -> Vectors:
    pixels = np.empty((len(encoded), HEIGHT, WIDTH, 3), dtype=np.uint8)
    for at, data in enumerate(encoded):
        pixels[at] = _on_grid(_decode(data))
    colours = np.sqrt(_histograms(pixels) @ _kinship()).reshape(len(pixels), -1)
    vectors = np.concatenate([_unit(colours), _EDGE_WEIGHT * _unit(_edges(pixels))], axis=1)
    return _unit(vectors)


def _decode(data: bytes) -> Pixels:
    try:
        return np.asarray(
            simplejpeg.decode_jpeg(data, "RGB", fastdct=True, fastupsample=True, min_height=HEIGHT, min_width=WIDTH)
        )
    except ValueError:
        return _decode_slowly(data)


def _decode_slowly(data: bytes) -> Pixels:
    """PNG, BMP and the JPEG variants that the fast decoder does not know."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise BadTable(f"An image of {len(data)} bytes in the packs cannot be decoded: {error}.") from error


def _on_grid(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if (height, width) == (HEIGHT, WIDTH):
        return pixels
    rows, columns = _samples(height, HEIGHT), _samples(width, WIDTH)
    return np.asarray(pixels[rows[:, None], columns])


@cache
def _samples(have: int, want: int) -> npt.NDArray[np.intp]:
    return np.asarray((np.arange(want) + 0.5) * have / want, dtype=np.intp)


def _histograms(pixels: Pixels) -> Vectors:
    """The weight of each colour in each stripe, shape (n, stripes, colours), rows of sum one."""
    n = len(pixels)
    high = (pixels >> 3).astype(np.int32)
    colour = _table()[(high[..., 0] << 10) | (high[..., 1] << 5) | high[..., 2]]
    stripe = np.repeat(np.arange(STRIPES), HEIGHT // STRIPES)
    cell = (np.arange(n)[:, None, None] * STRIPES + stripe[:, None]) * _COLOURS + colour
    weights = np.broadcast_to(_middle(), cell.shape)
    counts = np.bincount(cell.reshape(-1), weights=weights.reshape(-1), minlength=n * STRIPES * _COLOURS)
    return np.asarray(counts.reshape(n, STRIPES, _COLOURS), dtype=np.float32)


def _edges(pixels: Pixels) -> Vectors:
    """The mean brightness step down and across of each stripe, shape (n, 2 * stripes)."""
    grey = pixels[..., 1].astype(np.int16)
    down = np.abs(np.diff(grey, axis=1, append=grey[:, -1:]))
    across = np.abs(np.diff(grey, axis=2, append=grey[:, :, -1:]))
    striped = [step.reshape(len(pixels), STRIPES, -1).mean(axis=2) for step in (down, across)]
    return np.asarray(np.concatenate(striped, axis=1), dtype=np.float32)


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)


@cache
def _middle() -> npt.NDArray[np.float64]:
    """Column weights that fall towards the sides, where the background is; they sum to one over a stripe."""
    across = (np.arange(WIDTH) + 0.5) / WIDTH - 0.5
    weights = np.exp(-0.5 * (across / 0.22) ** 2)
    return np.asarray(weights / weights.sum() / (HEIGHT // STRIPES))


@cache
def _table() -> npt.NDArray[np.int32]:
    """The colour of each 15-bit RGB value."""
    levels = (np.arange(32) + 0.5) / 32
    red, green, blue = (axis.reshape(-1) for axis in np.meshgrid(levels, levels, levels, indexing="ij"))
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = most - least
    grey = (chroma < 0.06 + 0.1 * most) | (most < 0.12)
    hue = _hue(red, green, blue, most, np.maximum(chroma, 1e-9))
    depth = np.minimum((most * _DEPTHS).astype(np.int32), _DEPTHS - 1)
    shade = np.minimum((most * _GREYS).astype(np.int32), _GREYS - 1)
    coloured = _GREYS + (np.round(hue * _HUES).astype(np.int32) % _HUES) * _DEPTHS + depth
    return np.asarray(np.where(grey, shade, coloured), dtype=np.int32)


def _hue(
    red: npt.NDArray[np.float64],
    green: npt.NDArray[np.float64],
    blue: npt.NDArray[np.float64],
    most: npt.NDArray[np.float64],
    chroma: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """The hue as a turn in [0, 1): red 0, green a third, blue two thirds."""
    on_green, on_blue = most == green, most == blue
    sixth = np.where(on_blue, 4 + (red - green) / chroma, np.where(on_green, 2 + (blue - red) / chroma, 0.0))
    sixth = np.where(~on_green & ~on_blue, ((green - blue) / chroma) % 6, sixth)
    return np.asarray(sixth / 6 % 1.0)


@cache
def _kinship() -> Vectors:
    """How much of each colour counts for each other one: neighbouring shades, depths and hues share some weight."""
    kin = np.eye(_COLOURS)
    for shade in range(_GREYS - 1):
        kin[shade, shade + 1] = kin[shade + 1, shade] = 0.4
    for hue in range(_HUES):
        for depth in range(_DEPTHS):
            here = _GREYS + hue * _DEPTHS + depth
            kin[here, _GREYS + (hue + 1) % _HUES * _DEPTHS + depth] = 0.25
            kin[here, _GREYS + (hue - 1) % _HUES * _DEPTHS + depth] = 0.25
            if depth + 1 < _DEPTHS:
                kin[here, here + 1] = kin[here + 1, here] = 0.4
    return np.asarray(kin / kin.sum(axis=1, keepdims=True), dtype=np.float32)


MINER = Miner(title="Striped colour histograms", revision=revision, embed=embed)
