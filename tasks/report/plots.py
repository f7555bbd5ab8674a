"""Line and bar charts as inline SVG. Colours come from the page's style sheet, so that they follow a dark room."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 34


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: a name and (x, y) points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Scale:
    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[float, float]:
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1)
        return round(_LEFT + across * width, 1), round(_TOP + (1 - up) * height, 1)


def line_chart(series: Sequence[Series], x_label: str, y_label: str, y: tuple[float, float] | None = None) -> Markup:
    """Lines with axes and a legend. `y` fixes the vertical range; without it the range covers the points."""
    points = [point for one in series for point in one.points if math.isfinite(point[1])]
    if not points:
        return Markup("")
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    scale = _Scale((min(xs), max(xs)), y or (min(0.0, min(ys)), max(ys)))
    lines = [_line(scale, number, one) for number, one in enumerate(series)]
    drawing = _FRAME.format(
        _WIDTH, _HEIGHT, y_label, x_label, Markup("").join([*_axes(scale, x_label, y_label), *lines])
    )
    legend = Markup("").join(_KEY.format(number % _COLOURS, one.name) for number, one in enumerate(series))
    return _FIGURE.format(drawing, legend)


_COLOURS = 6
_FIGURE = Markup('<figure class="chart">{}<ul class="legend">{}</ul></figure>')
_FRAME = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{} by {}">{}</svg>')
_KEY = Markup('<li class="key k{}">{}</li>')
_LINE = Markup('<polyline class="line k{}" points="{}"/>')
_PATH = Markup('<path class="{}" d="{}"/>')
_TEXT = Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>')


def _line(scale: _Scale, number: int, series: Series) -> Markup:
    spots = [scale.place(x, y) for x, y in series.points if math.isfinite(y)]
    return _LINE.format(number % _COLOURS, " ".join(f"{x},{y}" for x, y in spots))


def _axes(scale: _Scale, x_label: str, y_label: str) -> list[Markup]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = [_PATH.format("axis", f"M{_LEFT},{_TOP}V{bottom}H{right}")]
    for value in ticks(*scale.y):
        _, y = scale.place(scale.x[0], value)
        parts.append(_PATH.format("grid", f"M{_LEFT},{y}H{right}"))
        parts.append(_TEXT.format(_LEFT - 6, y + 4, "end", f"{value:g}"))
    for value in ticks(*scale.x):
        x, _ = scale.place(value, scale.y[0])
        parts.append(_TEXT.format(x, bottom + 14, "middle", f"{value:g}"))
    parts.append(_TEXT.format(right, _HEIGHT - 4, "end", x_label))
    parts.append(_TEXT.format(_LEFT + 6, _TOP + 10, "start", y_label))
    return parts


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers across a range: multiples of 1, 2 or 5 times a power of ten."""
    if high <= low:
        return [low]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]
