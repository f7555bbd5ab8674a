"""The pen that draws every shape twice: its colour onto the picture, its height onto the relief that shading reads.

Coordinates are in body heights: x to the right of the body's axis, y down from the crown (0) to the soles (1).
"""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from generators.sample.inks import Ink

Point = tuple[float, float]


class Pen:
    """Draws materials in body coordinates on a picture and its relief, in visible light or infrared."""

    def __init__(self, picture: Image.Image, relief: Image.Image, axis: float, crown: float, unit: float) -> None:
        self._picture, self._relief = ImageDraw.Draw(picture), ImageDraw.Draw(relief)
        self._infrared = picture.mode == "L"
        self._axis, self._crown, self.unit = axis, crown, unit
        self.mirror = 1.0

    def _fill(self, ink: Ink) -> tuple[int, int, int] | int:
        return ink.infrared if self._infrared else (ink.red, ink.green, ink.blue)

    def place(self, x: float, y: float) -> Point:
        """Pixel position of a body position."""
        return self._axis + self.mirror * x * self.unit, self._crown + y * self.unit

    def shape(self, points: Sequence[Point], ink: Ink, height: int) -> None:
        """A filled polygon."""
        axis, crown, unit = self._axis, self._crown, self.unit
        across = self.mirror * unit
        pixels = [(axis + x * across, crown + y * unit) for x, y in points]
        self._picture.polygon(pixels, fill=self._fill(ink))
        self._relief.polygon(pixels, fill=height)

    def disc(self, x: float, y: float, radius_x: float, radius_y: float, ink: Ink, height: int) -> None:
        """A filled ellipse."""
        cx, cy = self.place(x, y)
        rx, ry = max(0.5, radius_x * self.unit), max(0.5, radius_y * self.unit)
        box = (cx - rx, cy - ry, cx + rx, cy + ry)
        self._picture.ellipse(box, fill=self._fill(ink))
        self._relief.ellipse(box, fill=height)

    def limb(self, points: Sequence[Point], widths: Sequence[float], ink: Ink, height: int) -> None:
        """A tapering limb through points, each with its half width; joints are rounded."""
        left: list[Point] = []
        right: list[Point] = []
        for i, ((x, y), half) in enumerate(zip(points, widths, strict=True)):
            x0, y0 = points[max(0, i - 1)]
            x1, y1 = points[min(len(points) - 1, i + 1)]
            dx, dy = x1 - x0, y1 - y0
            length = (dx * dx + dy * dy) ** 0.5 or 1.0
            left.append((x - dy / length * half, y + dx / length * half))
            right.append((x + dy / length * half, y - dx / length * half))
        self.shape([*left, *reversed(right)], ink, height)

    def mark(self, points: Sequence[Point], ink: Ink, width: float) -> None:
        """A line on the surface (a seam, a strap, a stripe): no relief of its own."""
        pixels = [self.place(x, y) for x, y in points]
        self._picture.line(pixels, fill=self._fill(ink), width=max(1, round(width * self.unit)))

    def patch(self, points: Sequence[Point], ink: Ink) -> None:
        """A filled polygon on the surface: no relief of its own."""
        self._picture.polygon([self.place(x, y) for x, y in points], fill=self._fill(ink))
