"""The cameras: each has its own light, colour cast, blur, noise, view, scale and backdrop.

Differences between cameras are strong in brightness and contrast and mild in hue: a colour histogram fails across
them while a person can still name the colours.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from generators.sample.draws import Draws
from schemas.keys import mix, seed_of, uniform

_DARK_SCENE = [value * 9 // 20 for value in range(256)]  # lamps beside the lens hardly reach the scene
View = Literal["front", "back", "left", "right"]
Plane = npt.NDArray[np.float32]
BACKDROP = (192, 320)  # width, height of a scene that crops are cut from
ZOOMS = (1.15, 1.4, 1.75)
SCENES = 3  # scenes of one camera
_VIEWS: tuple[View, ...] = ("front", "back", "left", "right")


@dataclass(frozen=True, slots=True)
class Camera:
    """How one camera sees: factors on the picture, ranges for crops."""

    number: int
    infrared: bool
    gain: tuple[float, float, float]
    gamma: float
    lift: float
    saturation: float
    blur: float
    noise: float
    scale: tuple[float, float]
    views: tuple[View, ...]
    light: tuple[float, float]
    shade: float
    occluded: float
    occluder: int
    quality: tuple[int, int]


@lru_cache(maxsize=256)
def draw_camera(seed: int, source: str, number: int, infrared: bool = False) -> Camera:
    """Camera `number` of a source."""
    draws = Draws(seed, source, "camera", number)
    gain = draws.number(0.9, 1.2) if infrared else _rung(seed, source, "gain", number, 0.82, 1.16)
    red = _rung(seed, source, "warmth", number, 0.95, 1.05)
    cast = (red, 1.0 + draws.bell(0.02), 2.0 - red + draws.bell(0.03))
    scale = draws.number(0.83, 0.9)
    side = draws.number(-1, 1)
    return Camera(
        number=number,
        infrared=infrared,
        gain=(gain * cast[0], gain * cast[1], gain * cast[2]),
        gamma=_rung(seed, source, "gamma", number, 0.9, 1.14),
        lift=draws.number(0, 12),
        saturation=draws.number(0.8, 1.1),
        blur=draws.number(0.1, 0.75),
        noise=draws.number(1.5, 6.0) + (2.0 if infrared else 0.0),
        scale=(scale, scale + 0.06),
        views=tuple(draws.shuffled(_VIEWS)[:3]),
        light=(side, draws.number(0.2, 0.8)),
        shade=draws.number(0.5, 1.1),
        occluded=draws.number(0.05, 0.2),
        occluder=draws.whole(3),
        quality=(88, 95) if infrared else (82, 95),
    )


def _rung(seed: int, source: str, name: str, number: int, low: float, high: float) -> float:
    """One of six even steps from low to high; cameras with neighbouring numbers always differ."""
    ladder = Draws(seed, source, "ladder", name).shuffled(range(6))
    return low + (high - low) * ladder[number % 6] / 5


@lru_cache(maxsize=256)
def backdrop(seed: int, source: str, number: int, scene: int, zoom: int, infrared: bool) -> Image.Image:
    """One of the scenes behind the persons of a camera at one of the zooms; grey and dim in infrared."""
    image = _paint_backdrop(seed, source, number, scene)
    size = (round(BACKDROP[0] * ZOOMS[zoom]), round(BACKDROP[1] * ZOOMS[zoom]))
    larger = image.resize(size, Image.Resampling.BILINEAR)
    return larger.convert("L").point(_DARK_SCENE) if infrared else larger


def _paint_backdrop(seed: int, source: str, number: int, scene: int) -> Image.Image:
    draws = Draws(seed, source, "backdrop", number, scene)
    width, height = BACKDROP
    horizon = round(height * draws.number(0.3, 0.62))
    wall, ground = _muted(draws, 120, 185), _muted(draws, 100, 160)
    image = Image.new("RGB", BACKDROP, wall)
    pen = ImageDraw.Draw(image)
    _scenery(pen, draws, width, horizon)
    pen.rectangle((0, horizon, width, height), fill=ground)
    _paving(pen, draws, width, horizon, height, ground)
    grain = np.asarray(image.filter(ImageFilter.GaussianBlur(1.2)), dtype=np.float32)
    rough = texture(3)[:height, :width, None] * draws.number(4, 10)
    fall = np.linspace(draws.number(0.85, 1.15), draws.number(0.7, 1.1), height, dtype=np.float32)[:, None, None]
    return Image.fromarray(np.clip(grain * fall + rough, 0, 255).astype(np.uint8))


def _muted(draws: Draws, low: int, high: int) -> tuple[int, int, int]:
    level, warm, green = draws.number(low, high), draws.bell(7), draws.bell(4)
    return round(level + warm), round(level + green), round(level - warm)


def _scenery(pen: ImageDraw.ImageDraw, draws: Draws, width: int, horizon: int) -> None:
    kind = draws.whole(4)
    x = -10.0
    while x < width:
        step = draws.number(14, 46)
        box = (round(x), round(horizon * draws.number(0.0, 0.35)), round(x + step * 0.75), horizon)
        if kind == 0:
            pen.rectangle(box, fill=_muted(draws, 50, 220))
        elif kind == 1:
            leaf = round(draws.number(50, 110))
            crown = (box[0] - 8, 0, box[2] + 8, round(horizon * 0.8))
            pen.rectangle((box[0] + 10, horizon // 2, box[0] + 15, horizon), fill=(70, 54, 40))
            pen.ellipse(crown, fill=(leaf - 20, leaf + 24, leaf - 26))
        elif kind == 2:
            pen.rectangle((box[0], horizon // 4, box[2], horizon * 3 // 4), fill=_muted(draws, 40, 110))
            pen.line((box[0], horizon // 2, box[2], horizon // 2), fill=(210, 210, 205), width=2)
        else:
            pen.line((box[0], 0, box[0], horizon), fill=_muted(draws, 60, 130), width=3)
        x += step


def _paving(
    pen: ImageDraw.ImageDraw, draws: Draws, width: int, horizon: int, height: int, ground: tuple[int, int, int]
) -> None:
    line = tuple(max(0, value - 22) for value in ground)
    for i in range(1, 7):
        y = round(horizon + (height - horizon) * (i / 7) ** 1.6)
        pen.line((0, y, width, y), fill=line, width=1 + i // 3)
    vanish = draws.number(-40, width + 40)
    for x in range(-120, width + 121, 48):
        pen.line((vanish, horizon - 30, x, height), fill=line, width=2)


@lru_cache(maxsize=8)
def texture(kind: int) -> Plane:
    """A fixed 512 by 512 field, mean 0 and deviation 1: 0-2 folds of cloth, 3 rough ground, 4 sensor noise."""
    words = mix(seed_of("texture", kind), np.arange(512 * 512, dtype=np.uint64))
    level = uniform(mix(words, 0)) + uniform(mix(words, 1)) + uniform(mix(words, 2))
    raw = (level * 85.0).astype(np.uint8).reshape(512, 512)
    image = Image.fromarray(raw)
    if kind < 3:
        image = image.resize((512, 1024)).rotate((24, -32, 78)[kind]).crop((0, 256, 512, 768))
        image = image.filter(ImageFilter.BoxBlur((2.0, 5.0))).filter(ImageFilter.BoxBlur(1))
    elif kind == 3:
        image = image.filter(ImageFilter.BoxBlur(1.5))
    field = np.asarray(image, dtype=np.float32)
    return np.ascontiguousarray((field - field.mean()) / field.std())
