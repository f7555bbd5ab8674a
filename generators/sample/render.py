"""One picture: a person in an outfit, seen by a camera at one moment.

>>> picture = render(Scene(7, "market1501", person=3, outfit=1, camera=2, take=5))
>>> picture.shape
(128, 64, 3)
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generators.sample import garments, heads
from generators.sample.cameras import SCENES, ZOOMS, Camera, Plane, View, backdrop, draw_camera, texture
from generators.sample.draws import Draws
from generators.sample.figure import pose
from generators.sample.pen import Pen
from generators.sample.people import WARDROBE, Wardrobe, draw_outfit, draw_person

Pixels = npt.NDArray[np.uint8]
_GREY = np.array([0.3, 0.59, 0.11], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Scene:
    """What one picture shows; equal scenes give equal pixels. Person -1 is a part of somebody, -2 nobody.

    A `plain` one is drawn at its own size, without folds, shading, blur and noise: several times faster.
    """

    seed: int
    source: str
    person: int
    outfit: int
    camera: int
    take: int
    infrared: bool = False
    width: int = 64
    height: int = 128
    wardrobe: Wardrobe = WARDROBE
    plain: bool = False

    def draws(self, purpose: str) -> Draws:
        """The random numbers of this picture for one purpose."""
        return Draws(self.seed, self.source, purpose, self.person, self.outfit, self.camera, self.take)


def view_of(scene: Scene) -> View:
    """From which side the person of a scene is seen."""
    camera = draw_camera(scene.seed, scene.source, scene.camera, scene.infrared)
    return scene.draws("view").pick(camera.views)


def render(scene: Scene) -> Pixels:
    """The pixels of a scene: height x width x 3, infrared as three equal channels."""
    camera = draw_camera(scene.seed, scene.source, scene.camera, scene.infrared)
    draws = scene.draws("shot")
    scale = 1 if scene.plain else 2
    size = (scale * scene.width, scale * scene.height)
    picture = _ground(scene, camera, draws, size)
    relief = Image.new("L", size, 0)
    _draw_person(scene, camera, draws, picture, relief)
    if scene.person >= 0 and draws.chance(camera.occluded):
        _draw_occluder(picture, relief, camera, draws)
    if scene.plain:
        return _snapped(picture, camera, draws)
    return _expose(picture.reduce(2), relief.reduce(2), camera, draws)


def _snapped(picture: Image.Image, camera: Camera, draws: Draws) -> Pixels:
    """A picture as the sensor sees it, with nothing but its tone curve."""
    exposure = draws.number(0.88, 1.12)
    gains = camera.gain if picture.mode == "RGB" else camera.gain[1:2]
    curves = [np.float32(camera.lift + 0.5) + _ramp(camera.gamma) * np.float32(gain * exposure) for gain in gains]
    toned = picture.point(np.concatenate(curves).clip(0, 255).astype(np.uint8).tolist())
    return np.asarray(toned if toned.mode == "RGB" else toned.convert("RGB"))


def _ground(scene: Scene, camera: Camera, draws: Draws, size: tuple[int, int]) -> Image.Image:
    image = backdrop(
        scene.seed, scene.source, camera.number, draws.whole(SCENES), draws.whole(len(ZOOMS)), camera.infrared
    )
    x, y = draws.whole(image.width - size[0] + 1), draws.whole(image.height - size[1] + 1)
    return image.crop((x, y, x + size[0], y + size[1]))


def _draw_person(scene: Scene, camera: Camera, draws: Draws, picture: Image.Image, relief: Image.Image) -> None:
    width, height = picture.size
    if scene.person < -1:
        return
    person = draw_person(scene.seed, scene.source, abs(scene.person))
    outfit = draw_outfit(scene.seed, scene.source, abs(scene.person), scene.outfit, scene.wardrobe)
    view = view_of(scene)
    unit = height * draws.number(*camera.scale) * (0.5 + 0.5 * person.body.height)
    unit, axis, crown = _crop_error(draws, unit, width, height, part=scene.person == -1)
    pen = Pen(picture, relief, axis, crown, unit)
    pen.mirror = -1.0 if view == "left" else 1.0
    figure = pose(person, view, draws)
    _draw_shadow(picture, pen, camera)
    garments.draw_bag_behind(pen, figure, outfit)
    heads.draw_hair_behind(pen, figure, person)
    if figure.side:
        garments.draw_arm(pen, figure, person, outfit, 0)
    garments.draw_legs(pen, figure, person, outfit)
    garments.draw_lower_trunk(pen, figure, outfit)
    if not figure.side:
        garments.draw_arm(pen, figure, person, outfit, 0)
        garments.draw_arm(pen, figure, person, outfit, 1)
    garments.draw_upper(pen, figure, person, outfit)
    heads.draw_head(pen, figure, person, outfit)
    garments.draw_bag(pen, figure, outfit)
    if figure.side:
        garments.draw_arm(pen, figure, person, outfit, 1)


def _crop_error(draws: Draws, unit: float, width: int, height: int, part: bool) -> tuple[float, float, float]:
    axis = width * (0.5 + draws.bell(0.045))
    crown = (height - unit) * (0.45 + draws.bell(0.22))
    if part:
        return (
            unit * draws.number(1.5, 2.4),
            axis + width * draws.number(-0.7, 0.7),
            crown - height * draws.number(-0.3, 1.0),
        )
    error = draws.number()
    if error < 0.06:
        return unit * 1.22, axis, (height - unit) * 0.3
    if error < 0.12:
        return unit * 0.84, axis + width * draws.number(-0.08, 0.08), crown + height * 0.07
    if error < 0.2:
        return unit, axis + width * draws.number(-0.14, 0.14), crown
    return unit, axis, crown


def _draw_shadow(picture: Image.Image, pen: Pen, camera: Camera) -> None:
    x, y = pen.place(0.05 * camera.light[0], 0.985)
    half, tall = 0.17 * pen.unit, 0.026 * pen.unit
    box = (round(x - half), round(y - tall), round(x + half) + 1, round(y + tall) + 1)
    ground = picture.crop(box)
    layer = Image.new("L", ground.size, 255)
    brush = ImageDraw.Draw(layer)
    for share, value in ((1.0, 205), (0.75, 160), (0.5, 120)):
        rx, ry = half * share, tall * share
        brush.ellipse((half - rx, tall - ry, half + rx, tall + ry), fill=value)
    shade = layer if picture.mode == "L" else Image.merge("RGB", (layer, layer, layer))
    picture.paste(ImageChops.multiply(ground, shade), box)


def _draw_occluder(picture: Image.Image, relief: Image.Image, camera: Camera, draws: Draws) -> None:
    width, height = picture.size
    level = draws.whole(120) + 40
    fill: int | tuple[int, int, int] = level if picture.mode == "L" else (level, level - 10, level - 24)
    x = draws.number(-0.1, 1.1) * width
    top = height * draws.number(0.74, 0.88)
    half = (5.0, width * 2.0, width * 0.18)[camera.occluder]
    box = (x - half, (0.0, top, top - height * 0.14)[camera.occluder], x + half, height + 10.0)
    shape = "ellipse" if camera.occluder == 2 else "rectangle"
    for target, colour in ((picture, fill), (relief, 90)):
        getattr(ImageDraw.Draw(target), shape)(box, fill=colour)


def _slide(kind: int, draws: Draws, height: int, width: int) -> Plane:
    field = texture(kind)
    y, x = draws.whole(field.shape[0] - height), draws.whole(field.shape[1] - width)
    return field[y : y + height, x : x + width]


def _shading(relief: Image.Image, camera: Camera, draws: Draws) -> Plane:
    width, height = relief.size
    solid = np.asarray(relief, dtype=np.float32)
    soft = np.asarray(relief.filter(ImageFilter.BoxBlur(2)), dtype=np.float32)
    body = solid > 60
    surface: Plane = soft + _slide(draws.whole(3), draws, height, width) * 13.0
    across = np.zeros_like(surface)
    down = np.zeros_like(surface)
    across[:, 1:-1] = surface[:, 2:] - surface[:, :-2]
    down[1:-1] = surface[2:] - surface[:-2]
    slope: Plane = (across * camera.light[0] + down * camera.light[1]) * np.float32(camera.shade / 190.0)
    crease = (solid - soft < -25).astype(np.float32) * np.float32(0.12)
    lit = np.clip(slope - crease + np.float32(1.0), 0.45, 1.5)
    return np.where(body, lit, np.float32(1.0)).astype(np.float32)


def _expose(picture: Image.Image, relief: Image.Image, camera: Camera, draws: Draws) -> Pixels:
    shade = _shading(relief, camera, draws)
    image = _develop(np.asarray(picture, dtype=np.float32), shade, camera)
    height, width = shade.shape
    channels = len(image.getbands())
    exposed = np.asarray(image).reshape(height, width, channels)
    noisy = _tone(exposed, camera, draws) + (_slide(4, draws, height, width) * np.float32(camera.noise))[:, :, None]
    final = np.clip(noisy, 0, 255).astype(np.uint8)
    return final if channels == 3 else np.repeat(final, 3, axis=2)


def _develop(light: Plane, shade: Plane, camera: Camera) -> Image.Image:
    """Shaded, desaturated and blurred, before the sensor's tone curve."""
    if light.ndim == 2:
        image = Image.fromarray(np.clip(light * shade, 0, 255).astype(np.uint8))
    else:
        lit = light * shade[:, :, None]
        grey = np.asarray(lit @ _GREY, dtype=np.float32)[:, :, None] * np.float32(1.0 - camera.saturation)
        image = Image.fromarray(np.clip(lit * np.float32(camera.saturation) + grey, 0, 255).astype(np.uint8))
    return image.filter(ImageFilter.BoxBlur(camera.blur)) if camera.blur > 0.3 else image


def _tone(exposed: Pixels, camera: Camera, draws: Draws) -> Plane:
    """The sensor's answer: gain and cast per channel, gamma, lift, and the exposure of this moment."""
    exposure = draws.number(0.88, 1.12)
    toned = np.empty(exposed.shape, dtype=np.float32)
    gains = camera.gain if exposed.shape[2] == 3 else camera.gain[1:2]
    for channel, gain in enumerate(gains):
        curve = np.float32(camera.lift + 0.5) + _ramp(camera.gamma) * np.float32(gain * exposure)
        toned[:, :, channel] = curve[exposed[:, :, channel]]
    return toned


@lru_cache(maxsize=256)
def _ramp(gamma: float) -> Plane:
    return ((np.arange(256) / 255.0) ** gamma * 255.0).astype(np.float32)
